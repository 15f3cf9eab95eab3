"""The command line: ``python -m recon_tutorial``, then ``run``, ``sweep`` or ``grade``."""

from __future__ import annotations

import argparse
import ast
import logging
import sys
from pathlib import Path

from recon_tutorial import __version__
from recon_tutorial.running import run_notebook
from recon_tutorial.running._command import add_sweep
from recon_tutorial.running._listing import listing

FLAGS = ("-p", "--parameter")
WORDS = {"true": True, "false": False, "null": None}


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    arguments : list of str, optional
        The words after the program's name; the default is those of this process.

    Returns
    -------
    int
        0 when all went well, 1 when runs of a sweep failed, 2 after a mistake (told in one line on
        stderr), 130 after Ctrl-C.
    """
    options = _parser().parse_args(_shielded(sys.argv[1:] if arguments is None else arguments))
    for name in ("papermill", "asyncio"):  # what they log, the error says: one line is enough
        logging.getLogger(name).addHandler(logging.NullHandler())
    try:
        return options.command(options)
    except (ImportError, OSError, RuntimeError, TypeError, ValueError) as error:
        print(f"recon_tutorial: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        said = str(stop) or "interrupted, nothing was kept"
        print(f"recon_tutorial: {said}", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m recon_tutorial",
        description="Helpers of the recon-tutorial book.",
    )
    parser.add_argument("--version", action="version", version=f"recon_tutorial {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    run = commands.add_parser(
        "run",
        help="execute a chapter with other parameters",
        description="Execute a notebook with other parameters; keep it, and its recorded numbers "
        "as .json beside it.",
        epilog="example: python -m recon_tutorial run book/05_cell_split.ipynb runs/short.ipynb "
        "-p epochs 50 -p seed 3",
    )
    run.add_argument("notebook", metavar="NOTEBOOK", help="the .ipynb to execute")
    run.add_argument("output", metavar="OUT", help="the .ipynb to write")
    run.add_argument(
        *FLAGS,
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="replace a default of the parameters cell; VALUE is a Python literal (50, 1e-3, "
        "[1, 2], None) or else text; may be given many times",
    )
    run.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="longest time that one cell may take"
    )
    run.set_defaults(command=_run)
    add_sweep(commands)
    grade = commands.add_parser(
        "grade",
        help="grade a submission to the course project",
        description="Check a predictor and score it in hidden worlds, in processes of its own; "
        "write a report, and the same as .json beside it. The exit code is 0 for every grade.",
        epilog="example: python -m recon_tutorial grade submission.py -o grades/submission.md",
    )
    grade.add_argument("submission", metavar="SUBMISSION", help="a .py with make_predictor")
    grade.add_argument(
        *("-o", "--output"), metavar="REPORT", help="the .md to write [SUBMISSION.report.md]"
    )
    grade.add_argument(
        "--seed-file", metavar="FILE", help="holds one whole number of 20 digits or more: the same "
        "hidden worlds for a whole course [new ones each time]",
    )  # fmt: skip
    grade.add_argument("--seconds", type=float, help="time for the contract and for each world")
    grade.add_argument("--memory", type=float, metavar="MIB", help="memory of all its processes")
    grade.set_defaults(command=_grade)
    return parser


def _run(options):
    summary = run_notebook(
        options.notebook,
        options.output,
        parameters={name: _value(text) for name, text in options.parameter},
        timeout=options.timeout,
        progress=sys.stderr.isatty(),
    )
    if summary["numbers"]:
        print(listing(summary["numbers"]))
    print(f"wrote {options.output} in {summary['seconds']:.1f} s", file=sys.stderr)
    return 0


def _grade(options):
    # Here, because it brings the models and metrics, which `run` starts quicker without.
    from recon_tutorial.grading import Limits, grade, write_report
    from recon_tutorial.grading._report import check_name, one_line

    submission = Path(options.submission)
    report = check_name(options.output or submission.with_suffix(".report.md"))
    given = {"seconds": options.seconds, "memory": options.memory}
    limits = Limits(**{name: value for name, value in given.items() if value is not None})
    seed = _seed(options.seed_file) if options.seed_file else None
    result = grade(submission, seed=seed, limits=limits)
    # First of all, for the report may meet a full disk.
    print(f"{result.verdict} ({result.points} points): {one_line(result.reason)}", flush=True)
    write_report(result, report)
    print(f"wrote {report} in {result.seconds:.1f} s", file=sys.stderr)
    return 0


def _seed(path):
    text = Path(path).read_text(encoding="utf-8").strip()
    if not text.isdecimal():
        raise ValueError(f"{path} holds no whole number: write one of 20 digits or more into it")
    return int(text)


def _shielded(arguments):
    """Let VALUE be -1e-3: argparse takes words with a dash for options unless they hold a space."""
    return [
        f" {word}" if word.startswith("-") and arguments[max(0, i - 2)] in FLAGS else word
        for i, word in enumerate(arguments)
    ]


def _value(text):
    """Read a value as Python does; a word that is no literal stands for itself."""
    text = text.strip()
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):  # as it may
        return WORDS.get(text, text)


if __name__ == "__main__":
    sys.exit(main())
