import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { enrol, fits, PIN, register, shot, World } from "./world.mjs";

let world;
before(async () => (world = await World.start()));
after(async () => {
  await world?.stop();
  await world?.forget();
});

// The page as it is on a desktop and on a small phone: nothing sticks out.
async function look(page, name) {
  await shot(page, name);
  await page.setViewportSize({ width: 320, height: 740 });
  assert.ok(await fits(page), `${name} is wider than a phone`);
  await shot(page, `${name}-phone`);
  await page.setViewportSize({ width: 1280, height: 720 });
}

// The person types the values on the phone from papers, and the phone's code on the page.
async function sign(page, name, values) {
  await page.waitForURL("**/challenge/*");
  await look(page, name);
  const picture = await shot(page, name);
  const fields = Object.entries(values).flatMap(([id, value]) => ["--field", `${id}=${value}`]);
  const answer = JSON.parse(await world.countersign("phone", ["scan", picture, "--pin-stdin", "--json", ...fields], `${PIN}\n`));
  await page.locator("#code").fill(answer.code);
  await page.locator("form[action$='/code'] button").click();
  await page.waitForURL("**/account/transactions/done/*");
  return answer;
}

test("an operation is signed in English and one in Latvian", async () => {
  const page = await world.browser();
  await register(world, page, "anna@example.eu");
  await enrol(world, page, "phone", "transactions-enrol");
  await page.goto("/account/transactions");
  await page.getByText("Nothing was signed yet").waitFor();
  await look(page, "transactions");

  await page.getByRole("link", { name: "Transfer to a trusted account" }).click();
  await page.getByLabel("IBAN").selectOption({ label: "SIA Ozols, LV80 BANK 0000 4351 9500 1" });
  await page.getByLabel("Amount, EUR").fill("1,234");
  await page.getByRole("button", { name: "Go on to signing" }).click();
  await page.getByRole("alert").getByText("Type the amount as 1234.50").waitFor();
  assert.match(await page.title(), /^Error: /);
  await look(page, "transactions-refused");
  await page.getByLabel("Amount, EUR").fill("1,234.50");
  await page.getByRole("button", { name: "Go on to signing" }).click();
  await sign(page, "transactions-code", { iban: "LV80BANK0000435195001", amount: "1234.50" });
  await page.getByText("The transaction is signed").waitFor();
  await page.getByText("€1,234.50").waitFor();
  await look(page, "transactions-signed");

  await page.getByRole("button", { name: "Latviešu" }).click();
  await page.goto("/account/transactions");
  await page.getByText("1234,50 €").waitFor();
  await page.getByRole("link", { name: "Vienību nodošana" }).click();
  await page.getByRole("textbox", { name: "Konts" }).fill("U20260017");
  await page.getByLabel("Gads").fill("2026");
  await page.getByLabel("Vienības").fill("12 500");
  await page.getByRole("button", { name: "Turpināt ar parakstīšanu" }).click();
  await sign(page, "transactions-code-lv", { account: "U20260017", year: "2026", units: "12500" });
  await page.getByText("Darījums ir parakstīts").waitFor();
  await page.goto("/account/transactions");
  await page.getByRole("link", { name: "Vienību nodošana" }).nth(1).waitFor();
  await look(page, "transactions-lv");
  assert.deepEqual(world.problems.filter((problem) => !problem.includes("400")), []);
});
