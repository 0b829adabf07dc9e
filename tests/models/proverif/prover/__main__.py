"""Judges models, compares with what each expects, and with the record of verdicts.

python3 prover [--record] [MODEL.pv...]
"""

import re
import sys
import time
from pathlib import Path

import clauses
import language
import proverif
from verdicts import FILE, Verdicts, fingerprint

HERE = Path(__file__).resolve().parent.parent
LIBRARY = HERE / "countersign.pvl"


def expected(text):
    found = re.search(r"EXPECT ([\w, ]+?) *\*\)", text)
    return found[1].split(", ") if found else ["(no EXPECT in its first comment)"]


def words(query, holds):
    good, bad = ("never", "reached") if query[0] == "never" else ("true", "attack")
    return good if holds else bad


def finds(model):
    """Whether a test of the secret that is put into the model is found: else the prover is blind."""
    net, secret = ("name", "net"), ("name", model.queries[0][1])
    model.functions["test"] = language.Function("test", ("bitstring",), "bitstring")
    model.process = ("par", model.process, ("out", net, ("app", "test", [secret]), ("nil",)))
    ((holds, _),), _, _ = clauses.judge(model)
    return not holds


def judged(path, talks):
    """(the verdict, whether nothing speaks against it, what to say of it)"""
    model = language.read([LIBRARY], path)
    found, count, dead = clauses.judge(model)
    verdict = ", ".join(words(query, holds) for query, (holds, _) in zip(model.queries, found))
    notes, good = f"{count} clauses", True
    if model.queries[0][0] == "weak" and verdict == "true":
        # That a secret can't be tested must be said of messages that are sent. (Agreements have
        # queries for what must be reached.)
        if dead:
            notes, good = f"{notes}, DEAD: no run sends {'; '.join(dead)}", False
        if finds(model):
            notes += ", a test put in is found"
        else:
            notes, good = f"{notes}, BLIND: a test that was put in is not found", False
    notes = f"{verdict} ({notes})"
    for query, (_, steps) in zip(model.queries, found):
        if talks and query[0] != "never":
            notes += "".join(f"\n       {step}" for step in steps)
    return verdict, good, notes


def by_the_small_prover(paths, record, writes, talks):
    """Gives the names of those that are not as expected, or not as recorded."""
    wrong = []
    for path in paths:
        wanted = ", ".join(expected(path.read_text()))
        try:
            verdict, good, notes = judged(path, talks)
            mark = fingerprint(LIBRARY, path)
        except Exception as error:  # Whatever goes wrong with one, the others are judged.
            print(f"FAIL {path.name}: no verdict: {error!r}; expected {wanted}", flush=True)
            wrong.append(path.name)
            continue
        complaints = [] if verdict == wanted else [f"expected {wanted}"]
        if writes and good and verdict == wanted:
            record.note(path.stem, mark, wanted, verdict)
        elif not writes:
            complaints += record.complaints(path.stem, mark, wanted, verdict)
        if complaints or not good:
            wrong.append(path.name)
            print(f"FAIL {path.name}: {'; '.join([notes, *complaints])}", flush=True)
        else:
            print(f"ok   {path.name}: {notes}", flush=True)
    return wrong


def by_proverif(paths, record, writes):
    wrong = []
    for path in paths:
        wanted = ", ".join(expected(path.read_text()))
        verdict, version, why = proverif.judge(LIBRARY, path)
        good = verdict == wanted
        if good:
            print(f"ok   {path.name}: {verdict}", flush=True)
        else:
            print(f"FAIL {path.name}: {verdict or why}; expected {wanted}", flush=True)
            wrong.append(path.name)
        if good and writes:
            record.note_proverif(path.stem, fingerprint(LIBRARY, path), f"{version}: {verdict}")
    return wrong


def main(arguments):
    writes, names = "--record" in arguments, [name for name in arguments if name != "--record"]
    every = sorted(HERE.glob("*.pv"))
    paths = [HERE / Path(name).name for name in names] or every
    record = Verdicts.read(HERE / FILE)

    print("== the prover in this folder")
    wrong = by_the_small_prover(paths, record, writes, talks=bool(names))
    print(f"{len(paths)} models in {time.process_time():.0f} s of processor time")
    if not names:
        left = record.without_model({path.stem for path in every})
        if writes:
            record.forget(left)
        else:
            wrong += [f"{FILE}: {name}" for name in left]
            print("".join(f"FAIL {FILE}: there is no model {name}\n" for name in left), end="")

    print("== ProVerif")
    if proverif.is_there():
        wrong += by_proverif(paths, record, writes)
    else:
        print("SKIPPED: proverif is not installed (README.md says how)")
    if writes:
        record.write()
    return len(set(wrong))


if __name__ == "__main__":
    sys.setrecursionlimit(20_000)
    wrong = main(sys.argv[1:])
    sys.exit(f"{wrong} models are not as expected" if wrong else 0)
