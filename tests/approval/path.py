"""Lists the functions of this project that one approval runs through, on the phone and in the service.

A debug build inlines nothing, so valgrind's callgrind sees every function whose body runs. Listed are
those with an `fn` of their own in a source file of the project. A closure, and the body of an async
function, count as the function that they stand in; what a derive or a library brings does not count.
The phone's side is the whole command `countersign approve`; the service's is what it does meanwhile.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/interop"))
import person as people  # noqa: E402
import service as services  # noqa: E402

TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
PIN = "7294"
OURS = re.compile(r"(?:^|/)((?:core|examples)/[a-z_-]+/src/.*\.rs)$")
CLOSURE = re.compile(r"(::\{\{closure\}\}|::\{closure#\d+\}).*")
ROW = re.compile(r"^\| (\d+) \| `([^`]+)` \| `([^`]+)` \|", re.MULTILINE)


def callgrind(out: pathlib.Path, *more: str) -> list[str]:
    return ["valgrind", "-q", "--tool=callgrind", "--compress-strings=no", "--compress-pos=no",
            f"--callgrind-out-file={out}", *more]


class TracedService(services.Service):
    """The service under callgrind, which counts nothing until it is asked to."""

    def __init__(self, out: pathlib.Path):
        self.out = out
        super().__init__()

    def _start(self) -> None:
        self._command = callgrind(self.out, "--instr-atstart=no") + self._command
        super()._start()

    def count(self, on: str) -> None:
        subprocess.run(["callgrind_control", "-i", on, str(self._process.pid)], check=True, capture_output=True)


def short(name: str) -> str:
    """The function's name without its path and generics."""
    bare, depth = "", 0
    for char in name:
        depth += {"<": 1, ">": -1}.get(char, 0)
        bare += char if depth == 0 and char != ">" else ""
    return bare.rsplit("::", 1)[-1]


def functions(out: pathlib.Path) -> list[tuple[str, str]]:
    """(file, function): those of the project, without closures, derives and libraries."""
    found, path = set(), None
    for line in out.read_text(errors="replace").splitlines():
        if line.startswith("fl="):
            own = OURS.search(line[3:])
            path = own.group(1) if own and "/.cargo/" not in line else None
        elif line.startswith("fn=") and path and (ROOT / path).exists():
            name = CLOSURE.sub("", re.sub(r"'\d+$", "", line[3:]))
            if re.search(rf"\bfn {re.escape(short(name))}\b", (ROOT / path).read_text()):
                found.add((path, name))
    # One generic function has a name for each of its types.
    unique = {(path, re.sub(r"<.*>", "<>", name)): (path, name) for path, name in sorted(found)}
    return sorted(unique.values())


def initialise(person: people.Person, cli: list[str]) -> None:
    person.page = person.browser.get("/account/devices")
    person.submit("/account/devices/add", name="My phone", password=people.PASSWORD)
    person.open_mailed("/account/confirm/")
    command = [*cli, "--json", "init", "--pin-stdin", person.link()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as init:
        init.stdin.write(f"{PIN}\n{PIN}\n")
        init.stdin.close()
        code = re.search(r'code":\s*"([^"]+)"', init.stdout.readline())
        person.reload()
        person.submit("/code", code=code.group(1))


def approve(folder: pathlib.Path) -> None:
    """One approval, under callgrind on both sides."""
    cli = [str(TARGET / "countersign"), "--data", str(folder / "phone")]
    service = TracedService(folder / "service.out")
    try:
        person = people.Person(service, with_phone=False)
        initialise(person, cli)
        person.begin_sign_in()
        person.submit("/sign-in/app")
        command = [*cli, "approve", "--number", person.page.by_id["number"], "--pin-stdin"]
        time.sleep(2)  # What the sign-in left to do is over.
        service.count("on")
        subprocess.run([*callgrind(folder / "phone.out"), *command], input=f"{PIN}\n", text=True, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        service.count("off")
    finally:
        service.stop()


def main() -> None:
    os.environ.setdefault("COUNTERSIGN_SERVICE", str(TARGET / "countersign-service"))
    ran = set()
    with tempfile.TemporaryDirectory(prefix="countersign-approval-") as folder:
        approve(pathlib.Path(folder))
        for side in ("phone", "service"):
            listed = functions(pathlib.Path(folder) / f"{side}.out")
            print(f"{side}: {len(listed)} functions in {len({path for path, _ in listed})} files")
            for path, name in listed:
                print(f"  {path:52} {name}")
            ran |= set(listed)
    print(f"together: {len(ran)} functions in {len({path for path, _ in ran})} files")
    names = {(path, short(name)) for path, name in ran}
    told = [(path, name) for _, path, name in ROW.findall((ROOT / "ARCHITECTURE.md").read_text())]
    missing = [row for row in told if row not in names]
    print(f"ARCHITECTURE.md names {len(told)} of them in {len({path for path, _ in told})} files")
    if missing or not told:
        raise SystemExit(f"it names what did not run: {missing}")


main()
