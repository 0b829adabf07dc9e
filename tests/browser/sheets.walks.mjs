// How each page and state is reached. Fields and forms are found by their names, for the pages are seen in two languages.
import { addDevice, enrol, fillIn, mailed, PASSWORD, PIN, register } from "./world.mjs";

const NOBODY = "0".repeat(64);
const EMAIL = "anna.ozola@example.eu";
// A computer that is busy takes its time; milliseconds.
export const PATIENCE = 120_000;

// Fills in the form that goes to this address, and sends it without the browser's own checks.
async function send(page, action, fields = {}, button = -1) {
  // A page with remembered addresses has a form for each of them, above the one that is filled in.
  const form = page.locator(`main form[action="${action}"]`).last();
  await form.evaluate((element) => (element.noValidate = true));
  for (const [name, value] of Object.entries(fields)) {
    const field = form.locator(`[name="${name}"]`);
    if (value === true) {
      await field.check();
    } else if (value.choose) {
      await form.locator(`[name="${name}"][value="${value.choose}"]`).check();
    } else {
      await field.fill(value);
    }
  }
  await Promise.all([page.waitForEvent("load"), form.locator("button:not(.peek):not([formaction]):not(.unseen)").nth(button).click()]);
}

const goto = (address) => (page) => page.goto(address);

// A form with these values.
const sent = (address, fields, action = address) => async (page) => {
  await page.goto(address);
  await send(page, action, fields);
};

// A page that is made once, and then opened in each language.
function once(make) {
  let address;
  return async (page, world) => {
    if (address) {
      return page.goto(address);
    }
    await make(page, world);
    address = page.url();
  };
}

const linked = (ask, below) =>
  once(async (page, world) => {
    await ask(page, world);
    await page.goto(await mailed(world, below));
  });

async function givePassword(page, means) {
  await sent("/sign-in", { email: EMAIL, remember: true })(page);
  await send(page, "/sign-in/password", { password: PASSWORD, ...(means && { method: { choose: means } }) });
}

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
