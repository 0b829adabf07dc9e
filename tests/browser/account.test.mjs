// My account in Chromium: sessions of two browsers, whose they are in the history, the export by approval, and the
// deletion, cancelled by a link in another browser and by a sign-in, and done when its time has come.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { enrol, fits, openMailed, PASSWORD, PIN, register, shot, World } from "./world.mjs";

const EMAIL = "anna@example.eu";
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

let world;
let page;
before(async () => {
  world = await World.start();
  page = await world.browser();
  await register(world, page, EMAIL);
  await enrol(world, page, "phone", "account-code");
});
after(async () => {
  await world?.stop();
  await world?.forget();
});

const text = (page) => page.locator("main").innerText();

// The page as it is on a desktop and on a phone: nothing sticks out.
async function look(page, name) {
  await shot(page, name);
  await page.setViewportSize({ width: 320, height: 740 });
  assert.ok(await fits(page), `${name} is wider than a phone`);
  await shot(page, `${name}-phone`);
  await page.setViewportSize({ width: 1280, height: 720 });
}

// The phone approves what the page waits for.
async function approve(page) {
  const number = (await page.locator("#number").innerText()).trim();
  return world.countersign("phone", ["approve", "--number", number, "--pin-stdin"], `${PIN}\n`);
}

async function signIn(page) {
  await page.goto("/sign-in");
  await page.getByLabel("E-mail address", { exact: true }).fill(EMAIL);
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("radio", { name: "App PIN" }).check();
  await page.getByRole("button", { name: "Next" }).click();
  await page.waitForURL("**/challenge/*");
  await approve(page);
  await page.waitForURL("**/account");
}

test("b17_sessions_of_two_browsers_are_seen_and_ended", async () => {
  const other = await world.browser({ userAgent: FIREFOX });
  await signIn(other);
  await page.goto("/account");
  await look(page, "account-overview");
  await page.locator("main a[href='/account/sessions']").click();
  await page.waitForURL("**/account/sessions");
  await look(page, "account-sessions");
  assert.match(await page.locator("#own").innerText(), /Chrome on Linux\s+This browser/);
  await page.locator("section", { hasText: "Firefox on Linux" }).getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("status").filter({ hasText: "The browser is signed out." }).waitFor();
  assert.doesNotMatch(await text(page), /Firefox/);
  await other.goto("/account");
  await other.waitForURL("**/sign-in");

  await signIn(other);
  await page.goto("/account/sessions");
  await page.getByRole("button", { name: "Sign out all other browsers" }).click();
  await page.getByRole("status").filter({ hasText: "All other browsers are signed out." }).waitFor();
  await look(page, "account-sessions-ended");
  await other.goto("/account");
  await other.waitForURL("**/sign-in");
  await page.goto("/account/history");
  const history = await text(page);
  assert.match(history, /Browser signed out: Firefox on Linux\s+Chrome on Linux/);
  assert.match(history, /Signed in: [^\n]+\s+Firefox on Linux/);
  await look(page, "account-history");
  assert.deepEqual(world.problems, []);
});

test("b17_personal_data_are_changed", async () => {
  await page.goto("/account/person");
  await page.getByLabel("First name").fill("Ānna Marija");
  await page.getByRole("button", { name: "Save the name" }).click();
  await page.getByRole("status").filter({ hasText: "The name is saved." }).waitFor();
  await look(page, "account-person");
  await page.locator("#language").selectOption("lv");
  await page.getByRole("button", { name: "Save the language" }).click();
  // Nothing was chosen in this browser, so its pages follow the account.
  await page.getByRole("status").filter({ hasText: "Turpmāk rakstīsim jums šajā valodā." }).waitFor();
  await look(page, "account-person-lv");
  await page.locator("#language").selectOption("en");
  await page.getByRole("button", { name: "Saglabāt valodu" }).click();
  await page.getByRole("heading", { name: "Personal data" }).waitFor();
  assert.deepEqual(world.problems, []);
});

test("b17_data_are_exported_by_an_approval_once", async () => {
  await page.goto("/account/export");
  await look(page, "account-export");
  await page.getByRole("button", { name: "Confirm on the phone" }).click();
  await page.waitForURL("**/challenge/*");
  await approve(page);
  await page.waitForURL("**/account/export");
  await look(page, "account-export-ready");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download" }).click()]);
  assert.equal(download.suggestedFilename(), "my-data.json");
  const data = JSON.parse(await readFile(await download.path(), "utf8"));
  assert.equal(data.account.email, EMAIL);
  assert.equal(data.devices[0].name, "My phone");
  assert.equal(data.history[0].event, "export-asked");
  await page.getByRole("button", { name: "Download" }).click();
  await page.getByRole("button", { name: "Confirm on the phone" }).waitFor();
  assert.deepEqual(world.problems, []);
});

async function askDeletion() {
  await page.goto("/account/delete");
  await page.getByRole("button", { name: "Delete the account" }).click();
  await page.waitForURL("**/challenge/*");
  await approve(page);
  await page.waitForURL("**/account/delete");
  await page.getByText("The account is deleted on").waitFor();
}

test("b17_a_deletion_is_cancelled_by_a_link_in_another_browser_and_by_a_sign_in", async () => {
  await page.goto("/account/delete");
  await look(page, "account-delete");
  await askDeletion();
  await look(page, "account-delete-waits");
  await page.goto("/account");
  await page.getByText("This account is deleted on").waitFor();
  await look(page, "account-waits");
  const anybody = await world.browser({ userAgent: FIREFOX });
  await openMailed(world, anybody, "/deletion/cancel/");
  await look(anybody, "deletion-cancel");
  await anybody.getByRole("button", { name: "Keep the account" }).click();
  await anybody.getByText("The deletion is cancelled").waitFor();
  await page.goto("/account");
  assert.doesNotMatch(await text(page), /This account is deleted on/);

  await askDeletion();
  await signIn(anybody);
  assert.match(await text(anybody), /Your sign-in has cancelled that/);
  await look(anybody, "account-kept");
  await page.goto("/account/delete");
  await page.waitForURL("**/account/delete");
  assert.deepEqual(world.problems, []);
});

test("b17_an_account_is_deleted_when_its_time_has_come", async () => {
  await askDeletion();
  // Seven days later.
  const database = path.join(world.folder, "service", "service.db");
  const later = `import sqlite3; c = sqlite3.connect("${database}", timeout=20); c.execute("UPDATE deletion SET due_at = asked_at"); c.commit()`;
  await promisify(execFile)("python3", ["-c", later]);
  for (let tries = 0; tries < 100 && !page.url().endsWith("/sign-in"); tries++) {
    await page.waitForTimeout(100);
    await page.goto("/account");
  }
  await page.waitForURL("**/sign-in");
  await assert.rejects(world.countersign("phone", ["inbox"]));
  await register(world, await world.browser(), EMAIL);
  assert.deepEqual(world.problems, []);
});
