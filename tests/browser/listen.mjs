// What is heard in the sound of a form: which recorded digit each word is most like.

const HOP = 80; // 10 ms
const BANDS = 16;

const samples = (wav) => Float32Array.from(wav.subarray(44), (byte) => byte - 128);

// The words: parts that are louder than the noise, with 250 ms of noise alone between them.
function words(all) {
  const found = [];
  let quiet = 25;
  for (let at = 0; at + HOP <= all.length; at += HOP) {
    const part = all.subarray(at, at + HOP);
    if (Math.sqrt(part.reduce((sum, x) => sum + x * x, 0) / HOP) < 9) {
      quiet += 1;
      continue;
    }
    if (quiet >= 25) found.push([at, at]);
    found.at(-1)[1] = at + HOP;
    quiet = 0;
  }
  return found.map(([from, to]) => all.subarray(from, to));
}

// How loud each band is in each 10 ms, of windows of 20 ms.
function spectrum(word) {
  const frames = [];
  for (let at = 0; at + 2 * HOP <= word.length; at += HOP) {
    const frame = [];
    for (let band = 1; band <= BANDS; band++) {
      let re = 0;
      let im = 0;
      for (let i = 0; i < 2 * HOP; i++) {
        const x = word[at + i] * Math.sin((Math.PI * i) / (2 * HOP));
        re += x * Math.cos((2 * Math.PI * band * 210 * i) / 8000);
        im += x * Math.sin((2 * Math.PI * band * 210 * i) / 8000);
      }
      frame.push(Math.log(0.8 + Math.hypot(re, im) / HOP));
    }
    frames.push(frame);
  }
  return frames;
}

// How unlike two words are, when one may be spoken faster here and slower there.
function unlike(one, other) {
  const apart = (a, b) => Math.hypot(...a.map((x, i) => x - b[i]));
  let before = other.map(() => Infinity);
  one.forEach((frame, i) => {
    const now = [];
    other.forEach((known, j) => {
      const least = i + j === 0 ? 0 : Math.min(before[j], now[j - 1] ?? Infinity, before[j - 1] ?? Infinity);
      now.push(least + apart(frame, known));
    });
    before = now;
  });
  return before.at(-1) / (one.length + other.length);
}

// The digits that are heard, from the WAV files of the sound and of the ten digits.
export function heard(wav, digits) {
  const known = digits.map((digit) => spectrum(words(samples(digit)).at(0)));
  return words(samples(wav))
    .map(spectrum)
    .map((word) => known.map((digit) => unlike(word, digit)))
    .map((far) => far.indexOf(Math.min(...far)))
    .join("");
}
