// The steps that the walks of the contact sheets are made of.
import { mailed, PASSWORD } from "./world.mjs";

export const NOBODY = "0".repeat(64);
export const EMAIL = "anna.ozola@example.eu";
// A computer that is busy takes its time; milliseconds.
export const PATIENCE = 120_000;

// Fills in the form that goes to this address, and sends it without the browser's own checks.
export async function send(page, action, fields = {}, button = -1) {
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

export const goto = (address) => (page) => page.goto(address);

// A form with these values.
export const sent = (address, fields, action = address) => async (page) => {
  await page.goto(address);
  await send(page, action, fields);
};

// A page that is made once, and then opened in each language.
export function once(make) {
  let address;
  return async (page, world) => {
    if (address) {
      return page.goto(address);
    }
    await make(page, world);
    address = page.url();
  };
}

export const linked = (ask, below) =>
  once(async (page, world) => {
    await ask(page, world);
    await page.goto(await mailed(world, below));
  });

export async function givePassword(page, means, email = EMAIL) {
  await sent("/sign-in", { email, remember: true })(page);
  await send(page, "/sign-in/password", { password: PASSWORD, ...(means && { method: { choose: means } }) });
}
