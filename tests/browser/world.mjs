// The real service behind a recorder, the real command line as the phone, and Chromium.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium } from "playwright-core";
import { heard } from "./listen.mjs";

export const PASSWORD = "Correct-horse7";
export const PIN = "4829";
export const SHOTS = new URL("./shots/", import.meta.url).pathname;
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36";
const PHONE = { viewport: { width: 360, height: 740 }, userAgent: ANDROID, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

// Passes every byte on, and keeps those that go to the service: nothing reaches it but through here.
async function recorder(port) {
  const sent = [];
  const sockets = new Set();
  const server = net.createServer((client) => {
    const service = net.connect(port, "127.0.0.1");
    for (const socket of [client, service]) {
      sockets.add(socket);
      socket.on("error", () => [client, service].forEach((other) => other.destroy()));
      socket.on("close", () => sockets.delete(socket));
    }
    client.on("data", (bytes) => sent.push(bytes));
    client.pipe(service).pipe(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    server.close();
    sockets.forEach((socket) => socket.destroy());
  };
  return { port: server.address().port, sent: () => Buffer.concat(sent), close };
}

// Takes the service's mail by SMTP, and writes each message to a file: aiosmtpd, which is not ours.
async function mailbox(folder) {
  const sink = new URL("../mail/sink.py", import.meta.url).pathname;
  const program = spawn(process.env.COUNTERSIGN_MAIL_PYTHON, [sink, folder], { stdio: ["pipe", "pipe", "inherit"] });
  const [port] = await Promise.race([
    once(program.stdout, "data"),
    once(program, "exit").then(([code]) => Promise.reject(new Error(`the mailbox ended: ${code}`))),
  ]);
  return { port: Number(port), close: () => program.stdin.end() };
}

export class World {
  // `more` are further arguments of the service, `clients` the services that sign people in there.
  static async start(more = [], clients = "") {
    const world = new World();
    world.folder = await mkdtemp(path.join(os.tmpdir(), "countersign-browser-"));
    await mkdir(SHOTS, { recursive: true });
    // Where there is no Python for the mailbox, the service leaves its mail in files.
    const bySmtp = Boolean(process.env.COUNTERSIGN_MAIL_PYTHON);
    world.mail = path.join(world.folder, bySmtp ? "mail" : "service/outbox");
    world.mailbox = bySmtp ? await mailbox(world.mail) : null;
    const port = await freePort();
    world.recorder = await recorder(port);
    world.origin = `http://127.0.0.1:${world.recorder.port}`;
    const args = ["--listen", `127.0.0.1:${port}`, "--data", path.join(world.folder, "service"), "--origin", world.origin, "--name", "Example",
      "--large-network", "127.0.0.0/8=1000", ...more];
    if (clients) {
      const file = path.join(world.folder, "clients.toml");
      await writeFile(file, clients, { mode: 0o644 });
      args.push("--clients", file);
    }
    if (world.mailbox) {
      args.push("--smtp", `smtp://127.0.0.1:${world.mailbox.port}`, "--smtp-tls", "none");
    }
    world.service = spawn(process.env.COUNTERSIGN_SERVICE, args, { stdio: ["ignore", "ignore", "pipe"] });
    world.log = "";
    world.service.stderr.on("data", (text) => (world.log += text));
    await world.#answers();
    world.chromium = await chromium.launch({ executablePath: process.env.CHROMIUM, headless: true, args: FLAGS });
    world.problems = [];
    world.opened = new Set();
    return world;
  }

  async #answers() {
    for (let tries = 0; tries < 600 && this.service.exitCode === null; tries++) {
      try {
        await fetch(`${this.origin}/.well-known/countersign`);
        return;
      } catch {
        await sleep(100);
      }
    }
    throw new Error(`the service did not start:\n${this.log}`);
  }

  // A browser of its own: new cookies, and every problem that its console tells is a failure.
  async browser(options = {}) {
    const context = await this.chromium.newContext({ baseURL: this.origin, ...options });
    context.setDefaultTimeout(20_000);
    const page = await context.newPage();
    page.on("console", (message) => message.type() === "error" && this.problems.push(message.text()));
    page.on("pageerror", (error) => this.problems.push(String(error)));
    page.on("request", (request) => request.url().startsWith(this.origin) || this.problems.push(`another site: ${request.url()}`));
    return page;
  }

  phoneBrowser(options = {}) {
    return this.browser({ ...PHONE, ...options });
  }

  // The program `countersign` with a phone's folder: its standard output. A busy machine may leave it no time for a picture.
  async countersign(phone, args, input = "") {
    for (let tries = 0; ; tries++) {
      try {
        return await this.#countersign(phone, args, input);
      } catch (error) {
        if (tries === 9 || !String(error).includes("when this device is less busy")) throw error;
        await sleep(1000);
      }
    }
  }

  #countersign(phone, args, input) {
    return new Promise((resolve, reject) => {
      const data = path.join(this.folder, phone);
      const child = execFile(process.env.COUNTERSIGN, ["--data", data, ...args], { timeout: 60_000 }, (error, stdout, stderr) =>
        error ? reject(new Error(`countersign ${args[0]}: ${error.code}\n${stdout}${stderr}`)) : resolve(stdout));
      child.stdin.on("error", () => {});
      child.stdin.end(input);
    });
  }

  // The service's own program, on its data: what an administrator does.
  administer(args) {
    const data = path.join(this.folder, "service");
    return new Promise((resolve, reject) => {
      execFile(process.env.COUNTERSIGN_SERVICE, [...args, "--data", data], { timeout: 60_000 }, (error, stdout, stderr) =>
        error ? reject(new Error(`${args.join(" ")}: ${error.code}\n${stdout}${stderr}`)) : resolve(stdout));
    });
  }

  // A command of the phone's, given as soon as it has printed this: what it found, and the end of the program.
  async printed(phone, args, input, wanted) {
    const child = spawn(process.env.COUNTERSIGN, ["--data", path.join(this.folder, phone), ...args]);
    const ended = once(child, "exit").then(([code]) => code);
    child.stdin.end(input);
    let text = "";
    const found = await new Promise((resolve, reject) => {
      const read = (part) => {
        text += part;
        const match = wanted.exec(text);
        if (match) resolve(match);
      };
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      ended.then(() => reject(new Error(`countersign ${args[0]} ended:\n${text}`)));
    });
    return { found, ended };
  }

  async stop() {
    if (this.stopped) {
      return;
    }
    this.stopped = true;
    await this.chromium.close();
    this.service.kill("SIGTERM");
    await once(this.service, "exit");
    this.recorder.close();
    this.mailbox?.close();
  }

  async forget() {
    await rm(this.folder, { recursive: true, force: true });
  }

  // Every byte that the service has written, once it has stopped.
  async stored() {
    const folder = path.join(this.folder, "service");
    const names = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile());
    return Buffer.concat(await Promise.all(files.map((entry) => readFile(path.join(entry.parentPath ?? entry.path, entry.name)))));
  }
}

