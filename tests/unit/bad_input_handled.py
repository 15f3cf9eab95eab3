"""What becomes of a spoilt call that is not refused: a stated result, looked up case by case."""

from fnmatch import fnmatchcase

import numpy as np
import pandas as pd

from recon_tutorial.metrics import METRICS

REFUSED = "refused"
# By kind of argument: spoilers that leave a result, and which. All others are refused.
BY_KIND = {
    "cells": dict.fromkeys(("integers", "truth values", "float16", "float32"), "as numbers")
    | dict.fromkeys(("lists", "table", "sparse", "columns first", "view", "read only"), "same")
    | dict.fromkeys(("a row less", "one row", "constant", "zeros", "tiny"), "sound")
    | dict.fromkeys(("negative", "duplicated"), "sound"),
    "rows": {"float16": "as numbers", "lists": "same", "sparse": "same"},
    "refused rows": {},
    "vector": {"lists": "same", "series": "same", "float16": "as numbers"},
    "count": {"numpy": "same"},
    "refused count": {},
    "choice": {"numpy": "same"},
    "amount": {"numpy": "close"},
    "refused amount": {},
    "seed": {"numpy": "same"},
    "word": {},
    "names": {"series": "same"},
    "mask": {"list": "same", "series": "same"},
    "strings": {"series": "same"},
    "refused strings": {},
    "path": {},
    "target": {},
    "object": {},
    "sets": {"view": "same", "moved": "sound"},
    "anndata": dict.fromkeys(("view", "sparse", "genes in another order"), "same")
    | {"float32": "close"},
    "frame": {"index twice": "same", "categories": "same"},
    "table": {"constant": "sound", "columns twice": "sound", "float16": "close", "objects": "same"},
    "file": {"view": "same"},
}
SOUND = ("view", "sparse rows", "sparse columns", "backed", "float64", "unsorted categories")
SOUND += ("unused categories", "plain text labels", "unsorted descriptors")
BY_KIND["screen"] = BY_KIND["some screen"] = dict.fromkeys(SOUND, "same")
ROW_BY_ROW = ("mse", "decoder_floor", "error_split", "train_decoder", "discrimination")
OF_LABELS = ("split_cells", "split_both", "hold_out_*", "let_in_perturbations", "to_cell_eval")
NO_MATTER = ("no X", "*embedding", "no descriptors", "* in X", "huge X", "cells twice")
# Exceptions, as "call | argument | spoiler"; the first that fits counts.
CASES = {
    # matched row by row, or of too few cells
    **dict.fromkeys((f"{name} | * | a row less" for name in ROW_BY_ROW), REFUSED),
    **dict.fromkeys((f"{name} | * | one row" for name in ROW_BY_ROW), REFUSED),
    **dict.fromkeys(("energy_distance | * | one row", "variance_ratio | * | one row"), REFUSED),
    **dict.fromkeys((f"{name} | true | one row" for name in ("de_*", "direction_*")), REFUSED),
    **dict.fromkeys((f"{name} | ctrl | one row" for name in ("de_*", "direction_*")), REFUSED),
    **dict.fromkeys((f"knn_purity | {one} | one row" for one in ("true", "ctrl")), REFUSED),
    # nothing that varies
    **dict.fromkeys(
        (f"variance_ratio | true | {one}" for one in ("constant", "zeros", "tiny", "duplicated")),
        REFUSED,
    ),
    # none of them, or all
    "has_no_change | reference | vector": "sound",
    "KNNShift | k | huge": "sound",
    **dict.fromkeys((f"* | {one} | zero" for one in ("combinations", "n_validation")), "sound"),
    **dict.fromkeys((f"{one}.train | * | float16" for one in ("Oracle", "Replicate")), "sound"),
    **dict.fromkeys((f"{one}* | pert_cov | float16" for one in ("Oracle", "Replicate")), REFUSED),
    "FrozenDecoder.decode | * | no rows": "sound",
    "pca_embedding (its map) | * | no rows": "sound",
    "variable_genes | * | a column less": "sound",
    "variable_genes | n_genes | huge": "sound",
    "train_decoder | gene_names | none": "same",
    "Recorded (cells) | * | table": REFUSED,  # whose columns name no gene
    # what nobody looks at changes nothing
    "validate_screen | use_rep | none": "same",
    **dict.fromkeys((f"{name} | * | *embedding" for name in OF_LABELS), "same"),
    "Split | t* | empty": "sound",
    "Split.audit | adata | no labels": REFUSED,
    "Split.reference_controls | adata | no labels": REFUSED,
    **dict.fromkeys((f"Split.* | adata | {one}" for one in NO_MATTER), "same"),
    **dict.fromkeys(
        (f"write_pairs | screen | {one}" for one in ("no X", "* in X", "* X", "genes twice")),
        "same",
    ),
    "write_pairs | screen | no genes": "same",
    "write_pairs | cells | none": "sound",
    "* | context_key | none": "sound",
    "fit_embedding | adata | no labels": "same",
    "fit_embedding | adata | float64": "close",
    "fit_embedding | adata | *embedding": "same",
    "fit_embedding | adata | no descriptors": "same",
    **dict.fromkeys(  # the odd cell is not among those that are tested
        (f"adversaries | adata | {one}" for one in ("* in X", "huge X", "nan *", "cells twice")),
        "same",
    ),
    # options left out
    "evaluate | metrics | none": "sound",
    "evaluate | metrics | duplicated": "same",
    "evaluate | train_options | none": "same",
    "evaluate | decoder | none": "same",
    "* | n_boot | huge": "same",  # of fewer than 8 perturbations nothing is drawn
    "hold_out_perturbations (named) | names | none": "sound",
    "hold_out_perturbations (named) | names | duplicated": "same",
    "screen_from_anndata | use_rep | none": "sound",
    "screen_from_anndata | descriptors | none": "sound",
    "screen_from_anndata | descriptors | objects": REFUSED,
    "screen_from_anndata (a screen) | adata | no descriptors": "same",
    "adamson_screen | controls | duplicated": "same",
    # tables
    "combined | second | constant": REFUSED,
    **dict.fromkeys(
        (f"shuffled | table | {one}" for one in ("words", "complex", "nan", "inf", "huge")),
        "permuted",
    ),
    "shuffled | table | overflow": "permuted",
    "shuffled | table | rows twice": "permuted",
    "one_hot | names | unknown": "sound",
    "random | names | unknown": "sound",
    "multi_hot | sep | unknown": "sound",
    "leave_one_out | signatures | one row": "sound",
    "leave_one_out | signatures | rows twice": "sound",
    "leave_one_out | * | columns twice": REFUSED,
    "leave_one_out | alphas | duplicated": "same",
    "plot_volcano | frame | index twice": REFUSED,
    "plot_sweep | group | empty": "sound",
    "plot_curve | * | negative": "sound",
    "plot_sweep | group | none": "sound",
    "plot_sweep | log | empty": "sound",
    **dict.fromkeys(
        (f"plot_fooling_matrix | scaled | {one}" for one in ("one row", "nan", "rows twice")),
        "sound",
    ),
    "plot_fooling_matrix | scaled | columns twice": REFUSED,
    **dict.fromkeys((f"record | value | {one}" for one in ("none", "number", "text")), "same"),
}
NOT_DATA = "is no function of a user's data"
OPTIONS_ONLY = "takes no data, only options, which what it calls refuses"
ELSEWHERE = {  # public names that the table leaves out, and why
    **dict.fromkeys(
        ("HIGHER_IS_BETTER", "METRICS", "CONTROL", "EFFECTS", "DATASETS"),
        NOT_DATA,
    ),
    **dict.fromkeys(("MARKERS", "SOURCES", "COLOURS", "RECORD", "RULES"), NOT_DATA),
    **dict.fromkeys(("MetricCard", "Dataset", "Source", "ALPHAS", "use_style"), NOT_DATA),
    **dict.fromkeys(("Pairs", "LeftOut", "Feedback", "Grade"), "is what we make"),
    **dict.fromkeys(("PerturbationPredictor", "ContractError"), "is what others make or catch"),
    **dict.fromkeys(("load_kang", "load_cytosig", "cytokine_table"), OPTIONS_ONLY),
    **dict.fromkeys(("load_adamson_2016", "load_norman_2019", "load_cellflow_pbmc"), OPTIONS_ONLY),
    "simulate_reference": "takes a seed, as simulate_screen does, and a second to run",
    "sweep": "takes grids and options that test_sweep_refused spoils where Dask is",
}
CHECKED = "exercises.check_"  # test_exercises spoils the answer to every one of them


