"""What the decoder adds to an error measured in genes."""

from __future__ import annotations

import numpy as np

from recon_tutorial.decoders._rows import matched_rows
from recon_tutorial.decoders.frozen import FrozenDecoder


def decoder_floor(decoder: FrozenDecoder, embedding, expression) -> float:
    """Error that remains when the embedding is perfect: decoded true cells against measured ones.

    Parameters
    ----------
    decoder : FrozenDecoder
    embedding : array of shape (n, embed_dim)
        True embedding of test cells.
    expression : array or sparse matrix of shape (n, n_genes)
        Their measured expression.

    Returns
    -------
    float
        Mean squared error over cells and genes; no predictor can be expected below it.

    Raises
    ------
    ValueError
        If the rows do not match, or do not fit the decoder.

    Derived in chapter 3.
    """
    x, y = matched_rows(embedding, expression, decoder.n_output)
    return float(np.mean((decoder.decode(x.numpy()).astype(np.float64) - y.numpy()) ** 2))


def error_split(decoder: FrozenDecoder, predicted, embedding, expression) -> dict[str, float]:
    """Split the squared error of decoded predictions into what each stage is to blame for.

    With D the decoder, z and ẑ the true and predicted embedding, x the measured expression:
    |D(ẑ) - x|² = |D(z) - x|² + |D(ẑ) - D(z)|² + 2 (D(ẑ) - D(z))·(D(z) - x).

    Parameters
    ----------
    decoder : FrozenDecoder
    predicted, embedding : array of shape (n, embed_dim)
        Predicted and true embedding of the same cells, matched row by row.
    expression : array or sparse matrix of shape (n, n_genes)
        Measured expression of these cells.

    Returns
    -------
    dict of float
        ``floor`` (the decoder alone), ``shift`` (the predictor alone), ``cross`` (twice their
        product, near 0 when the two errors are unrelated) and ``total``, their sum; means over
        cells and genes.

    Raises
    ------
    ValueError
        If the rows do not match, or do not fit the decoder.

    Derived in chapter 3.
    """
    rows = matched_rows(embedding, expression, decoder.n_output)
    z, x = (t.numpy().astype(np.float64) for t in rows)
    decoded, target = decoder.decode(predicted).astype(np.float64), decoder.decode(z)
    if len(decoded) != len(target):
        raise ValueError(
            f"{len(decoded)} predicted cells for {len(target)} true ones: match them row by row"
        )
    parts = {
        "floor": np.mean((target - x) ** 2),
        "shift": np.mean((decoded - target) ** 2),
        "cross": 2 * np.mean((decoded - target) * (target - x)),
        "total": np.mean((decoded - x) ** 2),
    }
    return {name: float(value) for name, value in parts.items()}
