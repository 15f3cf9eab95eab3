"""Descriptions in words as numbers: weighted words, then a few directions."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from recon_tutorial._given import at_least, is_whole
from recon_tutorial.descriptors._named import frame, named


def text(
    descriptions: Mapping[str, str] | pd.Series, *, dim: int = 16, seed: int = 0
) -> pd.DataFrame:
    """Describe each perturbation by the words that were written about it.

    TF-IDF weights of the words (English stop words left out), then the leading `dim` singular
    directions: latent semantic analysis (Deerwester et al., 1990).

    Parameters
    ----------
    descriptions : mapping or Series
        Perturbation name to text.
    dim : int
        Number of directions; fewer than there are texts, and than there are different words.
    seed : int
        Where the iteration starts: same seed, same numbers.

    Returns
    -------
    DataFrame
        Shape (n, dim), float32. The word that weighs most in a direction counts as positive, so
        signs do not depend on the solver.

    Raises
    ------
    ValueError
        If a text is missing or holds no word that counts, a name repeats, or `dim` does not fit.

    Notes
    -----
    All texts are read together, those of held-out perturbations too: a description is known before
    any cell is measured. Whoever writes it must not know the outcome either.

    Derived in chapter 11.
    """
    descriptions = named(descriptions, "description")
    at_least(0, seed=seed)
    vectorizer = TfidfVectorizer(stop_words="english")
    try:
        words = vectorizer.fit_transform(descriptions.values())
    except ValueError as error:  # scikit-learn's word for an empty vocabulary
        raise ValueError(
            f"the descriptions hold no word that counts ({error}): write a sentence for each"
        ) from error
    for name, n_words in zip(descriptions, words.getnnz(axis=1)):
        if n_words == 0:
            raise ValueError(
                f"the description of {name!r} holds no word that counts "
                f"({descriptions[name]!r}): write a sentence"
            )
    limit = min(words.shape) - 1
    if not is_whole(dim) or not 1 <= dim <= limit:
        raise ValueError(
            f"dim={dim} does not fit {words.shape[0]} descriptions of {words.shape[1]} different "
            f"words: it must lie between 1 and {limit}"
        )
    # ARPACK is exact where the randomised solver is near; scikit-learn sets the signs.
    svd = TruncatedSVD(dim, algorithm="arpack", random_state=seed)
    return frame(svd.fit_transform(words), descriptions, [f"t{j}" for j in range(dim)])
