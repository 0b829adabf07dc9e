"""The record, verdicts.tsv: of each model what was judged, what it expects, what was said."""

import hashlib
from dataclasses import dataclass

import language

FILE = "verdicts.tsv"
NONE = "-"
HEAD = "model\tsha256\texpected\tsmall prover\tProVerif"


def words(path):
    """A file without comments, and with one space between its tokens: what a prover sees of it."""
    return " ".join(token for token, _ in language.tokens(path.read_text(), path.name))


def fingerprint(library, path):
    """SHA-256 of what is judged: the library and the model, each as a line of tokens."""
    return hashlib.sha256(f"{words(library)}\n{words(path)}\n".encode()).hexdigest()


@dataclass
class Row:
    sha256: str
    expected: str
    small: str = NONE
    # With its version: "2.05: true, reached". A question mark is a query of which nobody told.
    proverif: str = NONE

    def differs(self):
        """Whether what is recorded of ProVerif is another result than the expected one."""
        if self.proverif == NONE:
            return False
        told, wanted = self.proverif.split(": ")[1].split(", "), self.expected.split(", ")
        if len(told) != len(wanted):
            return True
        return any(one not in ("?", other) for one, other in zip(told, wanted))


class Verdicts:
    def __init__(self, path, rows):
        self.path, self.rows = path, rows

    @classmethod
    def read(cls, path):
        lines = path.read_text().splitlines() if path.exists() else [HEAD]
        if lines[0] != HEAD:
            raise ValueError(f"{path.name} does not begin with its head")
        rows = {}
        for line in lines[1:]:
            name, *cells = line.split("\t")
            rows[name] = Row(*cells)
        return cls(path, rows)

    def write(self):
        lines = [HEAD]
        for name, row in sorted(self.rows.items()):
            lines.append("\t".join((name, row.sha256, row.expected, row.small, row.proverif)))
        self.path.write_text("\n".join(lines) + "\n")

    def complaints(self, name, sha256, expected, small):
        """What the record has against a model of this hash, of which the small prover says this."""
        row = self.rows.get(name)
        if row is None or (row.small, row.proverif) == (NONE, NONE):
            return [f"not judged: nothing in {FILE}; see run --record"]
        if row.sha256 != sha256:
            return [f"changed and not judged since: {FILE} has another hash; see run --record"]
        found = [] if row.expected == expected else [f"recorded as expecting {row.expected}"]
        if row.small not in (NONE, small):
            found.append(f"recorded as {row.small}")
        if row.differs():
            found.append(f"recorded of ProVerif {row.proverif}")
        return found

    def note(self, name, sha256, expected, small):
        """A verdict of the small prover. What ProVerif said of another text goes."""
        row = self.rows.get(name)
        kept = row.proverif if row and row.sha256 == sha256 else NONE
        self.rows[name] = Row(sha256, expected, small, kept)

    def note_proverif(self, name, sha256, verdict):
        row = self.rows.get(name)
        if row and row.sha256 == sha256:
            row.proverif = verdict

    def without_model(self, names):
        return sorted(set(self.rows) - names)

    def forget(self, names):
        for name in names:
            del self.rows[name]
