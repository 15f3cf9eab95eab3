"""Good calls of predictors, adversaries and decoders."""

import json
from functools import cache, partial

import numpy as np
import torch

from recon_tutorial import adversaries, decoders, predictors, protocol
from recon_tutorial.embedding import variable_genes

from .bad_input_calls import Call, cells

# --- predictors: built, trained and asked; what is spoilt shows in an answer for good rows


@cache
def rows():
    rng = np.random.default_rng(0)
    cov = np.repeat(rng.normal(size=(6, 3)), 4, axis=0)
    ctrl = rng.normal(size=(24, 4))
    return {"ctrl_emb": ctrl, "pert_emb": ctrl + cov @ rng.normal(size=(3, 4)), "pert_cov": cov}


def asked():
    return {"ctrl_emb": rows()["ctrl_emb"][:8], "pert_cov": rows()["pert_cov"][:8]}


def answer(model, given, training=None):
    model.train(**given, **(training or {}))
    return model.predict(**asked())


KIND_OF = {"lr": "refused amount", "epsilon": "refused amount", "alpha": "amount"}
KIND_OF |= {"factor": "amount", "validation_fraction": "refused amount", "seed": "seed"}
KIND_OF |= {"decoder_weight": "refused amount", "k": "choice"}
KIND_OF |= {"epochs": "count", "batch_size": "count"}
KIND_OF |= dict.fromkeys(("predict", "coupling", "loss", "device"), "word")


def kinds_of(options):
    return {name: KIND_OF.get(name, "refused count") for name in options}


def of_predictor(build, name, options, training=None):
    """The constructor, train and predict of a predictor; of a network what is refused alone."""
    kind = "refused rows" if training else "rows"
    training = training or {}

    @cache
    def trained():
        model = build(**options)
        model.train(**rows(), **training)
        return model

    doors = {
        name: Call(
            lambda **given: answer(build(**given), rows(), training),
            lambda: options,
            kinds_of(options),
        ),
        f"{name}.train": Call(
            lambda **given: answer(build(**options), given),
            lambda: rows() | training,
            dict.fromkeys(rows(), kind) | kinds_of(training),
        ),
        f"{name}.predict": Call(
            lambda **given: trained().predict(**given), asked, dict.fromkeys(asked(), kind)
        ),
    }
    return {door: call for door, call in doors.items() if call.kinds}


BASELINES = {
    "Additive": {},
    "KNNShift": {"k": 2},
    "MeanShift": {},
    "NearestPerturbation": {},
    "NoChange": {},
    "PerturbationMeanShift": {},
    "RidgeRegression": {"alpha": 1.0},
    "RidgeShift": {"alpha": 0.1},
}
SIZES = {"embed_dim": 4, "cov_dim": 3, "n_hidden": 8}
MINE = {"lr": 1e-3, "device": "cpu", "seed": 0}
NETWORKS = {  # options of the constructor, and of train
    "MLPPerturbationPredictor": (
        SIZES | MINE | {"predict": "shift"},
        {"epochs": 2, "batch_size": 8, "patience": 3, "validation_fraction": 0.25},
    ),
    "FlowMatchingPredictor": (
        SIZES | MINE | {"coupling": "ot", "n_steps": 2},
        {"iterations": 2},
    ),
    "SetPredictor": (SIZES | MINE | {"loss": "energy", "set_size": 4}, {"iterations": 2}),
}
# Of the two published models what they refuse before their packages are asked for anything.
PUBLISHED = {
    "CellFlowPredictor": SIZES | {"lr": 1e-3, "epsilon": 0.1, "n_steps": 2},
    "StatePredictor": SIZES | {"n_hidden": 64, "lr": 1e-3, "set_size": 4, "decoder_weight": 0.0},
}


def around(name, **options):
    """An adversary around a baseline."""
    kind = getattr(adversaries, name)
    return of_predictor(partial(kind, predictors.PerturbationMeanShift()), name, options)