export async function shot(page, name) {
  const file = path.join(SHOTS, `${name}.png`);
  await writeFile(file, await page.screenshot({ fullPage: true }));
  return file;
}

// The newest mailed link below this path that was not given before, to this address if one is named.
export async function mailed(world, below, to = "") {
  for (let tries = 0; tries < 300; tries++) {
    const names = (await readdir(world.mail).catch(() => [])).filter((name) => name.endsWith(".eml"));
    for (const name of names.sort().reverse()) {
      const text = await readFile(path.join(world.mail, name), "utf8");
      const lines = text.split("\r\n");
      const link = lines.find((line) => line.startsWith(world.origin + below));
      const theirs = lines.some((line) => line.startsWith("To: ") && line.includes(to));
      if (link && theirs && !world.opened.has(link)) {
        world.opened.add(link);
        return link;
      }
    }
    await sleep(100);
  }
  throw new Error(`no message with ${below}`);
}

export async function openMailed(world, page, below, to) {
  await page.goto(await mailed(world, below, to));
}

// What the form of registration is filled in with.
export async function fillIn(page, email) {
  await page.goto("/register");
  await page.getByLabel("First name").fill("Anna");
  await page.getByLabel("Surname").fill("Ozola");
  await page.getByLabel("E-mail address", { exact: true }).fill(email);
  await page.getByLabel("E-mail address again").fill(email);
  await page.getByRole("checkbox").check();
}

