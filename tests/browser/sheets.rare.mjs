// Pages and states that people meet seldom: links from mail, refusals, lost phones, the way into other services.
import { givePassword, goto, linked, NOBODY, once, send, sent } from "./sheets.steps.mjs";
import { addDevice, choosePassword, enrol, fillIn, mailed, openMailed, PASSWORD, PIN, register, shot } from "./world.mjs";

// A service that signs people in here; nobody answers at its address.
const SHOP = "http://127.0.0.1:9/shop/";
const STAFF_ONLY = "http://127.0.0.1:9/staff/";
const STRONG = "http://127.0.0.1:9/strong/";
const CLIENTS = `
[client.shop]
name = "City library"
start = "${SHOP}"
help_desk = "mailto:help@library.example.eu"
[client.shop.cas]
services = ["${SHOP}"]

[client.staff]
name = "Personnel files"
start = "${STAFF_ONLY}"
help_desk = "mailto:help@staff.example.eu"
people = "staff"
[client.staff.cas]
services = ["${STAFF_ONLY}"]

[client.strong]
name = "Treasury"
level = "MEDIUM"
[client.strong.cas]
services = ["${STRONG}"]
`;
// With what the service has to be started so that all of them are there.
export const SETTINGS = { more: ["--closed-domain", "staff.example.eu"], clients: CLIENTS };

const toService = (service, more = "") => goto(`/cas/login?service=${encodeURIComponent(service)}${more}`);

// Does something once in all, and opens this address.
function after(make, address) {
  let made;
  return async (page, world) => {
    await (made ??= make(page, world));
    return page.goto(address);
  };
}

async function answer(page, world, phone, pin = PIN) {
  await page.waitForURL("**/challenge/*");
  const number = (await page.locator("#number").innerText()).trim();
  return world.countersign(phone, ["approve", "--number", number, "--pin-stdin"], `${pin}\n`);
}

// Five wrong PINs. The page waits for an approval of this phone.
async function block(page, world, phone) {
  for (let tries = 0; tries < 5; tries++) {
    await answer(page, world, phone, "9374").catch(() => {});
  }
}

const anyone = {
  "email-undone": goto("/email/undone"),
  "password-done": goto("/password/done"),
  "deletion-cancelled": goto("/deletion/cancelled"),
  "deletion-over": goto(`/deletion/cancel/${NOBODY}`),
  "recovery-begun": goto("/recovery/begun"),
  "recovery-cancelled": goto("/recovery/cancelled"),
  "recovery-cancelled-staff": goto("/recovery/cancelled/staff"),
  stopped: goto("/stop/done"),
  "stopped-staff": goto("/stop/done?staff"),
  "stop-sent": sent("/stop/link", { email: "nobody@example.eu" }),
  "enter-refused": goto("/cas/login?service=http%3A%2F%2Fevil.example%2F"),
  "register-closed": async (page) => {
    await page.goto("/register");
    if ((await page.locator("html").getAttribute("lang")) === "en") {
      await fillIn(page, "dace@staff.example.eu");
    } else {
      for (const field of ["#first_name", "#last_name"]) await page.locator(field).fill("Dace");
      for (const field of ["#email", "#email_again"]) await page.locator(field).fill("dace@staff.example.eu");
      await page.locator("#privacy").check();
    }
    await page.locator("#register button:not([formaction])").last().click();
    await page.locator("body[data-page=register_closed]").waitFor();
  },
  invitation: once(async (page, world) => {
    await world.administer(["account", "add", "dace@staff.example.eu", "--first-name", "Dace", "--last-name", "Kalna"]);
    await page.goto(await mailed(world, "/invitation/", "dace@staff.example.eu"));
  }),
  "sign-in-entering": toService(SHOP),
  "enter-elsewhere": once(async (page, world) => {
    const form = { method: "POST", body: new URLSearchParams({ service: SHOP }), redirect: "manual" };
    const address = (await fetch(`${world.origin}/cas/login`, form)).headers.get("location");
    // Another browser opens it first.
    await fetch(new URL(address, world.origin), { redirect: "manual" });
    await page.goto(address);
  }),
};

