"""What a grade says, and what each verdict is worth."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from recon_tutorial.evaluation import compare, leaderboard

MODEL, BASELINE, METRIC = "submission", "ridge", "energy_distance"
POINTS = {  # the contract 50, better than the floor 20, level with the ridge 15, better 15
    "beats ridge": 100,
    "level with ridge": 85,
    "behind ridge": 70,
    "no better than the floor": 50,
    "broke the contract": 0,
    "cannot be loaded": 0,
    "crashed": 0,
    "out of memory": 0,
    "out of time": 0,
    "too many processes": 0,
}


@dataclass
class Grade:
    """What the grader found; `write_report` keeps it.

    Attributes
    ----------
    submission, sha256 : str
        Name and hash of the file that was graded.
    verdict : str
        A key of `POINTS`.
    reason : str
        Why, in one sentence.
    contract : dict
        "kept", the "rule" broken if one was, seconds and peak memory (MiB).
    worlds : list of dict
        One for each hidden world that was scored: "world", "scaled" with its interval "low" and
        "high", "value", "floor", "floor_model", "ceiling" and "ridge" (energy distances), "gain"
        over the ridge with "gain_low" and "gain_high", "seconds", "peak_mib".
    overall : dict
        The same over the unseen perturbations of all worlds; empty if not all were scored.
    unchecked : list of str
        What was not done.
    attempts : list of str
        What the submission tried and a predictor need not; see `recon_tutorial.grading`.
    output, trace : str
        The end of what it printed, and its last traceback.
    confined : list of str
        What was forbidden to its processes.
    limits, versions : dict
    seed : int or None
        None where the teacher chose it, because it may be used again.
    seconds : float
        How long the grading took.

    Described on the page teaching/project_brief.
    """

    submission: str
    sha256: str
    verdict: str = ""
    reason: str = ""
    contract: dict = field(default_factory=dict)
    worlds: list[dict] = field(default_factory=list)
    overall: dict = field(default_factory=dict)
    unchecked: list[str] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    output: str = ""
    trace: str = ""
    confined: list[str] = field(default_factory=list)
    limits: dict = field(default_factory=dict)
    versions: dict = field(default_factory=dict)
    seed: int | None = None
    seconds: float = 0.0

    @property
    def points(self) -> int:
        """What the verdict is worth, of 100."""
        return POINTS[self.verdict]


def row(results: pd.DataFrame) -> dict:
    """Scores of the submission between floor and ceiling, and its distance to the ridge."""
    ours = leaderboard(results, metric=METRIC).loc[MODEL]
    pair = compare(results, MODEL, BASELINE, metric=METRIC)
    part = results[results["metric"] == METRIC].groupby("model")[["value", "floor", "ceiling"]]
    means = part.mean()
    return {
        **{name: float(ours[name]) for name in ("scaled", "low", "high", "value")},
        "floor": float(means.loc[MODEL, "floor"]),
        "ceiling": float(means.loc[MODEL, "ceiling"]),
        "ridge": float(means.loc[BASELINE, "value"]),
        "gain": float(pair["gain"]),
        "gain_low": float(pair["low"]),
        "gain_high": float(pair["high"]),
        "against_ridge": str(pair["verdict"]),
        "n": int(pair["n"]),
    }


def verdict(overall: dict) -> tuple[str, str]:
    """Verdict and reason of a submission that was scored in every world."""
    gain = (
        f"its gain over the ridge is {overall['gain']:+.3f} energy distance in {overall['n']} "
        f"unseen perturbations (95 % interval {overall['gain_low']:+.3f} to "
        f"{overall['gain_high']:+.3f})"
    )
    if overall["against_ridge"] == "better":
        return "beats ridge", gain
    if overall["against_ridge"] == "cannot be told apart":
        return "level with ridge", gain + ", so the two cannot be told apart"
    scaled = gain + f", and its scaled score is {overall['scaled']:.2f} ({overall['low']:.2f} to"
    scaled += f" {overall['high']:.2f}), where 0 is the floor"
    if overall["low"] > 0:
        return "behind ridge", scaled
    return "no better than the floor", scaled
