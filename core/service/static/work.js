// The silent work of a form (src/picture/work.rs): in a worker, numbers whose hashes begin with
// zeros; on the page, what waits for them. Without script the page asks for the digits of a picture.
"use strict";

const K = new Int32Array(64);
const START = new Int32Array(8);
{
  // The first 32 bits of the fractional parts of the cube roots of the first 64 primes, and of the
  // square roots of the first 8 (FIPS 180-4, 4.2.2 and 5.3.3).
  const part = (root) => Math.floor((root - Math.floor(root)) * 2 ** 32);
  for (let n = 2, found = 0; found < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) prime &&= n % d !== 0;
    if (!prime) continue;
    K[found] = part(Math.cbrt(n));
    if (found < 8) START[found] = part(Math.sqrt(n));
    found++;
  }
}
const W = new Int32Array(64);

// SHA-256 of one block, whose first 16 words are in W: from the state `from` to the state `to`.
function compress(from, to) {
  for (let i = 16; i < 64; i++) {
    const x = W[i - 15];
    const y = W[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[i] = (W[i - 16] + s0 + W[i - 7] + s1) | 0;
  }
  let a = from[0], b = from[1], c = from[2], d = from[3], e = from[4], f = from[5], g = from[6], h = from[7];
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  to[0] = from[0] + a; to[1] = from[1] + b; to[2] = from[2] + c; to[3] = from[3] + d;
  to[4] = from[4] + e; to[5] = from[5] + f; to[6] = from[6] + g; to[7] = from[7] + h;
}

// SHA-256 of ASCII.
function hash(text) {
  const words = new Int32Array((((text.length + 8) >> 6) + 1) * 16);
  for (let i = 0; i < text.length; i++) words[i >> 2] |= text.charCodeAt(i) << (24 - (i & 3) * 8);
  words[text.length >> 2] |= 0x80 << (24 - (text.length & 3) * 8);
  words[words.length - 1] = text.length * 8;
  const state = START.slice();
  for (let i = 0; i < words.length; i += 16) {
    W.set(words.subarray(i, i + 16));
    compress(state, state);
  }
  return state;
}

function solve({ token, bits, puzzles }) {
  const seed = hash(token);
  const state = new Int32Array(8);
  let proof = "";
  for (let puzzle = 0; puzzle < puzzles; puzzle++) {
    for (let number = 0; ; number++) {
      // 40 bytes: the seed, the puzzle, the number; then the padding.
      W.set(seed);
      W[8] = puzzle;
      W[9] = number;
      W[10] = 0x80000000;
      W.fill(0, 11, 15);
      W[15] = 320;
      compress(START, state);
      if (Math.clz32(state[0]) >= bits) {
        proof += number.toString(16).padStart(8, "0");
        break;
      }
    }
  }
  return proof;
}

function page(form, source) {
  const picture = document.getElementById("picture");
  const said = document.getElementById("work");
  const { check, proof } = form.elements;
  // Anew before the service takes it no longer, which is after ten minutes.
  const FRESH = 9 * 60 * 1000;
  let worker;
  let since;
  let waiting = false;

  const ask = (shown) => {
    picture.hidden = picture.disabled = !shown;
  };
  const fail = () => {
    worker?.terminate();
    worker = undefined;
    proof.value = "";
    ask(true);
    if (waiting) {
      waiting = false;
      said.textContent = form.dataset.failed;
      form.elements.digits.focus();
    }
  };
  const work = (bits) => {
    worker?.terminate();
    proof.value = "";
    since = Date.now();
    if (!bits) return fail();
    worker = new Worker(source);
    worker.onerror = fail;
    worker.onmessage = ({ data }) => {
      worker.terminate();
      proof.value = data;
      if (waiting) form.requestSubmit();
    };
    worker.postMessage({ token: check.value, bits, puzzles: Number(form.dataset.puzzles) });
    ask(false);
  };
  const renew = async () => {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch("/register/picture", { method: "POST", body, headers: { Accept: "application/json" }, credentials: "same-origin" });
    const next = await answer.json();
    check.value = next.token;
    form.dataset.puzzles = next.puzzles;
    const at = `/register/picture/${next.token}`;
    picture.querySelector("img").src = `${at}/code.png`;
    picture.querySelector("audio").src = picture.querySelector("a").href = `${at}/digits.wav`;
    return next.bits;
  };

  form.addEventListener("submit", (event) => {
    if (event.submitter?.formAction.endsWith("/register/picture")) {
      event.preventDefault();
      const shown = () => {
        form.elements.digits.value = "";
        form.elements.digits.focus();
      };
      renew().then(shown, () => (said.textContent = form.dataset.failed));
      return;
    }
    if (!picture.hidden) return;
    const old = Date.now() - since > FRESH;
    if (proof.value && !old) return;
    event.preventDefault();
    waiting = true;
    said.textContent = form.dataset.working;
    if (old) renew().then(work, fail);
  });
  // A page from the browser's memory has a check that was answered.
  window.addEventListener("pageshow", (event) => event.persisted && renew().then(work, fail));
  // Where the page asks for the digits, it gets digits.
  if (form.dataset.bits && !document.getElementById("digits-error")) {
    try {
      work(Number(form.dataset.bits));
    } catch {
      fail();
    }
  }
}

if (typeof document === "undefined") {
  self.onmessage = ({ data }) => self.postMessage(solve(data));
} else {
  page(document.getElementById("register"), document.currentScript.src);
}
