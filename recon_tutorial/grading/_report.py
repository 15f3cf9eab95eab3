"""The report of a grade: Markdown for people, JSON for programs."""

from __future__ import annotations

import json
import math
import os
import re
from dataclasses import asdict
from pathlib import Path

from recon_tutorial._given import a_path
from recon_tutorial._whole import keep_together, writing
from recon_tutorial.grading._verdicts import POINTS, Grade

HEAD = (
    "| world | scaled score (95 %) | energy distance | floor | ceiling | ridge "
    "| gain over ridge (95 %) | seconds | peak memory |\n"
    "|:---|:---|---:|:---|---:|---:|:---|---:|---:|"
)
READING = (
    "A scaled score of 0 is the floor (no change or the mean shift, whichever is better), "
    "1 is other real cells.\n"
    "The gain is the ridge's energy distance less the submission's, paired over unseen "
    "perturbations: above 0 the submission is nearer to the truth.\n"
    "Intervals come from resampling perturbations."
)


def write_report(grade: Grade, path: str | os.PathLike) -> tuple[Path, Path]:
    """Write a grade as Markdown, and beside it as JSON.

    Each appears under its name at once, or not at all, and the JSON only beside its own report.

    Parameters
    ----------
    grade : Grade
    path : path
        Ends in ".md"; the JSON gets the same name with ".json".

    Returns
    -------
    tuple of Path
        The two files.

    Raises
    ------
    ValueError
        If the name does not end in ".md".
    OSError
        If there is no space or no right to write; an older report is then as it was.

    Described on the page teaching/project_brief.
    """
    path = check_name(path)
    beside = path.with_suffix(".json")
    kept = json.dumps(_plain(asdict(grade) | {"points": grade.points}), indent=2) + "\n"
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    keep_together({path: as_markdown(grade).encode(), beside: kept.encode()})
    return path, beside


def check_name(path: str | os.PathLike) -> Path:
    """Refuse a report that is no .md file, best before the grading starts."""
    path = Path(a_path(path, "path"))
    if path.suffix != ".md" or path.is_dir():
        raise ValueError(f"the report {path} is no .md file: give a name that ends in .md")
    return path


def as_markdown(grade: Grade) -> str:
    """Write a grade as Markdown; what a submission printed cannot pass for a part of it."""
    parts = [
        f"# Grade of {_word(grade.submission)}",
        f"**Verdict: {grade.verdict}**, {grade.points} of {max(POINTS.values())} points: "
        + (f"{grade.reason}." if grade.overall else f"{_word(grade.reason)}."),
        "## Contract",
        _contract(grade),
    ]
    if grade.worlds:
        rows = [_row(world["world"].replace("_", " "), world) for world in grade.worlds]
        if grade.overall:
            rows.append(_row("all", grade.overall))
        parts += ["## Hidden worlds", "\n".join([HEAD, *rows]), READING]
    if grade.unchecked:
        parts += [
            "## Not checked",
            f"After that the grading stopped, before {_and(grade.unchecked)}.",
        ]
    if grade.attempts:
        words = "It tried what a predictor has no reason to try; none of it changes a score."
        noted = "\n".join(f"- {_word(attempt)}" for attempt in grade.attempts)
        parts += ["## Noticed", words, noted]
    stopped = not grade.overall
    if stopped and grade.trace:
        parts += ["## Its last error", _block(grade.trace)]
    if stopped and grade.output.strip():
        parts += ["## The end of what it printed", _block(grade.output)]
    return "\n\n".join([*parts, "## How it was graded", _how(grade)]) + "\n"


def _contract(grade):
    contract = grade.contract
    used = f"{contract.get('seconds', 0):.1f} s, {contract.get('peak_mib', 0):.0f} MiB"
    if contract.get("kept"):
        return f"Kept: every rule of `check_predictor` ({used})."
    if contract.get("rule"):
        return f"Broken: rule {_word(contract['rule'])} ({used})."
    return f"Not checked to the end ({used})."


def _row(name, row):
    cells = [
        name,
        f"{row['scaled']:.3f} ({row['low']:.3f} to {row['high']:.3f})",
        f"{row['value']:.3f}",
        f"{row['floor']:.3f}" + (f" ({row['floor_model']})" if "floor_model" in row else ""),
        f"{row['ceiling']:.3f}",
        f"{row['ridge']:.3f}",
        f"{row['gain']:+.3f} ({row['gain_low']:+.3f} to {row['gain_high']:+.3f})",
        f"{row['seconds']:.1f}" if "seconds" in row else "",
        f"{row['peak_mib']:.0f} MiB" if "peak_mib" in row else "",
    ]
    return f"| {' | '.join(cells)} |"


def _how(grade):
    limits = grade.limits
    lines = [
        f"Limits of each process: {limits['seconds']:g} s, {limits['memory']:g} MiB, "
        f"{limits['processes']} processes, files of {limits['file_size']:g} MiB.",
        f"Confined by: {'; '.join(grade.confined) or 'nothing'}.",
        f"SHA-256 of the submission: `{grade.sha256}`.",
        "Seed: "
        + ("the teacher's." if grade.seed is None else f"{grade.seed}, drawn for this grading."),
    ]
    if grade.versions:
        said = ", ".join(f"{name} {version}" for name, version in grade.versions.items())
        lines.append(f"Versions: {said}.")
    return "\n".join([*lines, f"Graded in {grade.seconds:.1f} s."])


def _and(words):
    return " and ".join([", ".join(words[:-1])] * (len(words) > 1) + words[-1:])


def one_line(text: str) -> str:
    """A stranger's words on one line, without signs that would move the cursor."""
    return " ".join(_visible(text).split())[:400].rstrip(".")


def _word(text):
    """The same as code, so that no sign in it means anything."""
    return "`" + one_line(text).replace("`", "'") + "`"


def _block(text):
    return "\n".join("    " + line for line in _visible(text).strip().splitlines()[-40:])


def _visible(text):
    return re.sub(r"[^\x20-\x7e\n\u00a1-\u1fff]", " ", str(text))


def _plain(value):
    """NaN becomes null, which JSON can say."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
