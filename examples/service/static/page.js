// Loads the page again when what it waits for has changed. Without JavaScript the page refreshes itself.
"use strict";
const waiting = document.querySelector("[data-poll]");
if (waiting) {
  const ask = async () => {
    try {
      const answer = await fetch(waiting.dataset.poll, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok || answer.redirected || (await answer.json()).state !== waiting.dataset.state) {
        location.reload();
        return;
      }
    } catch {
      // No network at this moment: ask again.
    }
    setTimeout(ask, 1500);
  };
  setTimeout(ask, 1500);
}