def expected(name, argument, kind, spoiler):
    """The word for what a spoilt call comes to."""
    case = f"{name} | {argument} | {spoiler}"
    for pattern, word in CASES.items():
        if fnmatchcase(case, pattern):
            return word
    return BY_KIND[kind].get(spoiler, REFUSED)


def flat(result):
    """All numbers of a result in one row; other results as they are."""
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, pd.DataFrame | pd.Series):
        result = result.to_numpy()
    try:
        return np.asarray(result, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        return result


def alike(result, other, tolerance=1e-6):
    """Whether two results agree, number by number."""
    if result is None or other is None:
        return result is other
    one, two = flat(result), flat(other)
    if not isinstance(one, np.ndarray):
        return one == two
    return one.shape == two.shape and np.allclose(one, two, rtol=tolerance, atol=tolerance)


def is_sound(name, result):
    """Whether a result is finite, and where it is a score within the range of its card."""
    numbers = flat(result)
    if not isinstance(numbers, np.ndarray) or not np.isfinite(numbers).all():
        return False
    card = METRICS.get(name.removeprefix("metric_"))
    if card is None or name.startswith("metric_"):
        return True
    lowest, highest = card.range
    return bool((numbers >= lowest - 1e-9).all() and (numbers <= highest + 1e-9).all())


def as_stated(word, found, spoilt, *, name, due, again) -> bool:
    """Whether a result is what the word says; `due` and `again` make what it is compared with."""
    if word == "same":
        return alike(found, due())
    if word == "close":
        return alike(found, due(), 1e-2)
    if word == "as numbers":  # float64, dense, that stand for the same
        plain = again(np.asarray(spoilt, dtype=np.float64))
        return alike(found, plain, 1e-5) and is_sound(name, found)
    if word == "permuted":
        rows = [sorted(map(repr, table.to_numpy().tolist())) for table in (found, spoilt)]
        return rows[0] == rows[1] and found.index.equals(spoilt.index)
    if word == "sound":
        return is_sound(name, found)
    raise KeyError(f"{word!r} is no word for a result")
