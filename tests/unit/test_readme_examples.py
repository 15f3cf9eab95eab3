"""The Python of the README runs as it stands, and prints what its words promise."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from .project_files import ROOT

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


def printed(block, folder):
    """Run a block in a fresh process; return the table that it printed, by model."""
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:recon_tutorial", "-c", block],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    head, _, *rows = done.stdout.splitlines()
    assert head.split() == ["scaled", "low", "high", "seconds"]
    return {" ".join(words[:-4]): words[-4:] for words in map(str.split, rows)}


def test_every_block_is_tried():
    assert len(BLOCKS) == 2


def test_the_quick_start_puts_both_models_between_floor_and_ceiling(tmp_path):
    board = printed(BLOCKS[0], tmp_path)
    assert set(board) >= {"ridge", "nearest", "replicate", "mean shift", "no change"}
    scaled = {model: float(score) for model, (score, *_) in board.items()}
    assert scaled["ridge"] > 0.95 and scaled["replicate"] == 1 and scaled["no change"] <= 0


def test_a_file_of_counts_gets_a_score_under_its_own_names(tmp_path):
    pytest.importorskip("scanpy")
    rng = np.random.default_rng(0)
    drugs = np.repeat(["DMSO", "a", "b", "c"], 60)
    rates = rng.uniform(0.5, 3, (4, 30))[[0] * 60 + [1] * 60 + [2] * 60 + [3] * 60]
    counts = rng.poisson(rates).astype(np.float32)
    names = [f"cell {i}" for i in range(len(drugs))]
    cells = AnnData(counts, obs=pd.DataFrame({"drug": drugs}, index=names))
    cells.write_h5ad(tmp_path / "mine.h5ad")
    board = printed(BLOCKS[1], tmp_path)
    assert board["replicate"][0] == "1.00" and float(board["ridge"][0]) > 0.5
