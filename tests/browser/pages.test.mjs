// Every page in every state: axe has no finding, in the light and in the dark, and nothing is wider than 320 pixels.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findings } from "./axe.mjs";
import { through } from "./sheets.walks.mjs";
import { fits, World } from "./world.mjs";

let world;
before(async () => (world = await World.start()));
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
  let seen = 0;
  await through(world, () => true, async (page, name, walk) => {
    await walk();
    seen += 1;
    const look = async (variant) => found.push(...(await findings(page)).map((text) => `${name} (${variant}): ${text}`));
    await look("1280 light");
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
  assert.ok(seen > 40, `only ${seen} pages`);
});
