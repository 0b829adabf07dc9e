import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { enrol, fits, PIN, register, shot, World } from "./world.mjs";

let world;
before(async () => {
  world = await World.start();
  const computer = await world.browser();
  await register(world, computer, "anna@example.eu");
  await enrol(world, computer, "anna", "mobile-enrolment");
});
after(async () => {
  await world?.stop();
  await world?.forget();
});

// The page asks whether the person means the account that approved.
async function comeBack(page, open) {
  await page.goto(open);
  assert.equal(await page.locator("#continue-as").innerText(), "anna@example.eu");
  await page.getByRole("button", { name: "Continue as anna@example.eu" }).tap();
  await page.waitForURL("**/account");
}

async function begin(page) {
  await page.goto("/sign-in");
  await page.getByRole("button", { name: "On mobile" }).tap();
  await page.waitForURL("**/mobile/*");
  return page.getByRole("link", { name: "Open the app", exact: true }).getAttribute("href");
}

// The app on the phone opens the link; what it would open in the browser then.
async function approve(link) {
  const said = JSON.parse(await world.countersign("anna", ["--json", "scan", link, "--pin-stdin"], `${PIN}\n`));
  assert.equal(said.decision, "approved");
  return said.open;
}

test("on mobile: a phone's browser is signed in by the app on it, without a password", async () => {
  const page = await world.phoneBrowser();
  const link = await begin(page);
  assert.ok(await fits(page));
  await shot(page, "mobile-open");
  const custom = await page.locator("#open-custom").getAttribute("href");
  assert.equal(custom, link.replace("http://", "countersign://"));
  const open = await approve(link);
  await page.goto(open);
  assert.ok(await fits(page));
  await shot(page, "mobile-continue");
  await comeBack(page, open);
  assert.match(await page.locator("main").innerText(), /Signed in as anna@example\.eu/);
  await shot(page, "mobile-account");
  assert.deepEqual(world.problems, []);
});

test("on mobile: the custom scheme works as well, and the page that waits completes nothing", async () => {
  const page = await world.phoneBrowser();
  const link = await begin(page);
  const open = await approve(link.replace("http://", "countersign://"));
  await page.waitForTimeout(3000);
  assert.match(page.url(), /\/mobile\//);
  await page.goto("/account");
  assert.match(page.url(), /\/sign-in$/);
  await comeBack(page, open);
});

test("on mobile: another browser that opens the return address is told so and not signed in", async () => {
  const began = await world.phoneBrowser();
  const link = await begin(began);
  const open = await approve(link);
  const other = await world.phoneBrowser();
  await other.goto(open);
  assert.match(await other.getByRole("alert").innerText(), /You began in another browser/);
  await shot(other, "mobile-other");
  await other.goto("/account");
  assert.match(other.url(), /\/sign-in$/);
  // That did not use r up.
  await comeBack(began, open);
});

test("on mobile: the way back from a page of another site still carries the cookie", async () => {
  const page = await world.phoneBrowser();
  const open = await approve(await begin(page));
  await page.goto("about:blank");
  await page.evaluate((address) => location.assign(address), open);
  await page.getByRole("button", { name: "Continue as anna@example.eu" }).tap();
  await page.waitForURL("**/account");
});
