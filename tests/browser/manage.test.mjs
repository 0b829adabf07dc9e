import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { enrol, fits, PASSWORD, PIN, register, shot, World } from "./world.mjs";

const WRONG_PIN = "9374";
const EMAIL = "anna@example.eu";

let world;
before(async () => (world = await World.start()));
after(async () => {
  await world?.stop();
  await world?.forget();
});

const text = (page) => page.locator("main").innerText();

// The page as it is on a desktop and on a phone: nothing sticks out.
async function look(page, name) {
  await shot(page, name);
  await page.setViewportSize({ width: 360, height: 740 });
  assert.ok(await fits(page), `${name} is wider than a phone`);
  await shot(page, `${name}-phone`);
  await page.setViewportSize({ width: 1280, height: 720 });
}

async function signIn(page, means = "App PIN") {
  await page.goto("/sign-in");
  await page.getByLabel("E-mail address", { exact: true }).fill(EMAIL);
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("radio", { name: means }).check();
  await page.getByRole("button", { name: "Next" }).click();
}

// The phone answers what the page waits for.
async function answer(page, pin) {
  const number = (await page.locator("#number").innerText()).trim();
  return world.countersign("phone", ["approve", "--number", number, "--pin-stdin"], `${pin}\n`);
}

test("a device is renamed, and the history is read and exported", async () => {
  const page = await world.browser();
  await register(world, page, EMAIL);
  await enrol(world, page, "phone", "manage-code");
  await look(page, "manage-devices");
  await page.locator("summary", { hasText: "Manage" }).click();
  await page.getByLabel("New name").evaluate((field) => field.removeAttribute("maxlength"));
  await page.getByLabel("New name").fill("A phone with a name of more than forty bytes");
  await page.getByRole("button", { name: "Rename" }).click();
  await page.locator("#problems a").click();
  const name = page.getByLabel("New name");
  assert.equal(await name.getAttribute("aria-invalid"), "true");
  assert.ok(await name.evaluate((field) => field === document.activeElement), "the summary does not lead to the field");
  assert.equal(await name.inputValue(), "A phone with a name of more than forty bytes");
  await look(page, "manage-rename-refused");
  // Chromium notes the status of the page that refuses it.
  assert.match(world.problems.splice(0).join(), /^[^,]* status of 400 [^,]*$/);
  await page.getByLabel("New name").fill("A phone with quite a long name of its own");
  await page.getByLabel("New name").fill("Phone for work, the one with the crack");
  await look(page, "manage-rename");
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByRole("heading", { name: "Phone for work, the one with the crack" }).waitFor();
  await look(page, "manage-renamed");

  await page.goto("/account");
  assert.match(await text(page), /Device renamed: My phone → Phone for work/);
  await look(page, "manage-account");
  await page.getByRole("link", { name: "Whole history" }).click();
  await page.waitForURL("**/account/history");
  await look(page, "manage-history");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "CSV" }).click()]);
  assert.equal(download.suggestedFilename(), "history.csv");
  const table = await readFile(await download.path(), "utf8");
  assert.match(table, /^time,event,by,place,text\r\n[^\r]+Z,device-renamed,"chrome\/linux","","Device renamed: My phone → Phone for work/);
  await page.getByText("My account", { exact: true }).first().click();
  await page.getByRole("button", { name: "Sign out" }).click();
  assert.deepEqual(world.problems, []);
});

test("a blocked device: the page says what it means, and the way on is a recovery", async () => {
  const page = await world.browser();
  await signIn(page, "Password alone");
  await page.waitForURL("**/sign-in/method");
  await look(page, "manage-method");
  await page.getByRole("button", { name: "App PIN" }).click();
  await page.waitForURL("**/challenge/*");
  await look(page, "manage-waiting");
  for (let tries = 0; tries < 5; tries++) {
    await answer(page, WRONG_PIN).catch((error) => assert.match(String(error), /approve: 3/));
  }
  await signIn(page);
  await page.waitForURL("**/sign-in/method");
  await look(page, "manage-blocked-method");
  await page.getByRole("link", { name: "I have no device left that works" }).click();
  await page.waitForURL("**/recovery");
  await look(page, "manage-recovery");
  await page.getByRole("button", { name: "Begin the recovery" }).click();
  await page.getByText("is under way").waitFor();
  await look(page, "manage-recovery-under-way");
  assert.deepEqual(world.problems, []);
});

test("STOP says first what it does, and then what is next", async () => {
  const page = await world.browser();
  await page.goto("/stop");
  await look(page, "manage-stop");
  await page.getByLabel("E-mail address", { exact: true }).fill(EMAIL);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("Type the word").fill("stop");
  await page.getByRole("button", { name: "Delete all my devices now" }).click();
  await page.waitForURL("**/stop/done");
  await look(page, "manage-stopped");
  await signIn(page);
  await page.waitForURL("**/recovery");
  assert.match(await text(page), /under way/);
  assert.deepEqual(world.problems, []);
});
