import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addDevice, fits, openMailed, PASSWORD, PIN, register, shot, World } from "./world.mjs";

let world;
before(async () => (world = await World.start()));
after(async () => {
  await world?.stop();
  await world?.forget();
});

const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
function fromBase32(text) {
  let bits = "";
  for (const letter of text) {
    bits += base32.indexOf(letter).toString(2).padStart(5, "0");
  }
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

// Every form in which S could be written down.
const writtenDown = (s) => [
  s, ...[s.toString("hex"), s.toString("base64"), s.toString("base64url")].flatMap((text) => [text, text.toUpperCase()]),
].map((form) => Buffer.from(form));

test("the page that chooses a PIN: guessable ones refused, typed twice, by keyboard alone, in a phone-sized window", async () => {
  const page = await world.phoneBrowser();
  await register(world, page, "small@example.eu");
  await addDevice(world, page, "Small");
  const typed = async (first, second) => {
    await page.keyboard.type(first);
    await page.keyboard.press("Tab");
    await page.keyboard.type(second);
    await page.keyboard.press("Enter");
  };
  const alert = page.getByRole("alert");
  for (const [first, second, reason] of [
    ["1234", "1234", "Digits in a row"],
    ["2412", "2412", "birthday"],
    ["1987", "1987", "year"],
    ["7777", "7777", "Four equal"],
    ["2580", "2580", "Many people choose"],
    [PIN, "4828", "not the same"],
  ]) {
    await typed(first, second);
    await alert.filter({ hasText: reason }).waitFor();
    const pin = page.getByLabel("New PIN, four digits");
    assert.equal(await pin.inputValue(), "");
    assert.equal(await pin.getAttribute("aria-invalid"), "true");
    assert.match(await pin.evaluate((field) => document.getElementById(field.getAttribute("aria-describedby").split(" ")[0]).textContent), new RegExp(reason, "i"));
    assert.match(await page.title(), /^Error: /);
  }
  assert.ok(await fits(page));
  await shot(page, "pin-phone-refused");
  await typed(PIN, PIN);
  await page.getByRole("img", { name: "QR code for the app" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "drawn-title");
  assert.doesNotMatch(await page.title(), /^Error/);
  assert.ok(await fits(page));
  await shot(page, "pin-phone-code");
  assert.deepEqual(world.problems, []);
});

test("the script that draws QR codes is loaded by the page that draws one, and by no other", async () => {
  const page = await world.browser();
  const loaded = [];
  page.on("response", async (response) => loaded.push(new URL(response.url()).pathname.split("/").pop()));
  const scripts = () => loaded.filter((name) => /^(pin\.js|qrcode\.mjs|guessable-pins\.json|work\.js)$/.test(name));
  for (const address of ["/sign-in", "/stop", "/privacy", "/password/forgotten"]) await page.goto(address, { waitUntil: "networkidle" });
  assert.deepEqual(scripts(), []);
  await register(world, page, "lean@example.eu");
  loaded.length = 0;
  for (const address of ["/account", "/account/devices", "/account/transactions/other", "/account/history", "/account/person"]) {
    await page.goto(address, { waitUntil: "networkidle" });
  }
  assert.deepEqual(scripts(), []);
  await addDevice(world, page, "Lean");
  await page.waitForLoadState("networkidle");
  assert.deepEqual(scripts().sort(), ["pin.js", "qrcode.mjs"]);
  loaded.length = 0;
  await page.locator("form[action$='/phone'] button").click();
  await page.locator("figure svg").waitFor();
  await page.waitForLoadState("networkidle");
  assert.deepEqual(scripts(), []);
});

test("without JavaScript the PIN is chosen on the phone", async () => {
  const page = await world.browser({ javaScriptEnabled: false });
  await register(world, page, "plain@example.eu");
  await addDevice(world, page, "Plain");
  const text = await page.locator("main").innerText();
  assert.match(text, /Choose a PIN on the phone/);
  assert.equal(await page.getByLabel("New PIN, four digits").count(), 0);
  const picture = await shot(page, "no-script-code");
  const decoded = JSON.parse(await world.countersign("plain", ["decode", "--json", picture]));
  assert.doesNotMatch(JSON.stringify(decoded), /#/);

  // A script that the page counted on and that does not run: the page says so and offers the phone.
  await page.goto("/account/devices");
  const form = page.locator("form[action='/account/devices/add']");
  const csrf = await form.locator("input[name=csrf]").getAttribute("value");
  const wanted = { csrf, name: "Plain", pin: "browser", password: PASSWORD };
  const made = await page.request.post("/account/devices/add", { form: wanted });
  assert.match(made.url(), /\/account\/confirm$/);
  await openMailed(world, page, "/account/confirm/");
  await page.getByRole("button", { name: "Go on" }).click();
  assert.match(await page.locator("main").innerText(), /Without it, choose the PIN on the phone/);
  await shot(page, "no-script-notice");
  await page.getByRole("button", { name: "Choose the PIN on the phone" }).click();
  assert.match(await page.locator("main").innerText(), /Choose a PIN on the phone/);
});

test("what opens an enrolment's link in a browser loses S from the address", async () => {
  const page = await world.browser();
  await page.goto(`/Q/ABC#${"A".repeat(26)}`);
  await page.waitForFunction(() => location.hash === "");
  assert.equal(page.url(), `${world.origin}/Q/ABC`);
  const button = page.getByRole("link", { name: "Open the app" });
  assert.equal(await button.getAttribute("href"), `${world.origin}/Q/ABC#${"A".repeat(26)}`, "which the button goes on with");
});

test("a phone is added with the PIN from the page, and the service sees neither S nor the PIN", async () => {
  const page = await world.browser();
  await register(world, page, "anna@example.eu");
  await addDevice(world, page, "My phone");
  await page.getByLabel("New PIN, four digits").fill(PIN);
  await page.getByLabel("The same PIN again").fill(PIN);
  await shot(page, "pin-form");
  await page.getByRole("button", { name: "Show the QR code" }).click();
  await page.getByRole("img", { name: "QR code for the app" }).waitFor();
  const picture = await shot(page, "pin-code");
  const decoded = await world.countersign("anna", ["decode", "--json", picture]);
  const [, fragment] = decoded.match(/#([A-Z2-7]{26})/);
  const s = fromBase32(fragment);
  assert.equal(s.length, 16);

  const where = await page.evaluate(async () => ({
    address: location.href,
    history: JSON.stringify(history.state),
    local: { ...localStorage },
    session: { ...sessionStorage },
    databases: (await indexedDB.databases()).length,
    inputs: [...document.querySelectorAll("input[type=password]")].map((input) => input.value).join(""),
    text: document.documentElement.outerHTML,
  }));
  assert.ok(!where.address.includes("#"));
  assert.deepEqual([where.local, where.session, where.databases, where.inputs], [{}, {}, 0, ""]);
  assert.ok(!where.text.includes(fragment), "S is in the page as a picture only");

  const said = await world.countersign("anna", ["init", picture, "--pin-stdin"], `${PIN}\n`);
  assert.match(said, /initialised for/);
  await page.waitForURL("**/account/devices");
  assert.match(await page.locator("main").innerText(), /My phone[\s\S]*in use/);
  await shot(page, "pin-done");
  assert.deepEqual(world.problems, []);

  await world.stop();
  const sent = world.recorder.sent();
  const stored = await world.stored();
  // The recorder and the disk are looked at in the right place:
  assert.ok(sent.includes("POST /account/enrolments/") && sent.includes("POST /api/v1/claim"));
  assert.ok(sent.includes("&v=") && stored.includes("anna@example.eu"));
  for (const form of [...writtenDown(s), Buffer.from(fragment), Buffer.from(fragment.toLowerCase())]) {
    assert.ok(!sent.includes(form) && !stored.includes(form), `S as ${form}`);
  }
  // Four digits may stand by chance in a random number, or in the port: those are taken out first.
  const rest = sent.toString("latin1").replaceAll(String(world.recorder.port), "").replace(/[0-9a-f]{16,}/g, "");
  assert.ok(!rest.includes(PIN) && !stored.includes(PIN));
});
