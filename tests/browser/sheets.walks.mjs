// How each page and state is reached. Fields and forms are found by their names, for the pages are seen in two languages.
import { addDevice, enrol, mailed, PASSWORD, PIN, register, shot } from "./world.mjs";

const NOBODY = "0".repeat(64);

// Fills in the form that goes to this address, and sends it without the browser's own checks.
export async function send(page, action, fields = {}, button = "button:not(.peek)") {
  const form = page.locator(`form[action="${action}"]`).first();
  await form.evaluate((element) => (element.noValidate = true));
  for (const [name, value] of Object.entries(fields)) {
    const field = form.locator(`[name="${name}"]`);
    await (value === true ? field.check() : field.fill(value));
  }
  await Promise.all([page.waitForEvent("load"), form.locator(button).last().click()]);
}

const goto = (address) => (page) => page.goto(address);
const refused = (address, fields, action = address) => async (page) => {
  await page.goto(address);
  await send(page, action, fields);
};

// One link for both languages: asked for once, opened in each.
function linked(ask, below) {
  let link;
  return async (page, world) => {
    if (!link) {
      await ask(page);
      link = await mailed(world, below);
    }
    await page.goto(link);
  };
}

const NEW = { first_name: "Anna", last_name: "Ozola", email: "new@example.eu", privacy: true };
const asked = refused("/register", NEW);

const visitor = {
  "sign-in": goto("/sign-in"),
  "sign-in-refused": refused("/sign-in", { email: "anna@" }),
  password: refused("/sign-in", { email: "anna.ozola@example.eu" }),
  "password-wrong": async (page) => {
    await refused("/sign-in", { email: "anna.ozola@example.eu" })(page);
    await send(page, "/sign-in/password", { password: "wrong" });
  },
  register: goto("/register"),
  "register-refused": refused("/register", { email: "anna@" }),
  "register-sent": asked,
  "register-link": linked(asked, "/register/"),
  mobile: refused("/sign-in", {}, "/sign-in/mobile"),
  forgotten: goto("/password/forgotten"),
  "forgotten-sent": refused("/password/forgotten", { email: "nobody@example.eu" }),
  "link-over": goto(`/register/${NOBODY}`),
  landing: goto("/Q/ABC"),
  stop: goto("/stop"),
  "stop-refused": refused("/stop", { email: "anna@example.eu", password: "wrong", word: "STOP" }),
  "stop-link": goto("/stop/link"),
  "not-found": goto("/nowhere"),
};

// Signed in, without a device.
const begun = {
  "account-new": goto("/account"),
  "devices-none": goto("/account/devices"),
  "device-link-sent": refused("/account/devices", { name: "My phone", password: PASSWORD }, "/account/devices/add"),
  "password-change": goto("/account/password"),
  "password-change-refused": refused("/account/password", { old: "wrong", password: "short", password_again: "other" }),
  "email-change": goto("/account/email"),
  "email-change-refused": refused("/account/email", { email: "anna@", password: PASSWORD }),
};

// Signed in, with a phone.
const owner = {
  account: goto("/account"),
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
  transfer: goto("/account/transfer"),
};

async function person(world, page, email) {
  await register(world, page, email);
}

export const WALKS = [
  { pages: visitor },
  { person: (world, page) => person(world, page, "begun@example.eu"), pages: begun },
  {
    person: async (world, page) => {
      await person(world, page, "anna@example.eu");
      await enrol(world, page, "phone", "sheets-code");
    },
    pages: owner,
  },
];
