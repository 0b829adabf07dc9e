import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { choosePassword, fillIn, fits, openMailed, PASSWORD, shot, typeDigits, World } from "./world.mjs";

let world;
before(async () => (world = await World.start()));
after(async () => {
  await world?.stop();
  await world?.forget();
});

const send = (page) => page.getByRole("button", { name: "Create an account" }).click();
const digits = (page) => page.locator("#digits");

test("b1 b2 with script the browser works in silence, and the account is made with a pasted link", async () => {
  const page = await world.browser();
  await page.goto("/register");
  await page.waitForFunction(() => document.querySelector("[name=proof]").value.length === 128);
  await shot(page, "register");
  await fillIn(page, "anna@example.eu");
  assert.ok(!(await digits(page).isVisible()));
  await page.getByLabel("E-mail address again").fill("ana@example.eu");
  await send(page);
  assert.match(await page.locator("#email_again-error").innerText(), /differ/);
  assert.equal(await page.getByLabel("First name").inputValue(), "Anna");
  await shot(page, "register-refused");
  await page.setViewportSize({ width: 320, height: 740 });
  assert.ok(await fits(page));
  await shot(page, "register-refused-phone");
  await page.getByLabel("E-mail address again").fill("anna@example.eu");
  // Enter sends the form, which waits for the work; it does not ask for another picture.
  await page.getByLabel("E-mail address again").press("Enter");
  await page.waitForURL("**/register/sent/*");
  assert.ok(await fits(page));
  await shot(page, "register-sent-phone");
  await page.getByRole("button", { name: "Send the message again" }).click();
  await page.getByText("We have sent the message again").waitFor();
  // The page can be loaded again.
  await page.reload();
  await page.getByLabel("Link from the message").fill("https://example.eu/");
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("This is not a link that works").first().waitFor();
  const other = await world.browser();
  await openMailed(world, other, "/register/");
  await page.getByLabel("Link from the message").fill(other.url());
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByRole("heading", { name: "Choose a password" }).waitFor();
  const address = page.getByLabel("E-mail address");
  assert.ok(await address.evaluate((field) => field.readOnly && field.autocomplete === "username"));
  assert.equal(await address.inputValue(), "anna@example.eu");
  await shot(page, "register-password-phone");
  await choosePassword(page);
  assert.ok(await fits(page));
  await shot(page, "register-done-phone");
  await page.getByRole("link", { name: "Proceed" }).click();
  await page.waitForURL("**/account");
  // The other browser has the link's page still open: it is used.
  await other.reload();
  assert.match(await other.locator("main").innerText(), /does not work any more[\s\S]*sign in/);
  assert.deepEqual(world.problems.splice(0).filter((text) => !/404|400/.test(text)), []);
});

test("b1 a form that is sent at once waits for the work, with a word", async () => {
  const page = await world.browser();
  // Work that ends when the test says so, and then is none.
  await page.addInitScript(() => {
    window.Worker = class {
      postMessage(work) {
        window.work = { ...work, done: (data) => this.onmessage({ data }) };
      }
      terminate() {}
    };
  });
  await fillIn(page, "slow@example.eu");
  await send(page);
  await page.getByText("One moment: your browser is checking that you are not a program.").waitFor();
  assert.equal(await page.locator("#work").getAttribute("role"), "status");
  assert.deepEqual(await page.evaluate(() => [window.work.bits, window.work.puzzles]), [15, 16]);
  await page.evaluate(() => window.work.done("00"));
  // The service found that it was none, and the page asks for the digits.
  await page.locator("#digits-error").waitFor();
  await shot(page, "register-work-refused");
  await typeDigits(page);
});

test("b1 where the work fails the picture is shown, with another on demand", async () => {
  const page = await world.browser();
  await page.addInitScript(() => (window.Worker = undefined));
  await fillIn(page, "failed@example.eu");
  await digits(page).waitFor();
  const src = () => page.getByRole("img", { name: "A picture of six digits" }).getAttribute("src");
  const first = await src();
  await digits(page).fill("1");
  await page.getByRole("button", { name: "Another picture" }).click();
  await page.waitForFunction((first) => document.querySelector("#picture img").getAttribute("src") !== first, first);
  assert.equal(await digits(page).inputValue(), "");
  assert.equal(await page.getByLabel("First name").inputValue(), "Anna");
  assert.ok(await digits(page).evaluate((field) => field === document.activeElement));
  const drawn = await page.locator("#picture img").evaluate((img) => img.decode().then(() => img.naturalWidth));
  assert.equal(drawn, 360);
  await shot(page, "register-picture");
  await page.setViewportSize({ width: 320, height: 740 });
  assert.ok(await fits(page));
  await shot(page, "register-picture-phone");
  await typeDigits(page);
  await page.waitForURL("**/register/sent/*");
});

test("b1 b2 without script, on a Latvian page, with e-mails in English and the digits as they are spoken", async () => {
  const page = await world.browser({ javaScriptEnabled: false, locale: "lv-LV" });
  await page.goto("/register");
  assert.equal(await page.locator("html").getAttribute("lang"), "lv");
  await page.getByLabel("Vārds", { exact: true }).fill("علی\u200cرضا");
  const email = page.getByLabel("E-pasta adrese", { exact: true });
  await email.fill("ali@example.eu");
  await page.getByLabel("E-pasta adrese vēlreiz").fill("ali@example.eu");
  await page.getByLabel("Mūsu e-pasta vēstuļu valoda").selectOption("en");
  await page.getByRole("checkbox").check();
  const before = await page.locator("#picture img").getAttribute("src");
  await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "Cits attēls" }).click()]);
  assert.match(page.url(), /\/register$/);
  assert.notEqual(await page.locator("#picture img").getAttribute("src"), before);
  assert.equal(await email.inputValue(), "ali@example.eu");
  assert.ok(await page.getByRole("checkbox").isChecked());
  await digits(page).fill("000000");
  // Enter sends the form, and does not ask for another picture.
  await digits(page).press("Enter");
  await page.getByText("Cipari nav pareizi").first().waitFor();
  await shot(page, "register-no-script");
  await typeDigits(page);
  await page.waitForURL("**/register/sent/*");
  await openMailed(world, page, "/register/", "ali@example.eu");
  await shot(page, "register-password-no-script");
  await page.locator("#password").fill(PASSWORD);
  await page.locator("#password_again").fill(PASSWORD);
  await page.getByRole("button", { name: "Iesniegt" }).click();
  await page.waitForURL("**/register/done");
  await shot(page, "register-done-no-script");
  await page.getByRole("link", { name: "Turpināt" }).click();
  await page.waitForURL("**/account");
  assert.match(await page.locator("h1 bdi").first().innerText(), /^علی\u200cرضا$/);
});

test("b1 the privacy statement opens beside the form", async () => {
  const page = await world.browser();
  await fillIn(page, "read@example.eu");
  const opened = page.waitForEvent("popup");
  await page.getByRole("link", { name: "Privacy statement" }).click();
  const statement = await opened;
  await statement.getByRole("heading", { name: "Privacy statement" }).waitFor();
  await shot(statement, "privacy");
  assert.equal(await page.getByLabel("First name").inputValue(), "Anna");
});
