"""Between this book and everybody else: their cells in, their predictions scored, ours out."""

from recon_tutorial.interop.exports import to_cell_eval, to_pertpy
from recon_tutorial.interop.genes import ThroughEmbedding, pca_embedding
from recon_tutorial.interop.recorded import Recorded
from recon_tutorial.interop.screens import screen_from_anndata

__all__ = [
    "Recorded",
    "ThroughEmbedding",
    "pca_embedding",
    "screen_from_anndata",
    "to_cell_eval",
    "to_pertpy",
]
