// One contact sheet for each page: the real service, walked to each state of sheets.walks.mjs, in every variant.
import { mkdir, writeFile } from "node:fs/promises";
import { SETTINGS } from "./sheets.rare.mjs";
import { PATIENCE } from "./sheets.steps.mjs";
import { through, WALKS } from "./sheets.walks.mjs";
import { World } from "./world.mjs";

const OUT = new URL("./sheets-out/", import.meta.url).pathname;
// The pictures of the project's README, drawn anew with these pages.
const PICTURES = new URL("../../docs/pictures/", import.meta.url).pathname;
const IN_README = { waiting: "sign-in.png", account: "account.png" };
const LINKS = ["--help-desk", "https://example.eu/help", "--legal-url", "https://example.eu/legal", "--accessibility-url", "https://example.eu/access"];
// Language, width, theme, and text size in per cent.
const VARIANTS = [
  ["en", 1280, "light", 100], ["en", 1280, "dark", 100], ["lv", 1280, "light", 100], ["en", 1280, "light", 200],
  ["en", 360, "light", 100], ["en", 360, "dark", 100], ["lv", 360, "light", 100], ["en", 320, "light", 100], ["lv", 320, "dark", 100],
];
// The width of a desktop's picture on the sheet, beside its own.
const SCALE = 0.5;

const wanted = process.argv.slice(2);
if (wanted[0] === "--list") {
  console.log(WALKS.flatMap(({ pages }) => Object.keys(pages)).join("\n"));
  process.exit(0);
}
const isWanted = (name) => wanted.length === 0 || wanted.includes(name);

async function speak(page, language) {
  const button = page.locator(`footer button[value="${language}"]`);
  if ((await button.count()) > 0) {
    await Promise.all([page.waitForEvent("load"), button.click()]);
  }
}

async function look(page, [, width, scheme, text]) {
  await page.setViewportSize({ width, height: width < 600 ? 640 : 720 });
  await page.mouse.move(0, 0);
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
  // What a form has done is said a moment after the page is there.
  await page.waitForFunction(() => document.querySelector(".once [role=status] p")?.textContent.trim() !== "");
  await page.evaluate((size) => (document.documentElement.style.fontSize = `${size}%`), text);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  const picture = await page.screenshot({ fullPage: true, timeout: PATIENCE });
  await page.evaluate(() => document.documentElement.style.removeProperty("font-size"));
  return { picture, wide };
}

async function sheet(world, name, shots) {
  const tiles = shots.map(({ variant, picture }) => {
    const [language, width, scheme, text] = variant;
    const label = `${language} ${width} ${scheme}${text === 100 ? "" : ` ${text} %`}`;
    return `<figure><figcaption>${label}</figcaption><img width="${width * SCALE}" src="data:image/png;base64,${picture.toString("base64")}"></figure>`;
  });
  const context = await world.chromium.newContext({ viewport: { width: 1960, height: 600 } });
  const page = await context.newPage();
  await page.setContent(`<style>
    body { margin: 12px; background: #8a9299; font: 14px sans-serif; display: flex; flex-wrap: wrap; gap: 12px; align-items: flex-start }
    figure { margin: 0 } img { display: block } h1 { font-size: 18px; margin: 0; flex-basis: 100% }</style><h1>${name}</h1>${tiles.join("")}`);
  await writeFile(`${OUT}${name}.png`, await page.screenshot({ fullPage: true, timeout: PATIENCE }));
  await context.close();
}

const world = await World.start([...LINKS, ...SETTINGS.more], SETTINGS.clients);
await mkdir(OUT, { recursive: true });
let problems = 0;
const complain = (text) => {
  problems += 1;
  console.log(`PROBLEM  ${text}`);
};
try {
  await through(world, isWanted, async (page, name, walk) => {
    const shots = [];
    let spoken;
    try {
      for (const variant of VARIANTS.toSorted((a, b) => a[0].localeCompare(b[0]))) {
        if (spoken !== variant[0]) {
          await page.setViewportSize({ width: 1280, height: 720 });
          await page.goto("/stop");
          await speak(page, (spoken = variant[0]));
          await walk();
        }
        const { picture, wide } = await look(page, variant);
        if (variant === VARIANTS[0] && IN_README[name]) {
          await page.screenshot({ path: `${PICTURES}${IN_README[name]}` });
        }
        shots.push({ variant, picture });
        wide > 0 && complain(`${name} is ${wide} pixels too wide: ${variant.join(" ")}`);
      }
    } catch (error) {
      complain(`${name}: ${error.message}`);
    }
    await sheet(world, name, shots.sort((a, b) => VARIANTS.indexOf(a.variant) - VARIANTS.indexOf(b.variant)));
    console.log(`${name}.png`);
  });
  const expected = /status of 4\d\d/;
  for (const problem of new Set(world.problems.filter((text) => !expected.test(text)))) {
    complain(`the browser's console: ${problem}`);
  }
} finally {
  await world.stop();
  await world.forget();
}
process.exitCode = problems > 0 ? 1 : 0;
