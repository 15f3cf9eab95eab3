"""When to leave the plain formula, which holds all distances at once, for blocks of them."""

from __future__ import annotations

DEVICES = ("auto", "cpu", "cuda")
DTYPES = ("auto", "float32", "float64")
PLAIN = 2000  # cells of all samples: 16 MB of distances; beyond it blocks are several times faster


def block_dtype(n_cells: int, device: str, dtype: str) -> str | None:
    """Precision of the products in blocks, or None where the plain formula will do."""
    for name, given, known in (("device", device, DEVICES), ("dtype", dtype, DTYPES)):
        if given not in known:
            choices = ", ".join(f'"{one}"' for one in known)
            raise ValueError(f"{name}={given!r} is unknown: choose one of {choices}")
    if dtype != "auto":
        return dtype
    if n_cells > PLAIN:
        return "float32"
    return "float64" if device == "cuda" else None
