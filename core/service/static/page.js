// Small helpers for every page. Loads a waiting page again when its state has changed. Without
// JavaScript the page refreshes itself.
"use strict";
// The app's camera reads the part after the # from the code itself; the address bar must not keep
// it.
if (location.pathname.startsWith("/Q/") && location.hash) {
  history.replaceState(null, "", location.pathname);
}
// Times are those of the person's own place, in the language of the page. Without JavaScript they
// are UTC, and say so.
const spoken = document.documentElement.lang;
const clock = new Intl.DateTimeFormat(spoken === "en" ? "en-GB" : spoken, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time")) {
  time.title = time.textContent;
  time.textContent = clock.format(new Date(time.dateTime));
}
// A page of somebody who was signed in is not shown again from memory: they may have left since.
addEventListener("pageshow", (event) => {
  if (event.persisted && document.querySelector("form[action='/sign-out']")) {
    location.reload();
  }
});
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
// A password can be shown while it is typed. It is hidden again when the form is sent, so that
// browsers remember it as a password.
for (const button of document.querySelectorAll("[data-peek]")) {
  const field = document.getElementById(button.dataset.peek);
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", shown);
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    show(field.type === "password");
    field.focus();
  });
  field.form.addEventListener("submit", () => show(false));
}
// An open menu closes by Escape, and when a person goes on elsewhere.
for (const menu of document.querySelectorAll("details.menu")) {
  const close = (event) => menu.contains(event.target) || menu.removeAttribute("open");
  document.addEventListener("click", close);
  document.addEventListener("focusin", close);
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      menu.removeAttribute("open");
      menu.querySelector("summary").focus();
    }
  });
}
