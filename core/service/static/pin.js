// The PIN chosen in this page (PROTOCOL.md, sections 5 and 10, way 1). The page makes S, and K and
// V of S and the PIN, and draws the code with S in it. Only V leaves it: S and the PIN are in no
// request, address or storage.
import qrcode from "./qrcode.mjs";

const form = document.getElementById("choose");
const [pin, again, problem] = ["pin", "pin-again", "pin-problem"].map((id) => document.getElementById(id));
const ascii = new TextEncoder();

function base32(bytes) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  let text = "";
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) {
      text += alphabet[(held >> (bits - 5)) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + alphabet[(held << (5 - bits)) & 31] : text;
}

const fromHex = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

// V = SHA-256(K), K = HMAC-SHA256(S, "countersign/v1/enrol-pin" | 0x00 | enrolment id | PIN)
async function verifier(s, enrolment, typed) {
  const message = Uint8Array.of(...ascii.encode("countersign/v1/enrol-pin\0"), ...fromHex(enrolment), ...ascii.encode(typed));
  const key = await crypto.subtle.importKey("raw", s, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const k = await crypto.subtle.sign("HMAC", key, message);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", k));
}

// One path of dark runs on white, with the quiet zone of four modules that ISO/IEC 18004 asks for.
function draw(link, s) {
  const code = qrcode(0, "M");
  code.addData(link, "Alphanumeric");
  code.addData(`#${base32(s)}`, "Byte");
  code.make();
  const side = code.getModuleCount();
  let dark = "";
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      if (code.isDark(y, x)) {
        dark += `M${x + 4} ${y + 4}h1v1h-1z`;
      }
    }
  }
  const element = (name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    return made;
  };
  const figure = document.getElementById("qr");
  const label = figure.dataset.label;
  const svg = element("svg", { class: "qr", role: "img", "aria-label": label, viewBox: `0 0 ${side + 8} ${side + 8}`, "shape-rendering": "crispEdges" });
  svg.append(element("path", { fill: "#fff", d: `M0 0h${side + 8}v${side + 8}H0z` }), element("path", { fill: "#000", d: dark }));
  figure.replaceChildren(svg);
}

const title = document.title;

// What is wrong, said as the service says it of a form: in the title too, and with the field.
function say(text) {
  problem.textContent = text;
  problem.hidden = !text;
  document.title = text ? `${form.dataset.error}: ${title}` : title;
  text ? pin.setAttribute("aria-invalid", "true") : pin.removeAttribute("aria-invalid");
}

function refuse(text) {
  say(text);
  pin.value = again.value = "";
  pin.focus();
}

const guessable = async () => {
  const answer = await fetch(new URL("guessable-pins.json", import.meta.url));
  return answer.json();
};

async function choose() {
  say("");
  if (!/^[0-9]{4}$/.test(pin.value)) {
    return refuse(form.dataset.form);
  }
  if (pin.value !== again.value) {
    return refuse(form.dataset.differ);
  }
  const reason = (await guessable()).find(([, pins]) => pins.includes(pin.value));
  if (reason) {
    return refuse(form.dataset[reason[0]]);
  }
  const s = crypto.getRandomValues(new Uint8Array(16));
  const v = toHex(await verifier(s, form.dataset.enrolment, pin.value));
  // A script can't wipe a text, but nothing on the page holds it any more.
  pin.value = again.value = "";
  const answer = await fetch(`/account/enrolments/${form.dataset.enrolment}/pin`, {
    method: "POST",
    body: new URLSearchParams({ csrf: form.elements.csrf.value, v }),
    credentials: "same-origin",
    redirect: "error",
  });
  if (!answer.ok) {
    throw new Error(`the service answered ${answer.status}`);
  }
  draw((await answer.json()).code, s);
  s.fill(0);
  form.hidden = true;
  document.getElementById("drawn").hidden = false;
  document.getElementById("drawn-title").focus();
}

if (window.isSecureContext && window.crypto?.subtle) {
  form.hidden = false;
  pin.focus();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    choose().catch(() => refuse(form.dataset.failed));
  });
}
