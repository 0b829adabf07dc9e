// Reload, Back and the address bar never show an error, or another person's page.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { PASSWORD, register, World } from "./world.mjs";

const EMAIL = "anna@example.eu";
let world;
before(async () => (world = await World.start()));
after(async () => {
  await world?.stop();
  await world?.forget();
});

const problems = (page) => page.locator("#problems").count();

test("a form that was refused is a form without an error after a reload, Enter and Back", async () => {
  const page = await world.browser();
  await page.goto("/sign-in");
  await page.locator("#email").fill(EMAIL);
  await page.locator("form[action='/sign-in'] button:not(.link)").click();
  await page.waitForURL("**/sign-in/password");
  await page.locator("#password").fill("wrong");
  await page.locator("form[action='/sign-in/password'] button:not([type=button])").click();
  await page.locator("#problems").waitFor();
  const asked = [];
  page.on("request", (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
  await page.reload();
  assert.equal(await problems(page), 0);
  assert.ok(!asked.some((request) => request.startsWith("POST")), "the password was sent again");
  await page.goto(page.url());
  assert.equal(await problems(page), 0);
  await page.goBack();
  assert.equal(await problems(page), 0);
  // A form whose address takes nothing but a form.
  await page.goto("/stop/link");
  await page.goto("/register");
  await page.evaluate(() => (document.getElementById("register").noValidate = true));
  await page.locator("#register button:not([formaction]):not(.unseen)").click();
  await page.locator("#problems").waitFor();
  await page.reload();
  assert.equal(await problems(page), 0);
});

test("after signing out, Back shows nothing of the account", async () => {
  const page = await world.browser();
  await register(world, page, EMAIL);
  await page.goto("/account/history");
  await page.goto("/account/person");
  await page.locator("header summary").click();
  await page.locator("form[action='/sign-out'] button").click();
  await page.waitForURL("**/sign-in");
  for (let back = 0; back < 4; back++) {
    await page.goBack();
    await page.waitForLoadState();
    const text = await page.locator("body").innerText();
    assert.ok(!text.includes(EMAIL) && !text.includes("Ozola"), `${page.url()}: ${text}`);
  }
});

test("addresses that take forms alone, and addresses of nothing, lead on by a page of ours", async () => {
  const page = await world.browser();
  await register(world, page, "berta@example.eu");
  const shown = async (address) => {
    const response = await page.goto(address);
    await page.locator("header .name").waitFor();
    return response.status();
  };
  assert.equal(await shown("/account/devices/add"), 200);
  assert.match(page.url(), /\/account\/devices$/);
  assert.equal(await shown("/sign-out"), 200);
  assert.equal(await shown("/nowhere"), 404);
  await page.locator("main a.button").click();
  await page.waitForURL("**/account");
});
