import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const file = (name) => readFile(new URL(name, import.meta.url));

test("the QR code generator built into the service is the pinned package's, unchanged", async () => {
  const pinned = JSON.parse(await file("./package-lock.json")).packages["node_modules/qrcode-generator"].version;
  const installed = JSON.parse(await file("./node_modules/qrcode-generator/package.json")).version;
  assert.equal(installed, pinned);
  const ours = await file("../../core/service/static/vendor/qrcode.mjs");
  assert.ok(ours.equals(await file("./node_modules/qrcode-generator/dist/qrcode.mjs")));
  const told = String(await file("../../core/service/static/vendor/README.md"));
  assert.ok(told.includes(`qrcode-generator) ${pinned}`));
});
