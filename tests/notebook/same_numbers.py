"""Compare two runs of one notebook: all that is printed, drawn and recorded, but for times.

Times, memory and what a page computes from them are known by their names, never by a tolerance.
"""

import html
import re
from itertools import groupby, zip_longest

from recon_tutorial.running.recording import RECORD

TIME = re.compile(  # of a column, a row, or a key of `record`
    r"\b(?:(?:core )?(?:seconds|hours)|peak_memory_mib|euros(?: at most)?|start_up)\b"
)
# Chapter 13 is about times: what it measures, how that grows, and what it would cost.
GROWTH = {"first two", "last two", "fitted to all"}
COST = {"at least", "at most"}
RECORDED = {"curves", "growth", "bill"}
# Chapter 8 records what a fit and a step of CellFlow took, in seconds and as a share.
STEPS = {("cost", name) for name in ("fit", "step", "in steps", "default step", "default fit")}
FIGURES = {"fig-13-growth"}  # seconds on its axis
UNIT = re.compile(r"\d[\d,]*(?:\.\d+)?(?= (?:ms|s|seconds|minutes|hours)\b)")
FROM_TIMES = re.compile(  # what a sentence makes of them
    r"(?<=steps are )\d+%(?= of it)|[\d.]+(?= at a time on \d+ workers)"
    r"|(?<=the expected exponent )(?:from [\d,]+ on|not within the sizes measured)"
)


def differences(one, other) -> list[str]:
    """Return one line for each thing that two executed notebooks do not agree in."""
    cells = [_code_cells(notebook) for notebook in (one, other)]
    sources = [[cell.source for cell in each] for each in cells]
    if sources[0] != sources[1]:
        return ["they are not runs of one notebook: their code differs"]
    found = []
    for number, (a, b) in enumerate(zip(*cells, strict=True), start=1):
        shown = [_outputs(cell) for cell in (a, b)]
        pairs = zip_longest(*shown, fillvalue="(nothing)")
        found += [f"code cell {number}: {x} | {y}" for x, y in pairs if x != y]
    return found


def _code_cells(notebook):
    """Those that the author wrote; the cache keeps no others."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [c for c in cells if "injected-parameters" not in c.metadata.get("tags", [])]


def _outputs(cell):
    """What a cell shows, line by line, without times."""
    lines = []
    figure = cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
    for name, together in groupby(cell.outputs, lambda output: output.get("name")):
        if name:  # a stream comes in as many parts as the machine pleases
            text = "".join(output.text for output in together)
            lines += [f"{name}: {_without_times(line)}" for line in text.splitlines()]
            continue
        for output in together:
            lines += _displayed(output, figure)
    return lines


def _displayed(output, figure):
    data, recorded = output.get("data", {}), output.get("metadata", {}).get(RECORD)
    if output.output_type == "error":
        return [f"{output.ename}: {_without_times(output.evalue)}"]
    if recorded is not None:  # all its digits, not the four that are printed
        leaves = [(path, value) for path, value in _leaves(recorded) if not _is_time(path)]
        return sorted(f"{'/'.join(path)} = {value!r}" for path, value in leaves)
    if "image/png" in data:
        return [f"figure {figure}: {data['image/png']}"] if figure not in FIGURES else []
    if "<table" in data.get("text/html", ""):
        return _table(data["text/html"])
    return [
        f"{kind}: {_without_times(line)}"
        for kind, text in sorted(data.items())
        for line in str(text).splitlines()
        if not (kind == "text/plain" and len(data) > 1 and " at 0x" in line)
    ]


def _table(text):
    """Rows of a data frame, without the columns and the rows of times."""
    rows = [
        [html.unescape(re.sub("<.*?>", "", cell)).strip() for cell in cells]
        for cells in (re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.DOTALL)
                      for row in re.findall(r"<tr.*?>(.*?)</tr>", text, re.DOTALL))
    ]  # fmt: skip
    n_heads = text.partition("</thead>")[0].count("<tr")
    width = max(map(len, rows))
    # Spanning cells of a head make its row short; what they span ends where the next one begins.
    heads = [_widened(row, text, k, width) for k, row in enumerate(rows[:n_heads])]
    timed = {j for j in range(width) if _is_time([head[j] for head in heads])}
    lines = [" ; ".join(head) for head in heads]
    for row in rows[n_heads:]:
        offset = width - len(row)  # a label of several rows stands in the first alone
        kept = [cell for j, cell in enumerate(row, start=offset) if j not in timed]
        labelled = row[:1] if _is_time(row[:1]) else kept
        lines.append(" ; ".join(map(_without_times, labelled)))
    return lines


def _widened(row, text, k, width):
    markup = re.findall(r"<tr.*?>(.*?)</tr>", text, re.DOTALL)[k]
    spans = [int(re.search(r'colspan="(\d+)"', tag)[1]) if "colspan" in tag else 1
             for tag in re.findall(r"<t[hd].*?>", markup)]  # fmt: skip
    wide = [cell for cell, span in zip(row, spans, strict=True) for _ in range(span)]
    return wide + [""] * (width - len(wide))


def _leaves(value, path=()):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*path, str(number)))
    else:
        yield path, value


def _is_time(names):
    names = tuple(names)
    known = (names and names[0] in RECORDED) or names[:2] in STEPS
    return bool(known) or any(TIME.search(n) or n in GROWTH | COST for n in names)


def _without_times(line):
    return FROM_TIMES.sub("(so)", UNIT.sub("(time)", line))
