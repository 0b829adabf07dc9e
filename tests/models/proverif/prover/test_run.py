"""Tests of the command that judges the models: of its record, of what it says of each, and of a
ProVerif that stops on one of them."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from verdicts import FILE, Row  # noqa: E402

HERE = Path(__file__).resolve().parent.parent
FEW = ("attack-queue", "attack-transaction-values", "agree-transaction")
PROVERIF = """#!/bin/sh
case "$1" in
    --help) echo "Proverif 9.99. Cryptographic protocol verifier"; exit 0 ;;
    *attack-queue.pv) echo "Internal error: told to stop" >&2; exit 2 ;;
esac
echo "Verification summary:"
sed -n -e 's/^query.*inj-event.*/Query inj-event(x) ==> inj-event(y) is RESULT./p' \
    -e 's/^query.*; event(carried.*/Query not event(carried(id,values)) is false./p' "$1"
"""


class Run(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.models = self.folder / "models"
        shutil.copytree(HERE / "prover", self.models / "prover")
        for name in ("run", "countersign.pvl", *(f"{name}.pv" for name in FEW)):
            shutil.copy(HERE / name, self.models / name)
        (self.models / "prover" / "test_run.py").write_text("")
        rows = (HERE / FILE).read_text().splitlines()
        self.record = self.models / FILE
        kept = [rows[0], *(row for row in rows if row.split("\t")[0] in FEW)]
        self.record.write_text("\n".join(kept) + "\n")
        self.tools = self.folder / "tools"
        self.tools.mkdir()

    def run_it(self, *arguments):
        """The command, with this Python and a few tools, and without a real ProVerif."""
        path = f"{self.tools}:{Path(sys.executable).parent}:/usr/bin:/bin"
        command = ["bash", str(self.models / "run"), *arguments]
        env = {**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        ran = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
        return ran.returncode, ran.stdout

    def change(self, name, old, new):
        path = self.models / f"{name}.pv"
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new))

    def has_proverif(self, values):
        tool = self.tools / "proverif"
        tool.write_text(PROVERIF.replace("RESULT", values))
        tool.chmod(0o755)

    def test_what_is_as_recorded_passes(self):
        code, said = self.run_it()
        self.assertEqual(code, 0, said)
        self.assertEqual(said.count("ok   "), 3, said)

    def test_a_model_that_changed_and_was_not_judged_since_fails(self):
        self.change("agree-transaction", "process\n", "process\n  new more: bitstring;\n")
        code, said = self.run_it()
        self.assertEqual(code, 1)
        self.assertRegex(said, r"FAIL agree-transaction\.pv: .*changed and not judged")
        self.assertEqual(said.count("ok   "), 2, said)
        self.assertEqual(self.run_it("--record")[0], 0)
        self.assertEqual(self.run_it()[0], 0)
        self.assertRegex(self.record.read_text(), "agree-transaction\t.*\t-\n", "not by ProVerif")

    def test_a_changed_library_leaves_every_model_unjudged(self):
        library = self.models / "countersign.pvl"
        library.write_text(library.read_text() + "type more.\n")
        self.assertEqual(self.run_it()[1].count("changed and not judged"), 3)

    def test_a_comment_changes_no_verdict(self):
        self.change("agree-transaction", "process\n", "(* as before *)\nprocess\n")
        self.assertEqual(self.run_it()[0], 0)

    def test_a_model_without_a_record_fails_and_so_does_a_record_without_a_model(self):
        shutil.move(self.models / "attack-queue.pv", self.models / "attack-other.pv")
        code, said = self.run_it()
        self.assertEqual(code, 1)
        self.assertIn("FAIL attack-other.pv", said)
        self.assertIn("there is no model attack-queue", said)

    def test_what_is_not_as_expected_is_not_recorded(self):
        self.change("attack-queue", "EXPECT attack", "EXPECT true")
        before = self.record.read_text()
        self.assertEqual(self.run_it("--record")[0], 1)
        self.assertEqual(self.record.read_text(), before)

    def test_one_that_can_not_be_read_fails_and_the_others_are_judged(self):
        self.change("agree-transaction", "process\n", "process !!! (\n")
        code, said = self.run_it()
        self.assertEqual(code, 1)
        self.assertIn("FAIL agree-transaction.pv: no verdict", said)
        self.assertEqual(said.count("ok   "), 2, said)

    def test_a_claim_about_messages_that_nobody_sends_fails(self):
        shutil.copy(HERE / "pin-two-services.pv", self.models)
        self.change("pin-two-services", "  | !serves(service, dev) )", ")")
        said = self.run_it("pin-two-services.pv")[1]
        self.assertRegex(said, r"FAIL pin-two-services\.pv: true .*DEAD: no run sends")

    def test_where_proverif_stops_on_one_that_fails_and_it_judges_the_rest(self):
        self.has_proverif("true")
        code, said = self.run_it()
        self.assertEqual(code, 1)
        said = said.partition("== ProVerif")[2]
        self.assertIn("FAIL attack-queue.pv: no verdict: Internal error: told to stop; ", said)
        self.assertIn("FAIL attack-transaction-values.pv: true; expected attack", said)
        self.assertIn("ok   agree-transaction.pv: true, reached", said)

    def test_what_proverif_says_is_recorded_with_its_version(self):
        self.has_proverif("true")
        self.run_it("--record", "agree-transaction.pv")
        self.assertIn("\t9.99: true, reached\n", self.record.read_text())


class Record(unittest.TestCase):
    def test_a_verdict_of_proverif_that_is_not_the_expected_one_differs(self):
        row = Row("", "true, reached", "true, reached", "2.05: true, ?")
        self.assertFalse(row.differs())
        self.assertFalse(Row("", "true").differs())
        for other in ("2.05: attack, reached", "2.05: true", "2.05: true, never"):
            row.proverif = other
            self.assertTrue(row.differs(), other)


class Readme(unittest.TestCase):
    def test_the_readme_names_each_model_with_what_it_expects(self):
        text = (HERE / "README.md").read_text()
        rows = re.findall(r"^\| `([a-z0-9-]+)` \|.*\| ([^|]*) \|$", text, re.MULTILINE)
        told = {name: re.sub(r" \([^)]*\)", "", result) for name, result in rows}
        self.assertEqual(len(told), len(rows), "one row for each")
        models = {}
        for path in HERE.glob("*.pv"):
            models[path.stem] = re.search(r"EXPECT ([\w, ]+?) *\*\)", path.read_text())[1]
        self.assertEqual(told, models)

    def test_the_readme_counts_what_proverif_has_judged(self):
        rows = (HERE / FILE).read_text().splitlines()[1:]
        judged = sum(not row.endswith("\t-") for row in rows)
        text = " ".join((HERE / "README.md").read_text().split())
        self.assertIn(f"{judged} of the {len(rows)} models", text)


if __name__ == "__main__":
    unittest.main(verbosity=0)
