// Small helps of every page. Loads the page again when what it waits for has changed. Without JavaScript the page refreshes itself.
"use strict";
// The app's camera takes what follows the # from the code itself; an address bar must not keep it.
if (location.pathname.startsWith("/Q/") && location.hash) {
  history.replaceState(null, "", location.pathname);
}
// What only a script can do is offered only where the script runs, and where the browser has cryptography for it.
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
      // No network at this moment: ask again.
    }
    setTimeout(ask, 1500);
  };
  setTimeout(ask, 1500);
}
