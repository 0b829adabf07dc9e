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

test("with script off, reload, Back and Enter never ask to send a form again, and show no error of the browser", async () => {
  const page = await world.browser({ javaScriptEnabled: false });
  const asked = [];
  page.on("request", (request) => request.isNavigationRequest() && asked.push(request.method()));
  const send = (action) => page.locator(`form[action='${action}'] button:not(.link):not(.unseen):not([formaction]):not([type=button])`).first().click();
  const quiet = async (step) => {
    // A page that was the answer to a form asks here whether to send it again, or is Chromium's own.
    assert.ok(page.url().startsWith(world.origin), `${step}: ${page.url()}`);
    await page.locator("header .name").waitFor();
    assert.equal(await problems(page), 0, step);
    assert.doesNotMatch(await page.title(), /^Error/, step);
  };
  for (const [address, action, typed] of [
    ["/sign-in", "/sign-in", { "#email": "nobody@nowhere" }],
    ["/password/forgotten", "/password/forgotten", { "#email": "nobody@nowhere" }],
    ["/stop", "/stop", { "#email": EMAIL, "#password": "wrong", "#word": "NO" }],
    ["/register", "/register", { "#email": EMAIL, "#email_again": "berta@example.eu", "#first_name": "Anna", "#digits": "1" }],
  ]) {
    await page.goto("/privacy");
    await page.goto(address);
    for (const [field, text] of Object.entries(typed)) await page.locator(field).fill(text);
    if (address === "/register") await page.locator("#privacy").check();
    asked.length = 0;
    await send(action);
    await page.locator("#problems").waitFor();
    assert.equal(new URL(page.url()).pathname, address);
    assert.match(await page.title(), /^Error/);
    assert.equal(await page.locator("#email").inputValue(), typed["#email"]);
    assert.ok(await page.locator("[aria-invalid=true]").count(), `${address}: no field is marked`);
    assert.ok(await page.locator("#problems").evaluate((one) => one === document.activeElement), `${address}: the summary has no focus`);
    asked.length = 0;
    await page.reload();
    await quiet(`${address}: reload`);
    await page.goto(page.url());
    await quiet(`${address}: Enter`);
    await page.goBack();
    await quiet(`${address}: Back`);
    await page.goForward();
    await quiet(`${address}: forward`);
    assert.ok(!asked.includes("POST"), `${address}: ${asked}`);
  }
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