def from_truth(name, **options):
    """A ceiling that is given the truth."""
    kind = getattr(predictors, name)

    def truth():
        return {key: rows()[key] for key in ("pert_emb", "pert_cov")} | options

    kinds = dict.fromkeys(("pert_emb", "pert_cov"), "rows") | kinds_of(options)
    train = lambda **given: answer(kind(**truth()), given)  # noqa: E731
    return {
        name: Call(lambda **given: kind(**given).predict(**asked()), truth, kinds),
        f"{name}.train": Call(train, rows, dict.fromkeys(rows(), "rows")),
        f"{name}.predict": Call(
            lambda **given: kind(**truth()).predict(**given), asked, dict.fromkeys(asked(), "rows")
        ),
    }


# --- decoders


@cache
def decoder():
    x = cells(0, 12, 4)
    y = np.maximum(0, x @ cells(1, 4, 6))
    return decoders.train_decoder(x, y, n_hidden=8, epochs=3, device="cpu"), x, y


def pair():
    return dict(zip(("embedding", "expression"), decoder()[1:]))


FITTED = {"n_hidden": 8, "lr": 1e-3, "epochs": 2, "batch_size": 4, "seed": 0}
GENES = {"gene_names": [f"g{j}" for j in range(6)]}
BOTH = {"embedding": "cells", "expression": "cells"}
WIDTHS = {"n_input": 4, "n_output": 6, "n_hidden": 8}


def _trained_decoder(**given):
    made = decoders.train_decoder(**given, device="cpu")
    json.dumps([made.training_record, made.decoder.n_hidden])  # as its file does
    return made.decode(decoder()[1])


CALLS = {
    **{
        k: c
        for n, o in BASELINES.items()
        for k, c in of_predictor(getattr(predictors, n), n, o).items()
    },
    **{
        k: c
        for n, (o, training) in NETWORKS.items()
        for k, c in of_predictor(getattr(predictors, n), n, o, training).items()
    },
    **{
        n: Call(getattr(predictors, n), lambda o=o: o, kinds_of(o)) for n, o in PUBLISHED.items()
    },
    **of_predictor(adversaries.RandomCells, "RandomCells", {"seed": 0}),
    **around("Collapsed"),
    **around("Swapped"),
    **around("Inflated", factor=2.0),
    **around("Overshoot", factor=2.0),
    **from_truth("Oracle"),
    **from_truth("Replicate", seed=0),
    "FitOnce.train": Call(
        lambda **given: answer(predictors.FitOnce(predictors.RidgeShift()), given),
        rows,
        dict.fromkeys(rows(), "rows"),
    ),
    "train_decoder": Call(
        _trained_decoder, lambda: pair() | FITTED | GENES,
        BOTH | kinds_of(FITTED) | {"gene_names": "names", "n_hidden": "count"},
    ),
    "decoder_floor": Call(
        lambda **g: decoders.decoder_floor(decoder()[0], **g), pair, BOTH
    ),
    "error_split": Call(
        lambda **g: decoders.error_split(decoder()[0], **g),
        lambda: {"predicted": decoder()[1] + 1} | pair(), {"predicted": "cells"} | BOTH,
    ),
    "FrozenDecoder": Call(
        lambda **g: decoders.FrozenDecoder(decoder()[0].decoder, **g).gene_names,
        lambda: GENES, {"gene_names": "names"},
    ),
    "FrozenDecoder.decode": Call(
        lambda **g: decoder()[0].decode(**g), lambda: {"embedding": decoder()[1]},
        {"embedding": "cells"},
    ),
    "MLPDecoder": Call(
        lambda **g: decoders.MLPDecoder(**g).n_output, lambda: WIDTHS, kinds_of(WIDTHS)
    ),
    "energy_loss": Call(
        lambda **g: predictors.energy_loss(**{n: torch.as_tensor(x) for n, x in g.items()}).item(),
        lambda: {n: np.stack([cells(i)] * 2) for i, n in enumerate(("predicted", "true"))},
        {"predicted": "sets", "true": "sets"},
    ),
    "variable_genes": Call(
        variable_genes, lambda: {"expression": np.abs(cells()), "n_genes": 3},
        {"expression": "cells", "n_genes": "choice"},
    ),
    "check_predictor": Call(
        protocol.check_predictor,
        lambda: {"factory": predictors.RidgeShift, "embed_dim": 4, "cov_dim": 2, "seed": 0},
        {"factory": "object", "embed_dim": "refused count", "cov_dim": "refused count"}
        | {"seed": "seed"},
    ),
}  # fmt: skip
