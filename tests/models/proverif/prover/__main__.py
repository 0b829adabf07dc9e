"""Judges models and compares with what each expects: python3 prover [-v] MODEL.pv..."""

import re
import sys
from pathlib import Path

import clauses
import language

HERE = Path(__file__).resolve().parent.parent


def expected(text):
    return [word.strip() for word in re.search(r"EXPECT ([\w, ]+?) *\*\)", text)[1].split(",")]


def said(model, query):
    holds, steps, count = clauses.judge(model, query)
    return ("true" if holds else "reached" if query[0] == "never" else "attack"), steps, count


def tested(model, query):
    """The same model with a test of the secret put in: it must be found, or the prover is blind."""
    net, secret = ("name", "net"), ("name", query[1])
    model.functions["test"] = language.Function("test", ("bitstring",), "bitstring")
    model.process = ("par", model.process, ("out", net, ("app", "test", [secret]), ("nil",)))
    return said(model, query)[0]


def main(names):
    talks = "-v" in names
    wrong = 0
    for path in [Path(name) for name in names if name != "-v"] or sorted(HERE.glob("*.pv")):
        model = language.read([HERE / "countersign.pvl"], path)
        found = [said(model, query) for query in model.queries]
        results = [result for result, _, _ in found]
        good = results == expected(path.read_text())
        notes = f"{sum(count for _, _, count in found)} clauses"
        if model.queries[0][0] == "weak" and results == ["true"]:
            blind = tested(model, model.queries[0]) != "attack"
            notes += ", BLIND: a test that was put in is not found" if blind else ", a test put in is found"
            good = good and not blind
        print(f"{'ok  ' if good else 'FAIL'} {path.name}: {', '.join(results)} ({notes})", flush=True)
        for result, steps, _ in found:
            if talks and result == "attack":
                print("".join(f"       {step}\n" for step in steps), end="")
        wrong += not good
    return wrong


if __name__ == "__main__":
    sys.setrecursionlimit(20_000)
    try:
        wrong = main(sys.argv[1:])
    except language.Refused as refused:
        sys.exit(f"refused: {refused}")
    sys.exit(f"{wrong} models are not as expected" if wrong else 0)