// An account without a device, and the links that come to it by mail.
const LINKED = "clara@example.eu";
let registered = 0;
const links = {
  "register-done": goto("/register/done"),
  "enter-denied": toService(STAFF_ONLY),
  "enter-denied-device": toService(STRONG),
  "logout": goto("/cas/logout"),
  "enter-post": async (page) => {
    // The page would leave at once.
    await page.route("**/send.js", (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
    await toService(SHOP, "&method=POST")(page);
  },
  "device-link": linked(sent("/account/devices", { name: "My phone", password: PASSWORD }, "/account/devices/add"), "/account/confirm/"),
  "link-elsewhere": once(async (page, world) => {
    const other = await world.browser();
    await register(world, other, "other-browser@example.eu");
    await sent("/account/devices", { name: "My phone", password: PASSWORD }, "/account/devices/add")(other);
    await page.goto(await mailed(world, "/account/confirm/", "other-browser@example.eu"));
    await other.context().close();
  }),
  "enrolment-code": async (page, world) => {
    links.enrolment ??= await addDevice(world, page, "My phone").then(() => page.url());
    await page.goto(links.enrolment);
    for (const field of ["#pin", "#pin-again"]) await page.locator(field).fill(PIN);
    await page.locator("#choose button").click();
    await page.locator("#qr svg").waitFor();
  },
  "enrolment-phone": once(async (page, world) => {
    await page.goto(links.enrolment ?? (await addDevice(world, page, "My phone"), page.url()));
    await send(page, `${new URL(page.url()).pathname}/phone`);
  }),
  "delete-waiting": after(async (page, world) => {
    await sent("/account/delete", { password: PASSWORD })(page);
    await openMailed(world, page, "/account/confirm/", LINKED);
    await page.locator("main form button").click();
    await page.waitForURL("**/account/delete");
  }, "/account/delete"),
  "account-deletion": goto("/account"),
  "deletion-cancel": once(async (page, world) => page.goto(await mailed(world, "/deletion/cancel/", LINKED))),
  "stop-by-link": linked(sent("/stop/link", { email: LINKED }), "/stop/by-link/"),
  "reset-link": linked(sent("/password/forgotten", { email: LINKED }), "/password/forgotten/"),
  "new-password": once(async (page, world) => {
    await links["reset-link"](page, world);
    await page.locator("main form button").click();
    await page.waitForURL("**/password/new");
  }),
  // A form that was sent in two windows.
  "link-done": async (page, world) => {
    const email = `twice-${(registered += 1)}@example.eu`;
    const speaks = await page.locator("html").getAttribute("lang");
    const first = await world.browser();
    await fillIn(first, email);
    await first.getByRole("button", { name: "Create an account" }).click();
    const address = await mailed(world, "/register/", email);
    await page.goto(address);
    await first.goto(address);
    await choosePassword(first);
    await first.context().close();
    for (const field of ["#password", "#password_again"]) await page.locator(field).fill(PASSWORD);
    await page.locator("main form button:not([type=button])").last().click();
    await page.locator(`html[lang=${speaks}] body[data-page=link_done]`).waitFor();
  },
};

// Somebody whom an administrator added.
const STAFF = "janis@staff.example.eu";
const staff = {
  "person-staff": goto("/account/person"),
  denied: async (page, world) => {
    await (staff.disabled ??= world.administer(["account", "disable", STAFF]));
    await givePassword(page, null, STAFF);
  },
};

// Two phones, of which first one and then the other is lost.
const TWO = "dora@example.eu";
const two = {
  "devices-two": async (page) => {
    await page.goto("/account/devices");
    await page.locator("main summary").first().click();
  },
  "devices-rename-refused": async (page) => {
    await page.goto("/account/devices");
    await page.locator("main summary").last().click();
    await send(page, "/account/devices/rename", { name: "   " });
  },
  enter: toService(SHOP, "&renew=true"),
  "transaction-refused": async (page) => {
    await page.goto("/account/transactions/cancellation");
    const form = page.locator("main form[action^='/account/transactions']");
    await form.evaluate((element) => (element.noValidate = true));
    await Promise.all([page.waitForEvent("load"), form.locator("button").last().click()]);
  },
  "transaction-code": once((page) => surrender(page)),
  signed: once(async (page, world) => {
    await surrender(page);
    const picture = await shot(page, "sheets-transaction");
    const fields = Object.entries(SURRENDER).flatMap(([id, value]) => ["--field", `${id}=${value}`]);
    const said = JSON.parse(await world.countersign("first", ["scan", picture, "--pin-stdin", "--json", ...fields], `${PIN}\n`));
    await page.locator("#code").fill(said.code);
    await page.locator("form[action$='/code'] button").click();
    await page.waitForURL("**/account/transactions/done/*");
  }),
  "transactions-signed": goto("/account/transactions"),
  "new-pin": once(async (page, world) => {
    await newPin(page);
    await answer(page, world, "second");
    await page.waitForURL("**/pin");
  }),
  "devices-blocked": after(async (page, world) => {
    await removal(page);
    await block(page, world, "first");
  }, "/account/devices"),
  "devices-lost": after(async (page, world) => {
    await newPin(page);
    await block(page, world, "second");
  }, "/account/devices"),
  "recovery-under-way": after(async (page) => {
    await sent("/recovery", { old: PASSWORD })(page);
  }, "/recovery"),
  "devices-recovering": goto("/account/devices"),
  "account-recovering": goto("/account"),
  recover: once(async (page, world) => page.goto(await mailed(world, "/recovery/finish/", TWO))),
  "recovery-cancel": once(async (page, world) => page.goto(await mailed(world, "/recovery/cancel/", TWO))),
  "recovery-over": once(async (page, world) => {
    await two["recovery-cancel"](page, world);
    const address = page.url();
    await page.locator("main form button").click();
    await page.waitForURL("**/recovery/cancelled");
    await page.goto(address);
  }),
};

const SURRENDER = { account: "U20260017", year: "2026", units: "12500" };
async function surrender(page) {
  await page.goto("/account/transactions/surrender");
  for (const [name, value] of Object.entries(SURRENDER)) await page.locator(`[name="${name}"]`).fill(value);
  await page.locator("main form[action^='/account/transactions'] button").last().click();
  await page.waitForURL("**/challenge/*");
}

// The first phone has no PIN any more: the page asks the second one.
async function newPin(page) {
  await page.goto("/account/devices");
  await page.locator("main details").evaluateAll((all) => all.forEach((one) => (one.open = true)));
  await page.locator("form[action='/account/devices/unblock'] button").first().click();
}

// The first phone is asked to remove the second one.
async function removal(page) {
  await page.goto("/account/devices");
  await page.locator("main details").evaluateAll((all) => all.forEach((one) => (one.open = true)));
  await page.locator("form[action='/account/devices/remove'] button").nth(1).click();
}

const dora = (world) => (world.dora ??= twoPhones(world));
async function twoPhones(world) {
  const page = await world.browser();
  await register(world, page, TWO);
  await enrol(world, page, "first", "sheets-first");
  await page.locator("#name").fill("Tablet");
  await page.locator("form[action='/account/devices/add'] button").last().click();
  await answer(page, world, "first");
  await page.waitForURL("**/account/enrolments/*");
  for (const field of ["#pin", "#pin-again"]) await page.locator(field).fill(PIN);
  await page.locator("#choose button").click();
  await page.locator("#qr svg").waitFor();
  const picture = await shot(page, "sheets-second");
  await world.countersign("second", ["init", picture, "--pin-stdin"], `${PIN}\n`);
  await page.waitForURL("**/account/devices");
  return page;
}

const halfOfTwo = { device: goto("/sign-in/device") };

const ends = {
  ended: once(async (page) => {
    await givePassword(page, "app");
    const address = page.url();
    await send(page, `${new URL(address).pathname}/cancel`);
    await page.goto(address);
  }),
  "ended-used": once(async (page, world) => {
    await givePassword(page, "app");
    const address = page.url();
    await answer(page, world, "phone");
    await page.waitForURL("**/account");
    await page.goto(address);
  }),
};

async function approvedOnPhone(page, world) {
  await sent("/sign-in", {}, "/sign-in/mobile")(page);
  const link = await page.locator("#open").getAttribute("href");
  return JSON.parse(await world.countersign("phone", ["--json", "scan", link, "--pin-stdin"], `${PIN}\n`)).open;
}

const onPhone = {
  "mobile-continue": once(async (page, world) => page.goto(await approvedOnPhone(page, world))),
  "mobile-other": once(async (page, world) => {
    const other = await world.phoneBrowser();
    await page.goto(await approvedOnPhone(other, world));
    await other.context().close();
  }),
};

const ANDROID = "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/142 Mobile Safari/537.36";

// `anna` makes the account with the phone "phone", if it is not there yet.
export const rare = (anna) => [
  { pages: anyone },
  { person: (world, page) => register(world, page, LINKED), pages: links },
  {
    person: async (world, page) => {
      await world.administer(["account", "add", STAFF, "--first-name", "Jānis", "--last-name", "Bērziņš"]);
      await openMailed(world, page, "/invitation/", STAFF);
      for (const field of ["#password", "#password_again"]) await page.locator(field).fill(PASSWORD);
      await page.locator("#privacy").check();
      await page.locator("main form button:not([type=button])").last().click();
      await page.waitForURL("**/account");
    },
    pages: staff,
  },
  {
    person: async (world, page) => {
      await dora(world);
      await givePassword(page, null, TWO);
    },
    pages: halfOfTwo,
  },
  // Signed in since before there were phones: a session that a phone opened ends when that phone is blocked.
  { person: dora, pages: two, own: true },
  { person: anna, pages: ends },
  { options: { userAgent: ANDROID }, person: anna, pages: onPhone },
];
