import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "./world.mjs";

// What is read on what, at 4.5:1, and what is seen beside what, at 3:1 (WCAG 2.2, 1.4.3 and 1.4.11).
const READ = [
  ["ink", "page"], ["ink", "surface"], ["ink", "sunken"], ["ink", "accent-soft"], ["ink", "good-soft"], ["ink", "warn-soft"], ["ink", "bad-soft"],
  ["soft", "page"], ["soft", "surface"], ["soft", "sunken"],
  ["accent", "page"], ["accent", "surface"], ["accent-strong", "page"], ["accent-strong", "surface"], ["accent-strong", "accent-soft"],
  ["on-accent", "accent"], ["on-accent", "accent-strong"], ["on-bad", "bad"], ["on-bad", "bad-strong"],
  ["good", "good-soft"], ["warn", "warn-soft"], ["bad", "bad-soft"], ["bad-strong", "bad-soft"], ["bad", "surface"], ["bad", "page"],
];
const SEEN = [["edge", "page"], ["edge", "surface"], ["edge", "sunken"], ["accent", "page"], ["accent", "surface"], ["accent", "sunken"], ["bad", "surface"],
  // The ring around what has the focus.
  ["accent", "accent-soft"], ["accent", "good-soft"], ["accent", "warn-soft"], ["accent", "bad-soft"]];

// The tokens of both themes: the last value that the style sheet gives.
function themes(css) {
  const screen = css.replace(/@media print \{[\s\S]*?\n\}/, "");
  const dark = [...screen.matchAll(/@media \(prefers-color-scheme: ?dark\) ?\{\s*:root ?\{([^}]*)\}/g)];
  const light = dark.reduce((rest, [whole]) => rest.replace(whole, ""), screen);
  const tokens = (text) => Object.fromEntries([...text.matchAll(/--([a-z-]+): ?(#[0-9a-f]{6})/g)].map(([, name, colour]) => [name, colour]));
  const base = tokens(light);
  return { light: base, dark: { ...base, ...tokens(dark.map(([, inner]) => inner).join(";")) } };
}

function luminance(colour) {
  const part = (at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
}

function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

async function check(accent) {
  const world = await World.start(accent ? ["--accent", accent] : []);
  try {
    const page = await world.browser();
    await page.goto("/sign-in");
    const css = await (await page.request.get(await page.locator("link[rel=stylesheet]").getAttribute("href"))).text();
    const { light, dark } = themes(css);
    assert.notEqual(light.page, dark.page);
    assert.equal(light.accent, accent ?? light.accent);
    for (const [theme, tokens] of Object.entries({ light, dark })) {
      for (const [pairs, least] of [[READ, 4.5], [SEEN, 3]]) {
        for (const [front, back] of pairs) {
          const ratio = contrast(tokens[front], tokens[back]);
          assert.ok(ratio >= least, `${theme}: ${front} on ${back} has ${ratio.toFixed(2)}, not ${least}`);
        }
      }
    }
  } finally {
    await world.stop();
    await world.forget();
  }
}

test("text and borders have the contrast of WCAG in both themes", () => check());
test("so they have in an operator's accent", () => check("#5b2a86"));
test("and in the lightest accents that are taken", async () => {
  for (const accent of ["#b3540c", "#007a33"]) {
    await check(accent);
  }
});
