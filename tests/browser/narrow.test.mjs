import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { through } from "./sheets.walks.mjs";
import { fits, World } from "./world.mjs";

let world;
before(async () => (world = await World.start()));
after(async () => {
  await world?.stop();
  await world?.forget();
});

// 320 pixels is also what a window of 1280 has left at 400 % (WCAG 2.2, 1.4.10).
test("no page is wider than a window of 320 pixels", async () => {
  const wide = [];
  let seen = 0;
  await through(world, () => true, async (page, name, walk) => {
    await walk();
    await page.setViewportSize({ width: 320, height: 640 });
    seen += 1;
    (await fits(page)) || wide.push(name);
    await page.setViewportSize({ width: 1280, height: 720 });
  });
  assert.deepEqual(wide, []);
  assert.ok(seen > 40, `only ${seen} pages`);
});
