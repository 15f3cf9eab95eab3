"""Cells that another tool predicted are looked up by descriptor and scored like everybody's."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData, read_h5ad
from scipy import sparse

from recon_tutorial.evaluation import evaluate, leaderboard
from recon_tutorial.interop import Recorded
from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors import NoChange, Oracle, RidgeShift
from recon_tutorial.protocol import ContractError, check_predictor
from recon_tutorial.screen import simulate_screen
from recon_tutorial.splits import hold_out_context, split_cells

SMALL = {"n_perturbations": 4, "cells_per_perturbation": 20, "embed_dim": 3, "cov_dim": 5}
NAMES = [f"p{k}" for k in range(4)]


@pytest.fixture(scope="module")
def screen():
    return simulate_screen(**SMALL, n_genes=6, seed=2)


@pytest.fixture(scope="module")
def in_contexts():
    return simulate_screen(**SMALL, n_genes=6, n_contexts=2, seed=2)


@pytest.fixture(scope="module")
def pairs(screen):
    return make_pairs(screen, how="random")


def numbered(n=30, d=3):
    """Cells of each perturbation that say in every column whose they are, and which."""
    return {name: 600.0 * k + np.arange(n)[:, None] + np.zeros(d) for k, name in enumerate(NAMES)}


def stacked(parts, **obs):
    """The same as an AnnData, the embedding of each cell in obsm and its genes (6) in X."""
    cells = np.concatenate(list(parts.values()))
    sizes = [len(part) for part in parts.values()]
    obs = {"perturbation": [*parts]} | obs
    obs = pd.DataFrame({name: np.repeat(values, sizes) for name, values in obs.items()})
    obs = obs.set_axis([f"c{i}" for i in range(len(cells))])
    genes = np.abs(np.hstack([cells, cells])) / 97
    adata = AnnData(genes, obs=obs, obsm={"X_emb": cells})
    adata.var_names = [f"gene{j}" for j in range(6)]
    return adata


def answers(model, pairs):
    """Number of the recorded cell that each row got; whose it is must be right."""
    answer = model.predict(pairs.ctrl, pairs.cov)
    assert answer.dtype == np.float32 and answer.shape == pairs.ctrl.shape
    assert (answer == answer[:, :1]).all()
    whose, which = np.divmod(answer[:, 0], 600)
    np.testing.assert_array_equal([NAMES[int(k)] for k in whose], pairs.perturbation)
    return {name: which[pairs.perturbation == name].astype(int) for name in NAMES}


@pytest.mark.parametrize("n", [1, 2, 7, 19, 20, 21, 500])
def test_every_row_gets_a_cell_of_its_perturbation_and_none_more_often_than_needed(
    screen, pairs, n
):
    for which in answers(Recorded(numbered(n), screen), pairs).values():
        used = np.bincount(which, minlength=n)
        assert len(which) == 20 and used.max() - used.min() <= 1


def test_the_order_of_rows_does_not_matter_and_the_seed_does(screen, pairs):
    models = [Recorded(numbered(), screen, seed=s) for s in (0, 0, 1)]
    one, again, other = ([*answers(model, pairs)["p1"]] for model in models)
    assert one == again == [*answers(models[0], pairs)["p1"]] and one != other
    assert one != [*answers(models[0], pairs)["p2"]]
    order = np.random.default_rng(0).permutation(len(pairs.ctrl))
    mixed = answers(models[0], type(pairs)(*(part[order] for part in pairs)))
    assert [*mixed["p1"]] == one


FORMS = {
    "float64": lambda p, path: p,
    "float16": lambda p, path: {k: v.astype(np.float16) for k, v in p.items()},
    "integers": lambda p, path: {k: v.astype(int) for k, v in p.items()},
    "lists": lambda p, path: {k: v.tolist() for k, v in p.items()},
    "sparse": lambda p, path: {k: sparse.csr_matrix(v) for k, v in p.items()},
    "DataFrame": lambda p, path: {k: pd.DataFrame(v) for k, v in p.items()},
    "other order": lambda p, path: dict(reversed(p.items())),
    "with others": lambda p, path: p | {"control": np.ones((3, 3)), "p99": np.ones((1, 9))},
    "AnnData": lambda p, path: stacked(p),
    "without X": lambda p, path: AnnData(obs=stacked(p).obs, obsm=stacked(p).obsm),
    "sparse obsm": lambda p, path: with_obsm(p, sparse.csc_matrix),
    "table in obsm": lambda p, path: with_obsm(p, lambda x: x),
    "view": lambda p, path: stacked(p)[:, :2],
    "path": lambda p, path: written(p, path),
    "str": lambda p, path: str(written(p, path)),
    "backed": lambda p, path: read_h5ad(written(p, path), backed="r"),
    "categories": lambda p, path: stacked(p, perturbation=pd.Categorical(NAMES)),
}


def with_obsm(parts, change):
    adata = stacked(parts)
    table = pd.DataFrame(adata.obsm["X_emb"], index=adata.obs_names, columns=list("abc"))
    adata.obsm["X_emb"] = change(table)
    return adata


def written(parts, path):
    stacked(parts).write_h5ad(path / "theirs.h5ad")
    return path / "theirs.h5ad"


@pytest.mark.parametrize("form", FORMS)
def test_any_form_gives_the_same_answers(screen, pairs, form, tmp_path):
    model = Recorded(FORMS[form](numbered(), tmp_path), screen)
    expected = answers(Recorded(numbered(), screen), pairs)
    for name, which in answers(model, pairs).items():
        assert which.tolist() == expected[name].tolist()


def test_other_columns_and_keys_are_named(screen, pairs):
    theirs = stacked(numbered())
    theirs.obs = theirs.obs.rename(columns={"perturbation": "cytokine"})
    theirs.obsm["X_vae"] = theirs.obsm.pop("X_emb")
    other = screen.copy()
    other.obsm["X_vae"] = other.obsm["X_emb"]
    answers(Recorded(theirs, other, perturbation_key="cytokine", use_rep="X_vae"), pairs)


def test_predictions_are_copied(screen, pairs):
    parts = {name: part.astype(np.float32) for name, part in numbered().items()}
    model = Recorded(parts, screen)
    parts["p0"] += 1000
    answers(model, pairs)


def test_nothing_is_learned_but_rows_are_checked(screen, pairs):
    model = Recorded(numbered(), screen)
    model.train(*pairs[:3])
    answers(model, pairs)
    with pytest.raises(ValueError, match="ctrl_emb has 2 columns .* embed_dim=3"):
        model.train(pairs.ctrl[:, :2], *pairs[1:3])
    with pytest.raises(ContractError):
        check_predictor(lambda **sizes: Recorded(numbered(), screen))


# --- contexts


def by_context(n=20):
    shift = {"context0": 0, "context1": 50}
    return {(p, c): cells + shift[c] for p, cells in numbered(n).items() for c in shift}


def in_one_table(parts):
    return stacked(parts, perturbation=[p for p, _ in parts], context=[c for _, c in parts])


@pytest.mark.parametrize("form", [lambda p: p, in_one_table])
@pytest.mark.parametrize("told", [True, False])
def test_the_context_is_that_of_the_control(in_contexts, form, told):
    screen = in_contexts.copy()
    if told:  # descriptors of contexts stand behind those of perturbations
        table = pd.DataFrame({"x": [1.0, 2.0]}, index=["context0", "context1"])
        screen.uns["context_descriptors"] = table
    pairs = make_pairs(screen, how="random", context_key="context")
    which = answers(Recorded(form(by_context()), screen), pairs)
    context = screen.obs["context"].astype(str)[screen.obs["perturbation"] != "control"]
    for name, found in which.items():
        expected = context[pairs.perturbation == name] == "context1"
        np.testing.assert_array_equal(found >= 50, expected)


def test_one_answer_for_all_contexts(in_contexts):
    pairs = make_pairs(in_contexts, how="random", context_key="context")
    answers(Recorded(numbered(), in_contexts), pairs)
    answers(Recorded(stacked(numbered()), in_contexts, context_key=None), pairs)
    with pytest.raises(ValueError, match=r"the predictions have no obs\['context'\]: name their"):
        Recorded(stacked(numbered()), in_contexts)


def test_a_missing_context_is_named(in_contexts):
    parts = by_context()
    del parts["p2", "context1"]
    split = hold_out_context(in_contexts, "context1")
    results = evaluate({"theirs": Recorded(parts, in_contexts)}, in_contexts, split)
    (note,) = results.loc[results["model"] == "theirs", "note"]
    assert "1 of 4 perturbations have no prediction (p2 in context1; there are some" in note


def test_controls_that_cannot_be_told_apart_are_refused(in_contexts):
    screen = in_contexts.copy()
    control = np.flatnonzero(screen.obs["perturbation"] == "control")
    screen.obsm["X_emb"][control] = 0
    with pytest.raises(ValueError, match="a control of 'context.' equals one of 'context.'"):
        Recorded(by_context(), screen)
    Recorded(numbered(), screen)


# --- a row on the leaderboard


@pytest.fixture(scope="module")
def world():
    screen = simulate_screen(
        n_perturbations=10, cells_per_perturbation=60, embed_dim=6, cov_dim=4, paired=True, seed=3
    )
    return screen, split_cells(screen, test_fraction=0.5)


def test_recorded_cells_score_as_the_model_that_made_them(world):
    screen, split = world
    test = make_pairs(screen[split.test], how="random")
    ridge = RidgeShift()
    ridge.train(*make_pairs(screen[split.train], how="random")[:3])
    cells = ridge.predict(test.ctrl, test.cov)
    parts = {name: cells[test.perturbation == name] for name in np.unique(test.perturbation)}
    swapped = dict(zip(parts, [*list(parts.values())[1:], parts["p0"]], strict=True))
    models = {"theirs": Recorded(parts, screen), "wrong": Recorded(swapped, screen)}
    results = evaluate(models | {"ridge": RidgeShift()}, screen, split)
    board = leaderboard(results)
    assert board.loc["theirs", "scaled"] == pytest.approx(board.loc["ridge", "scaled"], abs=0.05)
    assert board.loc["wrong", "scaled"] < 0.2 and board.loc["theirs", "scaled"] > 0.9
    assert board.loc[["theirs", "wrong"], "n"].tolist() == [10, 10]


def test_rows_of_recorded_cells_match_nobody(world):
    screen, split = world
    test = make_pairs(screen[split.test], how="true")
    truth = {name: test.pert[test.perturbation == name] for name in np.unique(test.perturbation)}
    models = {"theirs": Recorded(truth, screen), "oracle": Oracle(test.pert, test.cov)}
    asked = {"metrics": ["mse", "mse_mean"], "pairing": "true"}
    results = evaluate(models, screen, split, **asked).set_index(["model", "metric"]).sort_index()
    assert results.loc[("oracle", "mse"), "value"].max() == 0
    mine = results.loc[("theirs", "mse")]
    assert mine["value"].isna().all() and mine["note"].str.contains("no row of this model").all()
    assert results.loc[("theirs", "mse_mean"), "value"].notna().all()
    unpaired = evaluate(models, screen, split, metrics=["mse"])["note"]
    assert unpaired.str.contains("needs matched rows: pass pairing").any()


def test_missing_perturbations_are_named_and_others_keep_their_scores(world):
    screen, split = world
    parts = {"p1": np.ones((5, 6)), "p4": np.ones((5, 6))}
    models = {"theirs": Recorded(parts, screen), "none": NoChange()}
    results = evaluate(models, screen, split, metrics=["mse_mean"])
    (note,) = results.loc[results["model"] == "theirs", "note"]
    assert note.startswith("failed: ValueError: 8 of 10 perturbations have no prediction (p0, p2,")
    assert results.loc[results["model"] == "none", "value"].notna().all()
