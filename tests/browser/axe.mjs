// What axe finds on a page, by the rules of WCAG 2.2 AA.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const SOURCE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

// Findings as text: the rule, and the elements.
export async function findings(page) {
  await page.evaluate(SOURCE);
  const result = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags, rules: { "target-size": { enabled: true } }, resultTypes: ["violations"] }), TAGS);
  return result.violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`));
}

// The same for a page whose scripts are switched off, where axe would wait for ever: what it shows is looked at in another page.
export async function findingsWithoutScript(page, other) {
  const shown = await page.content();
  await other.goto("/robots.txt");
  await other.setContent(shown.replace(/<script[^>]*><\/script>/g, "").replaceAll("noscript>", "div>"));
  return findings(other);
}
