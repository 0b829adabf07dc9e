// Every page in every state: axe has no finding, in the light and in the dark, and nothing is wider than 320 pixels.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { findings } from "./axe.mjs";
import { SETTINGS } from "./sheets.rare.mjs";
import { through } from "./sheets.walks.mjs";
import { fits, World } from "./world.mjs";

const TEMPLATES = new URL("../../core/service/templates/", import.meta.url);
// What is in other pages, and what goes by mail.
const FRAMES = ["base", "parts", "mail"];

// What a page that refuses something does not say to those who can't see it.
const unsaid = (page) => page.evaluate(() => {
  const problems = document.querySelector("#problems");
  const invalid = [...document.querySelectorAll("[aria-invalid=true]")];
  const faults = invalid.filter((field) => !document.getElementById(field.getAttribute("aria-describedby")?.split(" ")[0])).map((field) => `nothing describes #${field.id}`);
  if (!problems) return faults;
  if (!document.title.startsWith("Error: ")) faults.push("its title does not say that there is an error");
  if (document.activeElement !== problems) faults.push(`the focus is not on the problems but on ${document.activeElement.tagName} ${document.activeElement.id}`);
  const linked = [...problems.querySelectorAll("a")].map((link) => document.querySelector(link.hash));
  return faults.concat(linked.filter((field) => field && !invalid.includes(field)).map((field) => `#${field.id} is not aria-invalid`));
});

let world;
before(async () => (world = await World.start(SETTINGS.more, SETTINGS.clients)));
after(async () => {
  await world?.stop();
  await world?.forget();
});

test("axe finds a picture without a text and a target that is too small", async () => {
  const page = await world.browser();
  await page.goto("/sign-in");
  await page.evaluate(() => {
    const row = document.querySelector("main").appendChild(document.createElement("div"));
    row.style.display = "flex";
    row.innerHTML = "<img src='/favicon.ico'><button>a</button><button>b</button>";
    // The page's policy takes no style from markup.
    for (const button of row.querySelectorAll("button")) button.style.cssText = "all: unset; width: 9px; height: 9px";
  });
  const rules = (await findings(page)).map((text) => text.split(":")[0]);
  assert.ok(rules.includes("image-alt") && rules.includes("target-size"), rules.join(" "));
});

// 320 pixels is also what a window of 1280 has left at 400 % (WCAG 2.2, 1.4.10).
test("axe finds nothing on any page, and no page is wider than a window of 320 pixels", async () => {
  const found = [];
  const seen = new Set();
  let pages = 0;
  await through(world, () => true, async (page, name, walk) => {
    await walk();
    pages += 1;
    const named = (await page.locator("header .name").innerText()) === "Example" && (await page.title()).endsWith(" – Example");
    named || found.push(`${name} does not name the service`);
    seen.add(await page.locator("body").getAttribute("data-page"));
    const look = async (variant) => found.push(...(await findings(page)).map((text) => `${name} (${variant}): ${text}`));
    await look("1280 light");
    found.push(...(await unsaid(page)).map((what) => `${name}: ${what}`));
    const nowhere = await page.locator("#problems a").evaluateAll((links) => links.filter((link) => !document.querySelector(link.hash)).map((link) => link.hash));
    found.push(...nowhere.map((hash) => `${name}: the error leads to ${hash}, which is not there`));
    await page.setViewportSize({ width: 320, height: 640 });
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    await look("320 dark");
    (await fits(page)) || found.push(`${name} is wider than 320 pixels`);
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: 1280, height: 720 });
  });
  assert.deepEqual([...new Set(found)], []);
  const all = (await readdir(TEMPLATES)).map((file) => file.replace(".html", "")).filter((name) => !FRAMES.includes(name));
  assert.deepEqual(all.filter((name) => !seen.has(name)), [], "these pages were not looked at");
  assert.ok(pages > 90, `only ${pages} pages`);
});
