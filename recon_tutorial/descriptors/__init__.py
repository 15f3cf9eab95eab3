"""Descriptors: what a model is told about a perturbation, one row each."""

from recon_tutorial.descriptors.categories import multi_hot
from recon_tutorial.descriptors.combining import combined
from recon_tutorial.descriptors.cytokines import cytokine_table
from recon_tutorial.descriptors.molecules import morgan
from recon_tutorial.descriptors.proteins import protein
from recon_tutorial.descriptors.tags import one_hot, random, shuffled
from recon_tutorial.descriptors.texts import text

__all__ = [
    "combined",
    "cytokine_table",
    "morgan",
    "multi_hot",
    "one_hot",
    "protein",
    "random",
    "shuffled",
    "text",
]
