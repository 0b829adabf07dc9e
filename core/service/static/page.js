// Small helpers for every page. Loads a waiting page again when its state has changed. Without
// JavaScript the page refreshes itself.
"use strict";
// The app's camera reads the part after the # from the code itself; the address bar must not keep
// it.
if (location.pathname.startsWith("/Q/") && location.hash) {
  history.replaceState(null, "", location.pathname);
}
// Choices that need a script are offered only if it runs and the browser has cryptography for them.
if (window.isSecureContext && window.crypto?.subtle) {
  for (const field of document.querySelectorAll("[data-with-script]")) {
    field.value = field.dataset.withScript;
  }
}
const waiting = document.querySelector("[data-poll]");
if (waiting) {
  const ask = async () => {
    try {
      const answer = await fetch(waiting.dataset.poll, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      const news = answer.ok && !answer.redirected ? await answer.json() : {};
      if (news.state !== waiting.dataset.state) {
        location.reload();
        return;
      }
      const pushed = document.getElementById("pushed");
      if (pushed) pushed.hidden = !news.pushed;
    } catch {
      // No network now: retry.
    }
    setTimeout(ask, 1500);
  };
  setTimeout(ask, 1500);
}
