"""Asks ProVerif, where it is installed."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

RESULTS = {
    ("not", "false"): "reached",
    ("not", "true"): "never",
    ("claim", "true"): "true",
    ("claim", "false"): "attack",
}


def is_there():
    return shutil.which("proverif") is not None


def version():
    ran = subprocess.run(["proverif", "--help"], capture_output=True, text=True, check=False)
    found = re.search(r"Proverif (\d[\w.]*\w)", ran.stdout, re.IGNORECASE)
    return found[1] if found else "unknown version"


def results(output):
    """One word for each query, in their order, from the summary.

    "not event(...)" is false where the event is reached.
    """
    found = []
    for line in output.partition("Verification summary")[2].splitlines():
        if not line.startswith(("Query ", "Weak secret ")):
            continue
        end = re.search(r" (?:is (true|false)|cannot be proved)\.$", line)
        kind = "not" if line.startswith("Query not ") else "claim"
        found.append(RESULTS[kind, end[1]] if end and end[1] else "unknown")
    return ", ".join(found)


def judge(library, path):
    """(the verdict or none, ProVerif's version, why there is none)"""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / path.name
        model.write_text(library.read_text() + path.read_text())
        ran = subprocess.run(["proverif", str(model)], capture_output=True, text=True, check=False)
    verdict = results(ran.stdout)
    said = (ran.stdout + ran.stderr).strip().splitlines()
    return verdict, version(), f"no verdict: {said[-1] if said else f'ended with {ran.returncode}'}"
