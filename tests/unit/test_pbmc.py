"""The cytokine screen of CellFlow: a small file of its schema, read and mapped, and downloaded."""

import hashlib
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from recon_tutorial.datasets import load_cellflow_pbmc, pbmc, pbmc_screen
from recon_tutorial.validation import validate_screen

from .local_index import ROOT

CYTOKINES = ["IL-4", "IFN-gamma", "PBS"]


@pytest.fixture(scope="module")
def small():
    """Columns, keys and names as in pbmc_parse.h5ad; its genes here are 40, its vectors 5 long."""
    rng = np.random.default_rng(0)
    n_cells = 240
    counts = rng.poisson(1.5, (n_cells, 40)).astype(np.float32)
    obs = pd.DataFrame(
        {
            "donor": pd.Categorical(rng.choice(["Donor1", "Donor2", "Donor10"], n_cells)),
            "cytokine": pd.Categorical(rng.choice(CYTOKINES, n_cells)),
            "cell_type": pd.Categorical(rng.choice(["CD14 Mono", "NK"], n_cells)),
            "tscp_count": counts.sum(axis=1).astype(int) + rng.integers(100, 500, n_cells),
            "treatment": pd.Categorical(["cytokine"] * n_cells),
        },
        index=[f"89_{i:03d}_005__s1" for i in range(n_cells)],
    )
    adata = ad.AnnData(
        sparse.csr_matrix(counts), obs, pd.DataFrame(index=[f"G{j}" for j in range(40)])
    )
    adata.uns["esm2_embeddings"] = {name: rng.normal(size=(1, 5)) for name in CYTOKINES[:2]}
    adata.uns["log1p"] = {}
    return adata


@pytest.fixture(scope="module")
def path(small, tmp_path_factory):
    path = tmp_path_factory.mktemp("hub") / "pbmc_parse.h5ad"
    small.write_h5ad(path)
    return path


# --- mapping


def test_pbmc_cells_become_a_screen(small):
    screen = pbmc_screen(small)
    validate_screen(screen, use_rep=None)
    assert set(screen.obs["perturbation"]) == {"IL-4", "IFN-gamma", "control"}
    assert ((screen.obs["perturbation"] == "control") == (small.obs["cytokine"] == "PBS")).all()
    assert (screen.obs["context"] == small.obs["cell_type"]).all()
    assert (screen.obs["donor"] == small.obs["donor"]).all()
    table = screen.uns["descriptors"]
    assert table.shape == (2, 5)
    vector = small.uns["esm2_embeddings"]["IL-4"].ravel().astype(np.float32)
    assert (table.loc["IL-4"] == vector).all()
    assert "Parse" in screen.uns["source"]["citation"]


@pytest.mark.parametrize("place", ["X", "layer"])
def test_counts_are_normalised_by_all_transcripts_of_the_cell(small, place):
    adata = small.copy()
    if place == "layer":
        adata.layers["counts"] = adata.X.copy()
        adata.X = adata.X.log1p()
    screen = pbmc_screen(adata)
    counts, total = small.X.toarray(), small.obs["tscp_count"].to_numpy()[:, None]
    assert np.allclose(screen.X.toarray(), np.log1p(1e4 * counts / total), rtol=1e-5)
    assert (screen.layers["counts"].toarray() == counts).all()


def test_values_that_are_no_counts_are_left_as_they_are(small):
    adata = small.copy()
    adata.X = adata.X.log1p()
    screen = pbmc_screen(adata)
    validate_screen(screen, use_rep=None)
    assert (screen.X != adata.X).nnz == 0
    assert "counts" not in screen.layers


def test_a_cytokine_without_a_vector_is_named(small):
    adata = small.copy()
    del adata.uns["esm2_embeddings"]["IL-4"]
    with pytest.raises(ValueError, match="no vector for IL-4: leave out"):
        pbmc_screen(adata)
    del adata.obs["tscp_count"]
    with pytest.raises(ValueError, match=r"should have obs\['tscp_count'\] but has donor, "):
        pbmc_screen(adata)


# --- reading a part


def test_a_part_holds_so_many_cells_of_each_donor_and_cytokine(small, path):
    part = pbmc._read_part(path, ["Donor1", "Donor10"], 7, seed=0)
    sizes = part.obs.groupby(["donor", "cytokine"], observed=True).size()
    assert sizes.to_dict() == {(d, c): 7 for d in ("Donor1", "Donor10") for c in CYTOKINES}
    whole = small[part.obs_names]
    assert (part.X != whole.X).nnz == 0
    assert (part.obs["cytokine"] == whole.obs["cytokine"]).all()
    assert list(part.var_names) == list(small.var_names)


def test_a_part_is_seeded_and_no_larger_than_the_whole(small, path):
    names = [pbmc._read_part(path, ["Donor2"], 7, seed=s).obs_names.tolist() for s in (1, 1, 2)]
    assert names[0] == names[1] != names[2]
    everything = pbmc._read_part(path, ["Donor2"], 10_000, seed=0)
    assert everything.n_obs == (small.obs["donor"] == "Donor2").sum()


@pytest.mark.parametrize("donors", [["Donor1", "Donor99"], []])
def test_donors_that_are_not_there_are_named(path, donors):
    with pytest.raises(ValueError, match=r"choose of \['Donor1', 'Donor10', 'Donor2'\]"):
        pbmc._read_part(path, donors, 7, seed=0)


# --- downloading, by the real huggingface_hub from a hub on this machine


class _Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        content = self.server.content
        found = self.path == "/datasets/theislab/cellflow-datasets/resolve/main/pbmc_parse.h5ad"
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(content) if found else 0))
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.end_headers()
        if found and self.command == "GET":
            self.wfile.write(content)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


@contextmanager
def hub(content):
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    server.content = content
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


LOAD = """
from recon_tutorial.datasets import load_cellflow_pbmc
from recon_tutorial.validation import validate_screen
try:
    screen = load_cellflow_pbmc(donors=["Donor2"], cells_per_cytokine=5)
    validate_screen(screen, use_rep=None)
    print("got", screen.n_obs)
except RuntimeError as error:
    print("RuntimeError", error)
"""


def load_from(endpoint, folder):
    pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    known = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    ours = {"HF_ENDPOINT": endpoint, "HF_HOME": str(folder), "PYTHONPATH": str(ROOT)}
    ours |= {"HF_HUB_DISABLE_TELEMETRY": "1", "NO_PROXY": "127.0.0.1", "HF_HUB_DISABLE_XET": "1"}
    run = subprocess.run(
        [sys.executable, "-c", LOAD], env=known | ours, capture_output=True, text=True, check=False
    )
    return run.stdout.strip() or run.stderr


def test_the_file_is_downloaded_from_the_hub_and_kept(path, tmp_path):
    with hub(path.read_bytes()) as endpoint:
        assert load_from(endpoint, tmp_path) == "got 15"
    assert len(list(tmp_path.rglob("pbmc_parse.h5ad"))) == 1
    assert load_from(endpoint, tmp_path) == "got 15"  # offline, from its cache


def test_a_hub_out_of_reach_is_one_sentence(tmp_path):
    said = load_from("http://127.0.0.1:9", tmp_path)
    assert said.startswith("RuntimeError pbmc_parse.h5ad could not be downloaded from theislab/")
    assert "connect to the network" in said and "\n" not in said


def test_without_huggingface_hub_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match="run `pip install huggingface_hub`"):
        load_cellflow_pbmc()
