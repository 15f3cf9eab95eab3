"""Feedback on the exercises: what was seen, what was expected, three hints, never the answer.

Each check takes the answer first and returns a `Feedback`; `...` is an answer not yet tried.
"""

from recon_tutorial.exercises.chapter_01 import check_average_descriptor, check_collapse
from recon_tutorial.exercises.chapter_02 import check_kept_but_wrong, check_mended_predictor
from recon_tutorial.exercises.chapter_03 import check_leaky_decoder, check_small_decoder
from recon_tutorial.exercises.chapter_04 import check_chance, check_pure_but_far, check_wide
from recon_tutorial.exercises.chapter_05 import check_collapsed_model, check_two_modes
from recon_tutorial.exercises.chapter_06 import check_other_descriptors, check_threshold
from recon_tutorial.exercises.chapter_07 import (
    check_forged_spread,
    check_questions,
    check_true_partners,
)
from recon_tutorial.exercises.chapter_08 import check_better_coupling, check_longest_pairs
from recon_tutorial.exercises.chapter_09 import (
    check_attention_under_mse,
    check_one_at_a_time,
    check_runaway_push,
)
from recon_tutorial.exercises.chapter_10 import (
    check_inner_choice,
    check_leaky_embedding,
    check_without_the_type,
)
from recon_tutorial.exercises.chapter_11 import check_held_share, check_own_descriptor
from recon_tutorial.exercises.chapter_12 import check_forgotten_logarithm, check_means_only
from recon_tutorial.exercises.chapter_13 import check_budget, check_exponent
from recon_tutorial.exercises.feedback import Feedback
from recon_tutorial.exercises.leaks import (
    check_repeated_cells,
    check_seen_perturbations,
    let_in_perturbations,
    repeat_cells,
)

__all__ = [
    "Feedback",
    "check_attention_under_mse",
    "check_average_descriptor",
    "check_better_coupling",
    "check_budget",
    "check_chance",
    "check_collapse",
    "check_collapsed_model",
    "check_exponent",
    "check_forged_spread",
    "check_forgotten_logarithm",
    "check_held_share",
    "check_inner_choice",
    "check_kept_but_wrong",
    "check_leaky_decoder",
    "check_leaky_embedding",
    "check_longest_pairs",
    "check_means_only",
    "check_mended_predictor",
    "check_one_at_a_time",
    "check_other_descriptors",
    "check_own_descriptor",
    "check_pure_but_far",
    "check_questions",
    "check_repeated_cells",
    "check_runaway_push",
    "check_seen_perturbations",
    "check_small_decoder",
    "check_threshold",
    "check_true_partners",
    "check_two_modes",
    "check_wide",
    "check_without_the_type",
    "let_in_perturbations",
    "repeat_cells",
]
