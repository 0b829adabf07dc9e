// One person's way through the pages, from registration to a signed-in account, in four ways: with script off, with the keyboard
// alone, in Latvian, and in a window of 320 pixels. Each page on the way is looked at by axe.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findings, findingsWithoutScript } from "./axe.mjs";
import { fits, mailed, PASSWORD, PIN, shot, typeDigits, World } from "./world.mjs";

let world;
before(async () => (world = await World.start()));
after(async () => {
  await world?.stop();
  await world?.forget();
});

// Does what a person with a mouse does.
class ByMouse {
  constructor(page) {
    this.page = page;
  }
  fill = (field, text) => this.page.locator(field).fill(text);
  press = (button) => this.page.locator(button).click();
  tick = (box) => this.page.locator(box).check();
  choose = (radio) => this.page.locator(radio).check();
}

// Does the same with the keyboard alone: Tab leads to everything, and everything shows where it is.
class ByKeyboard {
  constructor(page) {
    this.page = page;
  }
  #is = (wanted) => this.page.locator(wanted).evaluate((element) => element === document.activeElement);
  async reach(wanted) {
    for (let tabs = 0; tabs < 60; tabs++) {
      if (await this.#is(wanted)) {
        const ring = await this.page.locator(wanted).evaluate((element) => {
          const style = getComputedStyle(element);
          return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
        });
        return assert.ok(ring, `${wanted} does not show that it has the focus`);
      }
      await this.page.keyboard.press("Tab");
    }
    throw new Error(`the keyboard does not reach ${wanted} on ${this.page.url()}`);
  }
  async fill(field, text) {
    await this.reach(field);
    await this.page.keyboard.press("Control+A");
    await this.page.keyboard.type(text);
  }
  async press(button) {
    await this.reach(button);
    await this.page.keyboard.press("Enter");
  }
  async tick(box) {
    await this.reach(box);
    await this.page.keyboard.press("Space");
  }
  // Arrows go through a group of which one is chosen.
  async choose(radio) {
    const name = await this.page.locator(radio).getAttribute("name");
    const chosen = `input[name='${name}']:checked`;
    if (await this.#is(radio)) return;
    await this.reach(chosen);
    for (let arrows = 0; arrows < 10 && !(await this.page.locator(radio).isChecked()); arrows++) {
      await this.page.keyboard.press("ArrowDown");
    }
  }
}

class Walk {
  constructor(page, hands, { email, lang = "en", script = true, phone }) {
    Object.assign(this, { page, hands, email, lang, script, phone });
    this.found = [];
  }

  // The page is the expected one, and is as it should be.
  async at(pattern) {
    await this.page.waitForURL(pattern);
    await this.page.waitForLoadState();
    const where = new URL(this.page.url()).pathname.replace(/[0-9a-f]{16,}/, "…");
    assert.equal(await this.page.locator("html").getAttribute("lang"), this.lang, where);
    assert.ok(await fits(this.page), `${where} is wider than its window`);
    this.mirror ??= this.script ? null : await world.browser();
    const found = await (this.script ? findings(this.page) : findingsWithoutScript(this.page, this.mirror));
    this.found.push(...found.map((text) => `${where}: ${text}`));
  }

  async register() {
    const { page, hands } = this;
    await page.goto("/register");
    await this.at("**/register");
    await hands.fill("#first_name", "Anna");
    await hands.fill("#last_name", "Ozola");
    await hands.fill("#email", this.email);
    await hands.fill("#email_again", this.email);
    await hands.tick("#privacy");
    if (this.script) {
      await hands.press("#register button:not([formaction]):not(.unseen)");
    } else {
      await typeDigits(page);
    }
    await this.at("**/register/sent/*");
    await page.goto(await mailed(world, "/register/", this.email));
    await this.at("**/register/*");
    await hands.fill("#password", PASSWORD);
    await hands.fill("#password_again", PASSWORD);
    await hands.press("main form button:not([type=button]):not([hidden])");
    await this.at("**/register/done");
    await hands.press("main a.button");
    await this.at("**/account");
  }