// The six digits that the form has as sound.
export async function listen(page) {
  const lang = await page.locator("html").getAttribute("lang");
  const recorded = (digit) => readFile(new URL(`../../core/service/sounds/${lang}/${digit}.wav`, import.meta.url));
  const wav = await page.request.get(await page.locator("audio").getAttribute("src"), { headers: { "Accept-Language": lang } });
  return heard(await wav.body(), await Promise.all([...Array(10).keys()].map(recorded)));
}

// Sends the form with the digits that are heard. Not every word is understood; a person would listen again.
export async function typeDigits(page) {
  for (let tries = 0; tries < 12 && !page.url().includes("/register/sent/"); tries++) {
    await page.locator("#digits").fill(await listen(page));
    await page.locator("#register button:not([formaction])").last().click();
    await page.waitForLoadState();
  }
}

export async function register(world, page, email) {
  await fillIn(page, email);
  // Without script there is no silent work.
  if (await page.locator("#digits").isVisible()) {
    const before = world.problems.length;
    await typeDigits(page);
    // Digits that were misheard are refused, which the console tells.
    const since = world.problems.splice(before);
    world.problems.push(...since.filter((problem) => !problem.includes("status of 400")));
  } else {
    await page.getByRole("button", { name: "Create an account" }).click();
  }
  await page.getByRole("heading", { name: "Look at your mail" }).waitFor();
  await openMailed(world, page, "/register/", email);
  await choosePassword(page);
  await page.getByRole("link", { name: "Proceed" }).click();
  await page.waitForURL("**/account");
}

export async function choosePassword(page) {
  await page.getByLabel("New password").fill(PASSWORD);
  await page.getByLabel("The same password again").fill(PASSWORD);
  await page.getByRole("button", { name: "Submit" }).click();
  await page.waitForURL("**/register/done");
}

// The first device: the password, and a link that comes by mail.
export async function addDevice(world, page, name) {
  await page.goto("/account/devices");
  await page.getByLabel("Name of the device").fill(name);
  const password = page.getByLabel("Password", { exact: true });
  const first = (await password.count()) > 0;
  if (first) {
    await password.fill(PASSWORD);
  }
  await page.getByRole("button", { name: "Add a mobile device" }).click();
  if (first) {
    await page.waitForURL("**/account/confirm");
    await openMailed(world, page, "/account/confirm/");
    await page.getByRole("button", { name: "Go on" }).click();
  }
  await page.waitForURL("**/account/enrolments/*");
}

// Nothing is wider than the window.
export function fits(page) {
  return page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
}

// A phone that was added through the page, with the PIN on the page.
export async function enrol(world, page, phone, pictureName) {
  await addDevice(world, page, "My phone");
  await page.getByLabel("New PIN, four digits").fill(PIN);
  await page.getByLabel("The same PIN again").fill(PIN);
  await page.getByRole("button", { name: "Show the QR code" }).click();
  await page.getByRole("img", { name: "QR code for the app" }).waitFor();
  const picture = await shot(page, pictureName);
  await world.countersign(phone, ["init", picture, "--pin-stdin"], `${PIN}\n`);
  await page.waitForURL("**/account/devices");
}
