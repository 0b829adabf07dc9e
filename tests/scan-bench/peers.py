"""Reads the same grey pictures with zxing-cpp and zbar, and prints everything side by side, with what OURS.tsv has of rqrr.

usage: peers.py FOLDER OURS.tsv
"""
import ctypes, ctypes.util, pathlib, sys, time
import numpy
import zxingcpp

folder, ours = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])


def pgm(path):
    magic, size, top, pixels = path.read_bytes().split(b"\n", 3)
    width, height = map(int, size.split())
    return numpy.frombuffer(pixels, numpy.uint8).reshape(height, width)


def zxing(image):
    found = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode, text_mode=zxingcpp.TextMode.Plain)
    return [b.text.encode() for b in found]


def load_zbar():
    name = ctypes.util.find_library("zbar") or "libzbar.so.0"
    try:
        z = ctypes.CDLL(name)
    except OSError:
        print("zbar is not installed (Debian: apt-get install libzbar0); left out")
        return None
    p, i = ctypes.c_void_p, ctypes.c_int
    for f, result, arguments in [
        ("image_scanner_create", p, []), ("image_scanner_set_config", i, [p, i, i, i]), ("scan_image", i, [p, p]),
        ("image_create", p, []), ("image_destroy", None, [p]), ("image_set_format", None, [p, ctypes.c_ulong]),
        ("image_set_size", None, [p, ctypes.c_uint, ctypes.c_uint]),
        ("image_set_data", None, [p, p, ctypes.c_ulong, p]), ("image_first_symbol", p, [p]),
        ("symbol_next", p, [p]), ("symbol_get_data", p, [p]), ("symbol_get_data_length", ctypes.c_uint, [p]),
    ]:
        function = getattr(z, "zbar_" + f)
        function.restype, function.argtypes = result, arguments
    scanner = z.zbar_image_scanner_create()
    z.zbar_image_scanner_set_config(scanner, 0, 0, 0)   # all kinds off,
    z.zbar_image_scanner_set_config(scanner, 64, 0, 1)  # QR codes on

    def read(image):
        data = numpy.ascontiguousarray(image)
        picture = z.zbar_image_create()
        z.zbar_image_set_format(picture, int.from_bytes(b"Y800", "little"))
        z.zbar_image_set_size(picture, data.shape[1], data.shape[0])
        z.zbar_image_set_data(picture, data.ctypes.data, data.size, None)
        z.zbar_scan_image(scanner, picture)
        out, symbol = [], z.zbar_image_first_symbol(picture)
        while symbol:
            out.append(ctypes.string_at(z.zbar_symbol_get_data(symbol), z.zbar_symbol_get_data_length(symbol)))
            symbol = z.zbar_symbol_next(symbol)
        z.zbar_image_destroy(picture)
        return out

    return read


decoders = {"zxing-cpp": zxing}
if zbar := load_zbar():
    decoders["zbar"] = zbar
results = {}  # (decoder, name) -> (ms, texts)
for line in ours.read_text().splitlines():
    name, way, ms, texts = line.split("\t")
    decoder = way if way == "rqrr" else "countersign " + way
    results[decoder, name] = float(ms), [bytes.fromhex(t) for t in texts.split(",") if t or texts]
expected = {}
for path in sorted(folder.glob("*.pgm")):
    image, name = pgm(path), path.stem
    expected[name] = path.with_suffix(".txt").read_bytes()
    for decoder, read in decoders.items():
        best = None
        for _ in range(3):
            start = time.thread_time()
            texts = read(image)
            ms = (time.thread_time() - start) * 1e3
            best = ms if best is None else min(best, ms)
        results[decoder, name] = best, texts

groups = {}
for name in expected:
    kind = name.split("-")[0] if name.startswith("photo") else "frame " + name.split("-")[1]
    groups.setdefault(kind, []).append(name)
    if name.startswith("frame-") and "Nothing" not in name:
        groups.setdefault("frames with a code", []).append(name)
every = ["countersign still", "countersign camera", "countersign camera-worst", *decoders, "rqrr"]


def same(text, wanted):
    flat = lambda b: b.replace(b"\r\n", b"\n").strip()
    return flat(text) == flat(wanted) or flat(text).decode("utf8", "replace") == flat(wanted).decode("latin1")


print(f"{'pictures':24}{'decoder':26}{'read':>6}{'wrong':>7}{'none':>6}{'mean ms':>9}{'worst ms':>10}")
for group, names in groups.items():
    for decoder in every:
        got = [(n, *results[decoder, n]) for n in names if (decoder, n) in results]
        if not got:
            continue
        read = wrong = 0
        for n, _, texts in got:
            if any(expected[n] and same(t, expected[n]) for t in texts):
                read += 1
            elif texts:
                wrong += 1
        times = [ms for _, ms, _ in got]
        print(f"{group:24}{decoder:26}{read:6}{wrong:7}{len(got) - read - wrong:6}{sum(times) / len(times):9.2f}{max(times):10.2f}")
missed = open(folder / "missed.txt", "w")
for n in expected:
    row = {d: ("read" if any(same(t, expected[n]) for t in results[d, n][1]) else "wrong" if results[d, n][1] else "none")
           for d in every if (d, n) in results}
    if expected[n] and row["countersign still"] != "read" or row["countersign still"] == "wrong":
        print(n, row, results["countersign still", n][0], file=missed)
