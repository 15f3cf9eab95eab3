"""Say which changed code the tests let pass: .ci/mutation.md, from what mutmut left in mutants/.

    python .ci/mutation.py

`make mutation` runs mutmut, then this. A mutant is a copy of a function with one thing changed; it
is killed when a test fails or takes much longer, else it survives. Why a survivor may live stands
in .ci/mutation.toml, by the file, the function and the changed line, so that an explanation
outlasts edits elsewhere in the function. This exits with 1 where a room's rate is below FLOOR or a
survivor has no explanation.
"""

import fnmatch
import sys
import tomllib
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PACKAGE = "recon_tutorial"
FLOOR = 0.9
ROOMS = {"_partners": "pairing"}  # a module that belongs to another's room
KILLED = {"killed", "timeout"}
UNEXPLAINED = "not explained yet"


@dataclass(frozen=True)
class Mutant:
    """One change: where it was made, what the line became, and what the tests said."""

    path: str
    function: str
    status: str
    becomes: str = ""

    @property
    def room(self):
        """The room of the package that the file belongs to."""
        name = self.path.split("/")[0].removesuffix(".py")
        return ROOMS.get(name, name)

    @property
    def where(self):
        """File and function, as the explanations name them."""
        return f"{self.path} {self.function}"


def read_mutants():
    """All mutants of the last run of mutmut; those that survived with the line they became."""
    # Imported late: the tests of this file run where mutmut is not installed.
    from mutmut.mutation.data import SourceFileMutationData
    from mutmut.mutation.diff_apply import get_diff_for_mutant
    from mutmut.stats import status_by_exit_code
    from mutmut.utils.file_utils import walk_mutatable_files
    from mutmut.utils.format_utils import orig_function_and_class_names_from_key

    found = []
    for path in walk_mutatable_files():
        data = SourceFileMutationData(path=path)
        data.load()
        for name, code in data.exit_code_by_key.items():
            status = status_by_exit_code[code]
            function, in_class = orig_function_and_class_names_from_key(name)
            function = f"{in_class}.{function}" if in_class else function
            becomes = "" if status in KILLED else added(get_diff_for_mutant(name, path=path))
            short = path.relative_to(PACKAGE).as_posix()
            found.append(Mutant(short, function, status, becomes))
    return found


def added(diff):
    """What a diff adds, on one line; what it removes, where it only removes."""
    lines = diff.splitlines()[2:]
    for sign, prefix in (("+", ""), ("-", "without ")):
        text = " ".join(line[1:].strip() for line in lines if line.startswith(sign))
        if text:
            return prefix + text
    return ""


def read_reasons():
    """The hand-written explanations: a list of dicts with `where`, `becomes`, `why`."""
    reasons = tomllib.loads((HERE / "mutation.toml").read_text(encoding="utf8"))["survivor"]
    return [dict(reason, used=set()) for reason in reasons]


def explain(mutant, reasons):
    """Why a mutant survives; the reason remembers which of its lines it was used for.

    `where` may hold a * for any text. A line of `becomes` is the changed code, or a part of it
    between two dots (... part ...), which is then enough.
    """
    for reason in reasons:
        if not fnmatch.fnmatchcase(mutant.where, reason["where"]):
            continue
        for line in reason["becomes"]:
            part = line.removeprefix("...").removesuffix("...").strip()
            whole = part == line
            if mutant.becomes == line if whole else part in mutant.becomes:
                reason["used"].add(line)
                return reason["why"]
    return UNEXPLAINED


def table(mutants):
    """Lines of a table with one row a room, and the rooms whose rate is below the floor."""
    by_room = defaultdict(Counter)
    for mutant in mutants:
        by_room[mutant.room][mutant.status] += 1
    lines = ["| room | mutants | killed | by the clock | survived | kill rate |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: |"]
    low = []
    for room, count in sorted(by_room.items()):
        n, killed = count.total(), sum(count[status] for status in KILLED)
        cells = [room, n, killed, count["timeout"], n - killed, f"{killed / n:.1%}"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
        if killed < FLOOR * n:
            low.append(f"{room} has a kill rate of {killed / n:.1%}, below {FLOOR:.0%}")
    return lines, low


def listing(survivors, reasons):
    """Lines of the list of survivors by function, with reasons, and how many have none."""
    lines, bare, function = [], 0, None
    for mutant in sorted(survivors, key=lambda m: (m.room, m.path, m.function, m.becomes)):
        if function != mutant.where:
            function = mutant.where
            lines += ["", f"### `{mutant.path}`: `{mutant.function}`", ""]
        why = explain(mutant, reasons)
        bare += why == UNEXPLAINED
        status = "" if mutant.status == "survived" else f" ({mutant.status})"
        lines.append(f"- ``{mutant.becomes}``{status}: {why}")
    return lines, bare


OPENING = """\
# What the tests notice

Made by `make mutation`; do not edit, except by way of `mutation.toml`.

[mutmut](https://github.com/boxed/mutmut) changes one thing in a function: a number, a comparison,
an argument, a text. Then it runs the tests that call the function. A change that no test notices
survives: a test is missing, or the change changes nothing that is promised.
Mutated are the functions of the rooms that decide a score; constants of a module and decorated
functions are not. Every room must reach {floor:.0%}, and every survivor is explained below.
"""


def report(mutants, reasons):
    """The page, and sentences about what is not as it should be."""
    rows, wrong = table(mutants)
    survivors = [mutant for mutant in mutants if mutant.status not in KILLED]
    items, bare = listing(survivors, reasons)
    if bare:
        wrong.append(f"{bare} survivors have no explanation in .ci/mutation.toml")
    stale = [line for reason in reasons for line in reason["becomes"] if line not in reason["used"]]
    if stale:
        print(f"{len(stale)} explanations in .ci/mutation.toml explain nothing any more:", *stale)
    page = [OPENING.format(floor=FLOOR), *rows, "", "## Survivors", *items]
    return "\n".join(page) + "\n", wrong


def main():
    """Write the page; exit with a sentence for each room that lets too much pass."""
    mutants = read_mutants()
    open_ones = sum(mutant.status == "not checked" for mutant in mutants)
    if open_ones or not mutants:
        sys.exit(f"{open_ones} of {len(mutants)} mutants were not tried: let mutmut run to its end")
    page, wrong = report(mutants, read_reasons())
    (HERE / "mutation.md").write_text(page, encoding="utf8")
    print(*table(mutants)[0], sep="\n")
    if wrong:
        sys.exit("; ".join(wrong))


if __name__ == "__main__":
    main()
