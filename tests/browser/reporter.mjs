// One line for each test, what failed, and the closing line `N passed, N failed`.
export default async function* report(events) {
  let passed = 0;
  let failed = 0;
  for await (const { type, data } of events) {
    if (type === "test:pass" && data.details?.type !== "suite" && !data.skip) {
      passed += 1;
      yield `ok ${data.name} (${Math.round(data.details.duration_ms)} ms)\n`;
    } else if (type === "test:fail" && data.details?.type !== "suite") {
      failed += 1;
      const error = data.details?.error;
      yield `NOT OK ${data.name}\n${error?.cause?.stack ?? error?.stack ?? error}\n`;
    } else if (type === "test:stderr" || type === "test:stdout") {
      yield data.message;
    }
  }
  yield `${passed} passed, ${failed} failed\n`;
}
