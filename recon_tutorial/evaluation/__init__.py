"""Scores between a floor and a ceiling: evaluate, calibrate, rank, compare, keep."""

from recon_tutorial.evaluation._run import evaluate
from recon_tutorial.evaluation.calibration import calibrate
from recon_tutorial.evaluation.ranking import compare, leaderboard
from recon_tutorial.evaluation.results import load_results, save_results

__all__ = ["calibrate", "compare", "evaluate", "leaderboard", "load_results", "save_results"]
