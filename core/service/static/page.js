// Small helpers for every page.
"use strict";
// The app's camera reads the part after the # from the code itself, and no server sees it: the
// page's button goes on with it. Browsers open no app from a page that is the app's own too, so the
// page is another one when the button is pressed.
const code = document.querySelector("[data-code]");
if (code) {
  code.hash = location.hash;
  code.addEventListener("click", () => history.replaceState(null, "", "/"));
}
// The address bar must not keep it.
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
// What a form has done is said once more when the page is there: screen readers tell of what changes, not of what is there at the start.
const once = document.querySelector(".once [role=status] p");
if (once) {
  const text = once.textContent;
  once.textContent = "\u00a0";
  setTimeout(() => (once.textContent = text), 200);
}
// Choices that need a script are offered only if it runs and the browser has cryptography for them.
if (window.isSecureContext && window.crypto?.subtle) {
  for (const field of document.querySelectorAll("[data-with-script]")) {
    field.value = field.dataset.withScript;
  }
}
// A page that waits asks for news, and is loaded again when there are any. As long as there is no
// answer it stays as it is, and says so.
const waiting = document.querySelector("[data-poll]");
if (waiting) {
  const news = waiting.querySelector(".news");
  const clock = waiting.querySelector("[role=timer]");
  // The QR code of a page that takes a code is replaced on the page, which keeps what was typed.
  const renewal = document.querySelector("form[data-new]");
  let ends, timer, said, warned, dead;
  let failures = 0;

  const say = (text) => {
    if (news && news.textContent !== text) news.textContent = text;
  };
  const tick = () => {
    if (dead) return;
    const left = Math.max(0, Math.round((ends - Date.now()) / 1000));
    clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left <= 60 && !warned) {
      warned = true;
      said = waiting.dataset.soon;
    }
    if (!failures) say(said);
  };
  const again = (pause) => {
    clearTimeout(timer);
    timer = setTimeout(ask, pause);
  };
  const go = () => location.replace(waiting.dataset.poll);
  const over = () => {
    dead = true;
    for (const part of document.querySelectorAll("[data-fresh=picture], [data-fresh=link]")) part.hidden = true;
    document.querySelector("[data-fresh=qr]").classList.add("over");
    renewal.querySelector("button").classList.remove("link");
    clock.parentElement.hidden = true;
    said = renewal.dataset.over;
    say(said);
  };

  async function ask() {
    const asked = waiting.dataset.poll;
    let answer;
    try {
      const options = { headers: { Accept: "application/json" }, redirect: "manual", signal: AbortSignal.timeout(10_000) };
      answer = await fetch(`${asked}/state`, options);
      if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 404) return go();
      if (!answer.ok) throw new Error(answer.status);
      answer = await answer.json();
    } catch {
      failures += 1;
      say(waiting.dataset.lost);
      return again(Math.min(1500 * failures, 6000));
    }
    // Meanwhile another code took the place of this one.
    if (asked !== waiting.dataset.poll) return;
    failures = 0;
    say(said);
    if (answer.state === "over" && renewal) return over();
    if (answer.state !== waiting.dataset.state) return go();
    if (answer.left !== undefined) ends = Date.now() + 1000 * answer.left;
    const pushed = document.getElementById("pushed");
    if (pushed) pushed.hidden = !answer.pushed;
    again(1500);
  }
  const begin = (text) => {
    said = text;
    dead = warned = false;
    say(said);
    ends = Date.now() + 1000 * waiting.dataset.left;
    again(1500);
  };

  for (const part of waiting.querySelectorAll(".left, .scripted")) part.hidden = false;
  if (clock) {
    waiting.querySelector(".until").hidden = true;
    setInterval(tick, 1000);
  }
  begin("");
  if (clock) tick();
  // A page that was out of sight, or without a network, asks at once.
  addEventListener("online", ask);
  document.addEventListener("visibilitychange", () => document.hidden || ask());

  renewal?.addEventListener("submit", async (event) => {
    // After an error the whole page is new.
    if (document.getElementById("problems")) return;
    event.preventDefault();
    let answer, text;
    try {
      answer = await fetch(renewal.action, { method: "POST", body: new URLSearchParams(new FormData(renewal)), signal: AbortSignal.timeout(10_000) });
      text = await answer.text();
    } catch {
      return say(waiting.dataset.lost);
    }
    const page = new DOMParser().parseFromString(text, "text/html");
    const next = page.querySelector("[data-poll]");
    if (!answer.ok || !next) return renewal.submit();
    for (const part of document.querySelectorAll("[data-fresh]")) {
      part.replaceWith(page.querySelector(`[data-fresh=${part.dataset.fresh}]`));
    }
    const moved = (text) => text.replace(waiting.dataset.poll, next.dataset.poll);
    for (const form of document.forms) form.setAttribute("action", moved(form.getAttribute("action")));
    for (const field of document.querySelectorAll("input[name=to]")) field.value = moved(field.value);
    waiting.dataset.poll = next.dataset.poll;
    waiting.dataset.left = next.dataset.left;
    history.replaceState(null, "", next.dataset.poll);
    renewal.querySelector("button").classList.add("link");
    clock.parentElement.hidden = false;
    begin(renewal.dataset.new);
  });
}
// A session that is not used ends. The page says so two minutes before, with a button to stay; a
// page that is opened in another tab is a use as well. Once it has ended, the page is left.
const ending = document.querySelector(".ends[data-left]");
if (ending) {
  const notice = ending.firstElementChild;
  const { left, age, idle } = ending.dataset;
  const last = Date.now() + 1000 * age;
  let ends = Date.now() + 1000 * left;
  const used = () => {
    ends = Math.min(Date.now() + 1000 * idle, last);
    notice.hidden = true;
  };
  const tabs = new BroadcastChannel("used");
  tabs.addEventListener("message", used);
  tabs.postMessage("");
  setInterval(() => {
    if (Date.now() > ends + 2000) location.reload();
    else if (Date.now() > ends - 120_000) notice.hidden = false;
  }, 1000);
  notice.querySelector("button")?.addEventListener("click", async () => {
    const answer = await fetch("/account", { method: "HEAD", redirect: "manual" }).catch(() => ({}));
    if (!answer.ok) return location.reload();
    used();
    tabs.postMessage("");
    const main = document.getElementById("main");
    main.tabIndex = -1;
    main.focus();
  });
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
