// Password and address: forgotten, changed, undone; a person whom an administrator invites, and one who is refused.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { enrol, mailed, PASSWORD, PIN, register, World } from "./world.mjs";

const ANNA = "anna@example.eu";
const NEW = "Nine-Otters-9";
let world;
before(async () => (world = await World.start(["--help-desk", "mailto:help@example.eu"])));
after(async () => {
  await world?.stop();
  await world?.forget();
});

async function approve(page) {
  await page.waitForURL("**/challenge/*");
  const number = (await page.locator("#number").innerText()).trim();
  return world.countersign("phone", ["approve", "--number", number, "--pin-stdin"], `${PIN}\n`);
}

const submit = (page, action) => page.locator(`form[action="${action}"] button:not([type=button])`).last().click();

async function choose(page, password) {
  await page.locator("#password").fill(password);
  await page.locator("#password_again").fill(password);
}

async function signIn(page, email, password) {
  await page.goto("/sign-in");
  await page.locator("#email").fill(email);
  await submit(page, "/sign-in");
  await page.waitForURL("**/sign-in/password");
  await page.locator("#password").fill(password);
  await page.locator("input[name=method][value=password]").check();
  await submit(page, "/sign-in/password");
}

test("a forgotten password is replaced by a link, without a phone", async () => {
  const page = await world.browser();
  await register(world, page, "berta@example.eu");
  const other = await world.browser();
  await other.goto("/sign-in");
  await other.getByRole("link", { name: "Forgotten password" }).click();
  await other.locator("#email").fill("berta@example.eu");
  await submit(other, "/password/forgotten");
  await other.waitForURL("**/password/sent");
  await other.getByText("berta@example.eu").waitFor();
  await other.goto(await mailed(world, "/password/forgotten/", "berta@example.eu"));
  await other.locator("main form button").click();
  await other.waitForURL("**/password/new");
  await choose(other, NEW);
  await submit(other, "/password/new");
  await other.waitForURL("**/password/done");
  await signIn(other, "berta@example.eu", NEW);
  await other.waitForURL("**/account");
});

test("b17 the password and the address are changed with an approval, and the old address undoes its change", async () => {
  const page = await world.browser();
  await register(world, page, ANNA);
  await enrol(world, page, "phone", "credentials-enrol");
  await page.goto("/account/password");
  await page.locator("#old").fill(PASSWORD);
  await choose(page, NEW);
  await submit(page, "/account/password");
  await approve(page);
  await page.waitForURL("**/account");
  await page.getByText("The new password is set").waitFor();

  await page.goto("/account/email");
  await page.locator("#email").fill("anna.ozola@example.eu");
  await submit(page, "/account/email");
  await approve(page);
  await page.waitForURL("**/account/confirm");
  await page.goto(await mailed(world, "/account/email/", "anna.ozola@example.eu"));
  await page.locator("main form button").click();
  await page.waitForURL("**/account");
  await page.getByText("The e-mail address is changed").waitFor();

  // Opened by a mail program it changes nothing; pressed, in any browser, it does.
  const undo = await mailed(world, "/email/undo/", ANNA);
  const anybody = await world.browser();
  await anybody.goto(undo);
  await page.goto("/account");
  await anybody.locator("main form button").click();
  await anybody.waitForURL("**/email/undone");
  await anybody.reload();
  await anybody.getByRole("link", { name: "Sign in" }).waitFor();
  await page.goto("/account");
  await page.waitForURL("**/sign-in");
});

test("b21 b19 an invited person accepts by a link, and one who is disabled is told whom to ask", async () => {
  const email = "staff@example.eu";
  await world.administer(["account", "add", email, "--first-name", "Dace", "--last-name", "Kalna"]);
  const page = await world.browser();
  await page.goto(await mailed(world, "/invitation/", email));
  await choose(page, PASSWORD);
  await page.locator("#privacy").check();
  await page.locator("main form button:not([type=button])").last().click();
  await page.waitForURL("**/account");
  await page.getByRole("heading", { name: "Dace Kalna" }).waitFor();

  await world.administer(["account", "disable", email]);
  await page.goto("/account");
  await page.waitForURL("**/sign-in");
  await signIn(page, email, PASSWORD);
  await page.getByRole("link", { name: "help@example.eu" }).waitFor();
  await page.locator("header .name").click();
  await page.waitForURL("**/sign-in");
  await world.administer(["account", "enable", email]);
  await signIn(page, email, PASSWORD);
  await page.waitForURL("**/account");
});
