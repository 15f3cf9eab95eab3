"""The file of a frozen decoder: safetensors weights and a JSON header under one hash."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from recon_tutorial._given import is_whole
from recon_tutorial._whole import keep_bytes

FORMAT = "recon-tutorial decoder 1"
_PICKLES = (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def write(path: Path, header: dict, tensors: dict[str, torch.Tensor]) -> None:
    """Write header and tensors to `path`, whole or not at all."""
    header = {"format": FORMAT, **header}
    header["sha256"] = _digest(header, tensors)
    keep_bytes(path, save(tensors, metadata={"header": json.dumps(header)}))


def read(path: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    """Header and tensors of a decoder file whose hash is right; FileNotFoundError or ValueError."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no decoder at {path}: write one with FrozenDecoder.save")
    with path.open("rb") as file:
        start = file.read(2)
    if start in _PICKLES:
        raise ValueError(
            f"{path} is a pickle, which can run code when read: save the decoder as safetensors "
            "with FrozenDecoder.save"
        )
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {}).get("header", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{path} is no readable safetensors file: save the decoder again"
        ) from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError(f"{path} is no decoder of this package: write one with FrozenDecoder.save")
    if header.pop("sha256", None) != _digest(header, tensors):
        raise ValueError(f"{path} was changed after it was saved (wrong SHA-256): save it again")
    if not _fits(header, tensors):
        raise ValueError(f"{path} has a header that does not fit its weights: save it again")
    return header, tensors


def _digest(header, tensors):
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def _fits(header, tensors) -> bool:
    """Whether a header describes these weights, and they are finite; nothing is built to tell."""
    d, genes, hidden = sizes = [header.get(key) for key in ("n_input", "n_output", "n_hidden")]
    names = header.get("gene_names")
    if not all(is_whole(size) and size >= 1 for size in sizes) or not isinstance(names, list):
        return False
    shapes = {"layers.0.weight": (hidden, d), "layers.0.bias": (hidden,)}
    shapes |= {"layers.2.weight": (genes, hidden), "layers.2.bias": (genes,)}
    whole = all(t.is_floating_point() and bool(t.isfinite().all()) for t in tensors.values())
    return (
        whole
        and shapes == {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        and all(isinstance(name, str) for name in names)
        and len(names) == len(set(names)) == genes
        and isinstance(header.get("training"), dict)
    )
