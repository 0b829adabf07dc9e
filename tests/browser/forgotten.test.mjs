import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { enrol, fits, PIN, register, shot, World } from "./world.mjs";

const SECOND_PIN = "5071";
const NEW_PIN = "6304";

let world;
before(async () => (world = await World.start()));
after(async () => {
  await world?.stop();
  await world?.forget();
});

// The phone approves what the page waits for.
async function approve(page, phone, pin) {
  const number = (await page.locator("#number").innerText()).trim();
  await world.countersign(phone, ["approve", "--number", number, "--pin-stdin"], `${pin}\n`);
}

test("a forgotten PIN: the page asks another phone, says what to do, and goes on when the phone has its new PIN", async () => {
  const page = await world.browser();
  await register(world, page, "anna@example.eu");
  await enrol(world, page, "first", "forgotten-first");
  // Alone there is nobody to approve it, and the page says what helps instead.
  await page.locator("summary", { hasText: "Manage" }).click();
  assert.match(await page.locator("main").innerText(), /Another device has to approve a new one/);
  assert.equal(await page.getByRole("button", { name: "Forgotten or blocked PIN" }).count(), 0);

  await page.getByLabel("Name of the device").fill("Tablet");
  await page.getByRole("button", { name: "Add a mobile device" }).click();
  await page.waitForURL("**/challenge/*");
  await approve(page, "first", PIN);
  await page.getByLabel("New PIN, four digits").fill(SECOND_PIN);
  await page.getByLabel("The same PIN again").fill(SECOND_PIN);
  await page.getByRole("button", { name: "Show the QR code" }).click();
  await page.getByRole("img", { name: "QR code for the app" }).waitFor();
  const picture = await shot(page, "forgotten-second");
  await world.countersign("second", ["init", picture, "--pin-stdin"], `${SECOND_PIN}\n`);
  await page.waitForURL("**/account/devices");
  await shot(page, "forgotten-devices");

  await page.locator("summary", { hasText: "Manage" }).first().click();
  await page.getByRole("button", { name: "Forgotten or blocked PIN: My phone" }).click();
  await page.waitForURL("**/challenge/*");
  assert.match(await page.locator("main").innerText(), /approved with another device/);
  await approve(page, "second", SECOND_PIN);
  await page.waitForURL("**/pin");
  assert.match(await page.locator("main").innerText(), /Now choose a new PIN on the phone[\s\S]*My phone/);
  await shot(page, "forgotten-now");
  await page.setViewportSize({ width: 360, height: 740 });
  assert.ok(await fits(page));
  await shot(page, "forgotten-now-phone");

  await world.countersign("first", ["pin", "forgotten", "--pin-stdin"], `${NEW_PIN}\n${NEW_PIN}\n`);
  await page.waitForURL("**/account/devices");
  assert.ok(await fits(page));
  await shot(page, "forgotten-devices-phone");
  await page.goto("/account");
  assert.match(await page.locator("main").innerText(), /New PIN, approved with another device/);
  assert.deepEqual(world.problems, []);
});
