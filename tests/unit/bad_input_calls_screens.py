"""Good calls of the rooms that take screens: splits, pairing, evaluation, interop, streaming."""

import numpy as np

from recon_tutorial import adversaries, exercises, interop, screen, splits, streaming
from recon_tutorial.datasets import adamson_screen, norman_screen, pbmc_screen
from recon_tutorial.embedding import fit_embedding
from recon_tutorial.pairing import make_pairs
from recon_tutorial.predictors import RidgeShift
from recon_tutorial.validation import validate_screen

from .bad_input_calls import Call
from .bad_input_screens import screen as good_screen
from .bad_input_worlds import (
    arrays_of,
    combinations,
    dense,
    embedded,
    evaluated,
    exported,
    genes,
    of_split,
    predictions,
    read_file,
    reader,
    recorded,
    through,
    to_embedding,
    with_pairs,
    world,
    written,
)  # fmt: skip


def draw(name, kind="some screen", **options):
    function = getattr(splits, name)
    kinds = {"n": "choice", "names": "names", "n_validation": "choice", "seed": "seed"}
    kinds |= {"context": "word"} | dict.fromkeys(
        ("control_fraction", "fraction", "test_fraction", "validation_fraction"), "amount"
    )
    adata = combinations if name == "hold_out_combinations" else good_screen
    return Call(
        lambda **given: of_split(function(**given)),
        lambda: {"adata": adata()} | options,
        {"adata": kind} | {o: kinds[o] for o in options},
    )


def of_world(*names, **more):
    """What makes the arguments: the screen under one name, its split under another, and more."""
    return lambda: dict(zip(names, world())) | more


SIZES = {"n_perturbations": 3, "cells_per_perturbation": 4, "n_controls": 9, "embed_dim": 3}
SIZES |= {"cov_dim": 2, "n_genes": 4, "n_contexts": 2, "combinations": 1}
AMOUNTS = {"systematic": 1.0, "noise": 0.1}
PAIRED = {"how": "random", "context_key": "context", "use_rep": "X_emb", "seed": 0}
OPTION = {"how": "word", "context_key": "word", "use_rep": "word", "pairing": "word"}
OPTION |= {"seed": "seed", "split": "object", "predictions": "object"}


def options(*names, **more):
    return {name: OPTION[name] for name in names} | more


