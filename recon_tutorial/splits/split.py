"""A split: which cells train, which test, and what a score on the test cells may claim."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from anndata import AnnData

from recon_tutorial.splits._covers import covers
from recon_tutorial.splits._leaks import LEAKS
from recon_tutorial.splits._names import labels_of
from recon_tutorial.validation import CONTROL

CLAIMS = ("unseen cells", "unseen perturbations", "unseen context", "unseen combinations")


@dataclass(frozen=True, eq=False)
class Split:
    """Training and test cells of a screen, and what a score on the test cells may claim.

    Attributes
    ----------
    claim : str
        One of "unseen cells", "unseen perturbations", "unseen context", "unseen combinations".
    train, test : array of bool, shape (n_cells,)
        Masks over the cells of the screen, controls among them: a model starts from test controls.
    reference : array of bool, shape (n_cells,), optional
        The controls that scores are measured against, so no model may start from them; None
        means the training controls.
    validation : array of bool, shape (n_cells,), optional
        A third part, in neither train nor test, on which to choose settings.

    Raises
    ------
    ValueError
        If the claim is none of these, or a mask is not boolean or of another length.

    Derived in chapters 5 and 6.
    """

    claim: str
    train: np.ndarray
    test: np.ndarray
    reference: np.ndarray | None = field(default=None, kw_only=True)
    validation: np.ndarray | None = field(default=None, kw_only=True)

    def __post_init__(self):
        if self.claim not in CLAIMS:
            raise ValueError(f"claim={self.claim!r} is unknown: choose one of {', '.join(CLAIMS)}")
        for name in ("train", "test", "reference", "validation"):
            if getattr(self, name) is None and name in ("reference", "validation"):
                continue
            mask = np.asarray(getattr(self, name))
            if mask.dtype != bool or mask.ndim != 1:
                raise ValueError(
                    f"{name} must be a one-dimensional boolean mask, got {mask.dtype} of shape "
                    f"{mask.shape}: compare labels to make one"
                )
            if len(mask) != len(self.train):
                raise ValueError(
                    f"train covers {len(self.train)} cells but {name} {len(mask)}: "
                    "make every mask over the whole screen"
                )
            object.__setattr__(self, name, mask)

    def for_validation(self) -> Split:
        """Return the split on which to choose settings: its test part is the validation part.

        Returns
        -------
        Split
            With the same claim, training cells and reference; the test cells are not in it.

        Raises
        ------
        ValueError
            If no validation part was set aside.
        """
        if self.validation is None:
            raise ValueError(
                "this split has no validation part: ask for one when you split (n_validation=)"
            )
        return Split(self.claim, self.train, self.validation, reference=self.reference)

    def audit(self, adata: AnnData) -> None:
        """Raise if a held-out cell could have influenced training, or a score its own reference.

        Parameters
        ----------
        adata : AnnData
            The screen that was split; ``uns["fitted_on"]``, if present, names the cells that
            genes, embedding or decoder were fitted on.

        Raises
        ------
        ValueError
            With the offending names, at the first leak found: an empty part; cells in two parts;
            what the claim holds out (perturbation, perturbed cells of a context, combination)
            has cells in an earlier part; a held-out combination has a part that was never trained
            on alone; a control is both model input and reference; a preprocessing step was fitted
            on cells that training must not see.

        Notes
        -----
        An unseen perturbation is not seen inside a combination either; an unseen combination is
        not seen inside a larger one.
        Validation comes before test: settings were chosen there.
        """
        covers(self, adata)
        for find in LEAKS:
            for leak in find(self, adata):
                raise ValueError(leak)

    def reference_controls(self, adata: AnnData) -> np.ndarray:
        """Return the controls that scores are measured against.

        Parameters
        ----------
        adata : AnnData
            The screen that was split.

        Returns
        -------
        array of bool, shape (n_cells,)
            `reference`, or the training controls where there is none.
        """
        covers(self, adata)
        if self.reference is not None:
            return self.reference
        return self.train & (labels_of(adata) == CONTROL)

    def parts(self) -> dict[str, np.ndarray]:
        """Return the masks by name, in the order in which the parts are used.

        Returns
        -------
        dict of str to array of bool
            "train", then "validation" if there is one, then "test".
        """
        masks = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: mask for name, mask in masks.items() if mask is not None}
