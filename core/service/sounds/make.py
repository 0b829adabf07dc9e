"""The ten digits of a language as speech: 8 kHz, mono, 8 bit, without silence around them."""
import array, math, subprocess, sys, tempfile, wave

WORDS = {
    "en": "zero one two three four five six seven eight nine",
    "lv": "nulle viens divi trīs četri pieci seši septiņi astoņi deviņi",
}
RATE = 8000

def spoken(lang, word):
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["espeak-ng", "-v", lang, "-s", "140", "-g", "0", "-w", file.name, word], check=True)
        with wave.open(file.name) as sound:
            assert (sound.getnchannels(), sound.getsampwidth()) == (1, 2)
            return sound.getframerate(), array.array("h", sound.readframes(sound.getnframes()))

def lowered(rate, samples):
    """Resampled with a windowed sinc below 3.6 kHz."""
    cut, half, out = 3600 / rate * 2, 24, []
    for at in range(int(len(samples) * RATE / rate)):
        middle = at * rate / RATE
        total = weight = 0.0
        for n in range(int(middle) - half, int(middle) + half + 1):
            if 0 <= n < len(samples):
                d = n - middle
                w = cut * (1 if d == 0 else math.sin(math.pi * cut * d) / (math.pi * cut * d)) * (0.54 + 0.46 * math.cos(math.pi * d / (half + 1)))
                total, weight = total + w * samples[n], weight + w
        out.append(total / (weight or 1))
    return out

def trimmed(samples):
    peak = max(map(abs, samples))
    loud = [at for at, s in enumerate(samples) if abs(s) > peak * 0.03]
    cut = samples[max(loud[0] - 80, 0):loud[-1] + 160]
    return [max(0, min(255, round(128 + s / peak * 110))) for s in cut]

for lang, words in WORDS.items():
    for digit, word in enumerate(words.split()):
        samples = trimmed(lowered(*spoken(lang, word)))
        with wave.open(f"{sys.argv[1]}/{lang}/{digit}.wav", "wb") as out:
            out.setnchannels(1), out.setsampwidth(1), out.setframerate(RATE)
            out.writeframes(bytes(samples))
        print(lang, word, len(samples))