CALLS = {
    "validate_screen": Call(
        validate_screen, of_world("adata", use_rep="X_emb"), options("use_rep", adata="screen")
    ),
    "simulate_screen": Call(
        lambda **g: screen.simulate_screen(**g).X,
        lambda: SIZES | AMOUNTS | {"effect": "linear", "seed": 0},
        dict.fromkeys(SIZES, "count") | dict.fromkeys(AMOUNTS, "amount")
        | {"effect": "word", "seed": "seed"},
    ),
    "split_cells": draw(
        "split_cells", "screen", test_fraction=0.2, seed=0, validation_fraction=0.1
    ),
    "hold_out_perturbations": draw(
        "hold_out_perturbations", n=2, n_validation=1, control_fraction=0.2, seed=0
    ),
    "hold_out_perturbations (named)": draw("hold_out_perturbations", names=["p0", "p3"]),
    "hold_out_combinations": draw("hold_out_combinations", n=2, n_validation=1, seed=0),
    "hold_out_context": draw("hold_out_context", context="context1", seed=0),
    "split_both": draw("split_both", n=2, n_validation=1, fraction=0.2, seed=0),
    "Split": Call(
        lambda claim, train, test: of_split(splits.Split(claim, train, test)),
        lambda: {"claim": "unseen cells", "train": world()[1].train, "test": world()[1].test},
        {"claim": "word", "train": "mask", "test": "mask"},
    ),
    "Split.audit": Call(
        lambda adata: world()[1].audit(adata), of_world("adata"), {"adata": "some screen"}
    ),
    "Split.reference_controls": Call(
        lambda adata: world()[1].reference_controls(adata), of_world("adata"),
        {"adata": "some screen"},
    ),
    "make_pairs": Call(
        lambda **g: arrays_of(make_pairs(**g)), of_world("adata", **PAIRED),
        options(*PAIRED, adata="screen"),
    ),
    "write_pairs": Call(
        with_pairs(streaming.write_pairs),
        lambda: {"screen": good_screen(), "cells": world()[1].train, "chunk": 50} | PAIRED,
        options(*PAIRED, screen="screen", cells="mask", chunk="count"),
    ),
    "open_pairs": Call(
        lambda **g: arrays_of(streaming.open_pairs(**g)), lambda: {"folder": written()},
        {"folder": "path"},
    ),
    "evaluate": Call(
        evaluated,
        of_world(
            "adata", "split", models={"ridge": RidgeShift()}, metrics=["mse_mean"],
            pairing="random", use_rep="X_emb", seed=0, n_boot=10, train_options={}, decoder=None,
        ),
        options("split", "pairing", "use_rep", "seed", adata="some screen", models="object")
        | {"metrics": "names", "n_boot": "choice", "train_options": "object", "decoder": "object"},
    ),
    "adversaries": Call(
        lambda **g: adversaries.adversaries(**g)["oracle"].cells,
        of_world("adata", "split", use_rep="X_emb", seed=0),
        options("split", "use_rep", "seed", adata="some screen"),
    ),
    "fooling_matrix": Call(
        lambda **g: adversaries.fooling_matrix(metrics=["mse_mean"], **g)["value"].to_numpy(),
        of_world("adata", "split", pairing="random", use_rep="X_emb", seed=0),
        options("split", "pairing", "use_rep", "seed"),
    ),
    "fit_embedding": Call(
        lambda **g: fit_embedding(**g).obsm["X_emb"],
        lambda: {"adata": good_screen(), "train": world()[1].train, "n_genes": 10, "embed_dim": 3},
        {"adata": "some screen", "train": "mask", "n_genes": "count", "embed_dim": "choice"},
    ),
    "pca_embedding": Call(
        lambda **g: interop.pca_embedding(**g)(embedded().X),
        lambda: {"adata": embedded(), "use_rep": "X_emb"}, options("use_rep", adata="some screen"),
    ),
    "pca_embedding (its map)": Call(
        lambda genes: to_embedding()(genes),
        lambda: {"genes": np.asarray(embedded().X[:9], dtype=float)}, {"genes": "cells"},
    ),
    "Recorded": Call(
        recorded,
        lambda: {"screen": embedded(), "predictions": predictions(), "use_rep": "X_emb", "seed": 0},
        options("predictions", "use_rep", "seed", screen="some screen"),
    ),
    "Recorded (cells)": Call(
        lambda cells: recorded(screen=embedded(), predictions=predictions() | {"p1": cells}),
        lambda: {"cells": np.asarray(predictions()["p1"], dtype=float)}, {"cells": "cells"},
    ),
    "to_cell_eval": Call(
        exported(interop.to_cell_eval),
        lambda: {"screen": embedded(), "split": world()[1], "predictions": predictions()},
        options("split", "predictions", screen="some screen"),
    ),
    "to_pertpy": Call(
        exported(interop.to_pertpy),
        lambda: {"screen": embedded(), "split": world()[1], "predictions": predictions()}
        | {"use_rep": "X_emb", "embed": to_embedding()},
        options("split", "predictions", "use_rep"),
    ),
    "ThroughEmbedding.train": Call(through, genes, dict.fromkeys(("ctrl_emb", "pert_emb"), "rows")),
    "screen_from_anndata": Call(
        reader,
        lambda: {"perturbation_key": "condition", "control": "ctrl", "context_key": "kind"}
        | {"use_rep": "X_pca", "descriptors": good_screen().uns["descriptors"]},
        dict.fromkeys(("perturbation_key", "control", "context_key", "use_rep"), "word")
        | {"descriptors": "table"},
    ),
    "screen_from_anndata (a screen)": Call(
        lambda adata: reader(
            adata=adata, perturbation_key="perturbation", control="control",
            context_key="context", use_rep="X_emb",
        ),
        of_world("adata"), {"adata": "some screen"},
    ),
    "norman_screen": Call(
        lambda adata: dense(norman_screen(adata).X), lambda: {"adata": read_file("norman")},
        {"adata": "file"},
    ),
    "adamson_screen": Call(
        lambda **g: dense(adamson_screen(**g).X),
        lambda: {"adata": read_file("adamson"), "controls": ["62(mod)_pBA581"]},
        {"adata": "file", "controls": "names"},
    ),
    "pbmc_screen": Call(
        lambda adata: dense(pbmc_screen(adata).X), lambda: {"adata": read_file("pbmc")},
        {"adata": "file"},
    ),
    "let_in_perturbations": Call(
        lambda **g: of_split(exercises.let_in_perturbations(**g)),
        lambda: {"screen": good_screen(), "share": 0.5, "seed": 0}
        | {"split": splits.hold_out_perturbations(good_screen(), n=2)},
        options("split", "seed", screen="some screen", share="amount"),
    ),
    "repeat_cells": Call(
        lambda **g: exercises.repeat_cells(**g).obsm["X_emb"],
        of_world("screen", "split", share=0.2, seed=0),
        options("split", "seed", screen="some screen", share="amount"),
    ),
}  # fmt: skip
