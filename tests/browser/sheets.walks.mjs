// How each page and state is reached. Fields and forms are found by their names, for the pages are seen in two languages.
import { rare } from "./sheets.rare.mjs";
import { EMAIL, givePassword, goto, linked, NOBODY, once, PATIENCE, send, sent } from "./sheets.steps.mjs";
import { addDevice, enrol, fillIn, mailed, PASSWORD, register } from "./world.mjs";

// Anna has a phone. What she does is done once; the page is that of her own browser.
const anna = (world) => (world.anna ??= begin(world));
async function begin(world) {
  const page = await world.browser();
  page.context().setDefaultTimeout(PATIENCE);
  await register(world, page, EMAIL);
  await enrol(world, page, "phone", "sheets-code");
  return page;
}

async function asked(page) {
  await page.goto("/register");
  if ((await page.locator("html").getAttribute("lang")) === "en") {
    await fillIn(page, "new@example.eu");
    await page.locator("#register button:not([formaction])").last().click();
    await page.waitForURL("**/register/sent/*");
  }
}

const visitor = {
  "sign-in": goto("/sign-in"),
  "sign-in-refused": sent("/sign-in", { email: "anna@" }),
  password: sent("/sign-in", { email: EMAIL }),
  "password-wrong": async (page) => {
    await sent("/sign-in", { email: EMAIL })(page);
    await send(page, "/sign-in/password", { password: "wrong" });
  },
  register: goto("/register"),
  "register-refused": async (page) => {
    await page.goto("/register");
    await page.evaluate(() => (document.getElementById("register").noValidate = true));
    await page.locator("#email").fill("anna@");
    await Promise.all([page.waitForEvent("load"), page.locator("#register button:not([formaction])").last().click()]);
  },
  "register-sent": once(asked),
  "register-link": linked(asked, "/register/"),
  privacy: goto("/privacy"),
  forgotten: goto("/password/forgotten"),
  "forgotten-sent": sent("/password/forgotten", { email: "nobody@example.eu" }),
  "link-over": goto(`/register/${NOBODY}`),
  landing: goto("/Q/ABC"),
  stop: goto("/stop"),
  "stop-refused": sent("/stop", { email: EMAIL, password: "wrong", word: "STOP" }),
  "stop-link": goto("/stop/link"),
  "not-found": goto("/nowhere"),
};

// Signed in, without a device.
const begun = {
  "account-new": goto("/account"),
  "devices-none": goto("/account/devices"),
  "device-link-sent": once(async (page, world) => {
    await sent("/account/devices", { name: "My phone", password: PASSWORD }, "/account/devices/add")(page);
    await mailed(world, "/account/confirm/");
  }),
  "password-change": goto("/account/password"),
  "password-change-refused": sent("/account/password", { old: "wrong", password: "short", password_again: "other" }),
  "email-change": goto("/account/email"),
  "email-change-refused": sent("/account/email", { email: "anna@", password: PASSWORD }),
  "email-change-password": sent("/account/email", { email: "other@example.eu", password: "wrong" }),
  export: goto("/account/export"),
  "export-refused": sent("/account/export", { password: "wrong" }),
  delete: goto("/account/delete"),
  "delete-refused": sent("/account/delete", { password: "wrong" }),
  "device-refused": sent("/account/devices", { name: "My phone", password: "wrong" }, "/account/devices/add"),
  "enrolment-pin": once(async (page, world) => addDevice(world, page, "My phone")),
};

// Signed in, with a phone.
const owner = {
  account: goto("/account"),
  person: goto("/account/person"),
  sessions: goto("/account/sessions"),
  history: goto("/account/history"),
  devices: goto("/account/devices"),
  "devices-manage": async (page) => {
    await page.goto("/account/devices");
    await page.locator("main summary").first().click();
  },
  menu: async (page) => {
    await page.goto("/account/devices");
    await page.locator("header summary").click();
  },
  transactions: goto("/account/transactions"),
  transaction: goto("/account/transactions/trusted"),
};

// After the password, before a factor.
const half = {
  "sign-in-remembered": goto("/sign-in"),
  method: goto("/sign-in/method"),
  waiting: once((page) => givePassword(page, "app")),
  code: once((page) => givePassword(page, "code")),
  "code-wrong": async (page) => {
    await givePassword(page, "code");
    await send(page, new URL(page.url()).pathname + "/code", { code: "AAAA-AAAA" });
  },
  recovery: goto("/recovery"),
};

const phones = {
  "sign-in-phone": goto("/sign-in"),
  mobile: sent("/sign-in", {}, "/sign-in/mobile"),
};

export const WALKS = [
  { pages: visitor },
  { options: { userAgent: "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/142 Mobile Safari/537.36" }, pages: phones },
  { person: (world, page) => register(world, page, "begun@example.eu"), pages: begun },
  { person: anna, pages: owner, own: true },
  {
    person: async (world, page) => {
      await anna(world);
      await givePassword(page);
    },
    pages: half,
  },
  ...rare(anna),
];

// Leads through the walks that have a wanted page: `visit(page, name, walk)` for each of them.
export async function through(world, isWanted, visit) {
  for (const { person, pages, own, options } of WALKS.filter((walk) => Object.keys(walk.pages).some(isWanted))) {
    const page = own ? await person(world) : await world.browser(options);
    page.context().setDefaultTimeout(PATIENCE);
    if (!own) {
      await person?.(world, page);
    }
    for (const [name, walk] of Object.entries(pages).filter(([name]) => isWanted(name))) {
      await visit(page, name, () => walk(page, world));
    }
    await page.context().close();
  }
}