  async addPhone() {
    const { page, hands } = this;
    await page.goto("/account/devices");
    await this.at("**/account/devices");
    await hands.fill("#name", "My phone");
    await hands.fill("#old", PASSWORD);
    await hands.press("form[action='/account/devices/add'] button:not([type=button]):not([hidden])");
    await this.at("**/account/confirm");
    await page.goto(await mailed(world, "/account/confirm/", this.email));
    await this.at("**/account/confirm/*");
    await hands.press("main form button");
    await this.at("**/account/enrolments/*");
    if (this.script) {
      await hands.fill("#pin", PIN);
      await hands.fill("#pin-again", PIN);
      await hands.press("#choose button:not([type=button]):not([hidden])");
      await page.locator("#qr svg, #qr img, #qr canvas").first().waitFor();
      const picture = await shot(page, `walk-${this.phone}`);
      await world.countersign(this.phone, ["init", picture, "--pin-stdin"], `${PIN}\n`);
    } else {
      const picture = await shot(page, `walk-${this.phone}`);
      const init = await world.printed(this.phone, ["init", picture, "--pin-stdin"], `${PIN}\n${PIN}\n`, /\b(\d{3}) ?(\d{3})\b/);
      await this.lookAgain();
      await hands.fill("#code", init.found[1] + init.found[2]);
      await hands.press("form[action$='/code'] button");
      assert.equal(await init.ended, 0);
      await this.lookAgain();
    }
    await this.at("**/account/devices");
    await page.locator(".once").waitFor();
  }

  // Without a script a button looks whether the phone has answered.
  async lookAgain() {
    if (!this.script && (await this.page.locator(".waits a.button").count()) > 0) {
      await this.hands.press(".waits a.button");
    }
  }

  async signOut() {
    const { page, hands } = this;
    await hands.press("header summary");
    await hands.press("form[action='/sign-out'] button");
    await this.at("**/sign-in");
    await page.locator(".once").waitFor();
  }

  async givePassword(means) {
    const { hands } = this;
    await hands.fill("#email", this.email);
    await hands.press("form[action='/sign-in'] button:not(.link)");
    await this.at("**/sign-in/password");
    await hands.fill("#password", PASSWORD);
    await hands.choose(`input[name=method][value=${means}]`);
    await hands.press("form[action='/sign-in/password'] button:not([type=button]):not([hidden])");
    await this.at("**/challenge/*");
  }

  async signInByApp() {
    await this.givePassword("app");
    const number = (await this.page.locator("#number").innerText()).trim();
    await world.countersign(this.phone, ["approve", "--number", number, "--pin-stdin"], `${PIN}\n`);
    await this.lookAgain();
    await this.at("**/account");
  }

  async signInByCode() {
    const { page, hands } = this;
    await this.givePassword("code");
    const picture = await shot(page, `walk-${this.phone}-code`);
    const { code } = JSON.parse(await world.countersign(this.phone, ["--json", "scan", picture]));
    await hands.fill("#code", "AAAA-AAAA");
    await hands.press("form[action$='/code'] button");
    await page.locator("#problems").waitFor();
    await this.at("**/challenge/*");
    await hands.fill("#code", code);
    await hands.press("form[action$='/code'] button");
    await this.at("**/account");
  }

  async whole() {
    await this.register();
    await this.addPhone();
    await this.signOut();
    await this.signInByApp();
    await this.signOut();
    await this.signInByCode();
    assert.deepEqual(this.found, []);
  }
}

test("the whole way with script off, where buttons do what scripts would", async () => {
  const page = await world.browser({ javaScriptEnabled: false });
  await new Walk(page, new ByMouse(page), { email: "off@example.eu", script: false, phone: "off" }).whole();
});

test("the whole way with the keyboard alone, on which the focus is always seen", async () => {
  const page = await world.browser();
  await new Walk(page, new ByKeyboard(page), { email: "keys@example.eu", phone: "keys" }).whole();
});

test("the whole way in Latvian", async () => {
  const page = await world.browser({ locale: "lv-LV" });
  await new Walk(page, new ByMouse(page), { email: "lv@example.eu", lang: "lv", phone: "lv" }).whole();
});

test("the whole way in a window of 320 pixels, in the dark", async () => {
  const page = await world.browser({ viewport: { width: 320, height: 640 }, colorScheme: "dark" });
  await new Walk(page, new ByMouse(page), { email: "narrow@example.eu", phone: "narrow" }).whole();
});
