"""Decoder files that were bent: the decoder comes back as it was, or a sentence says why not."""

import json

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from recon_tutorial.decoders import FrozenDecoder, MLPDecoder, _file

CELLS = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)


def make():
    torch.manual_seed(0)
    return FrozenDecoder(MLPDecoder(3, 4, 2), ["a", "b", "c", "d"], training={"seed": 0})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("decoders")
    make().save(folder / "good.safetensors")
    return folder


def is_whole_or_refused(path):
    """Whether the file holds the good decoder still; if it does not, it must be refused."""
    try:
        found = FrozenDecoder.load(path)
    except ValueError as error:
        assert str(path) in str(error) and "\n" not in str(error)
        assert len(str(error)) < 300 + len(str(path))
        return False
    assert np.array_equal(found.decode(CELLS), make().decode(CELLS))
    assert found.gene_names == ["a", "b", "c", "d"]
    return True


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=8))
def test_flipped_bytes_never_make_another_decoder(folder, flips):
    content = bytearray((folder / "good.safetensors").read_bytes())
    for place, mask in flips:
        content[place % len(content)] ^= mask
    path = folder / "flipped.safetensors"
    path.write_bytes(content)
    is_whole_or_refused(path)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.binary(max_size=40))
def test_a_file_cut_short_or_grown_is_refused(folder, place, tail):
    content = (folder / "good.safetensors").read_bytes()
    cut = content[: place % len(content)] + tail
    if cut == content:  # the tail was what had been cut off
        return
    (folder / "cut.safetensors").write_bytes(cut)
    assert not is_whole_or_refused(folder / "cut.safetensors")


@settings(max_examples=30)
@given(st.binary(max_size=200))
@example(b"PK\x03\x04")
@example(b"\x80\x04\x95")
@example((2**63 - 1).to_bytes(8, "little") + b"{}")
def test_any_bytes_are_refused(folder, content):
    (folder / "bytes.safetensors").write_bytes(content)
    assert not is_whole_or_refused(folder / "bytes.safetensors")


values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
values |= st.lists(values, max_size=4) | st.dictionaries(st.text(max_size=5), values, max_size=3)
KEYS = ["n_input", "n_output", "n_hidden", "gene_names", "training"]


@settings(max_examples=60)
@given(st.sampled_from(KEYS), values)
@example("n_hidden", 10**12)  # nothing of that size may be made to find out
@example("gene_names", ["a", "a", "b", "c"])
def test_a_header_that_lies_under_a_right_hash_is_refused(folder, key, value):
    header, tensors = _file.read(folder / "good.safetensors")
    same = json.loads(json.dumps(header))
    header[key] = value
    path = folder / "lying.safetensors"
    _file.write(path, {k: v for k, v in header.items() if k != "format"}, tensors)
    kept = is_whole_or_refused(path) if key != "gene_names" else None
    if key in ("n_input", "n_output", "n_hidden"):
        assert kept == (type(value) is int and value == same[key])
    if key == "gene_names":
        fits = isinstance(value, list) and len(value) == len(set(map(str, value))) == 4
        if fits and all(isinstance(name, str) for name in value):
            assert FrozenDecoder.load(path).gene_names == value
        else:
            assert not is_whole_or_refused(path)


@settings(max_examples=30)
@given(st.text(max_size=200))
@example("[" * 100_000)  # deeper than Python reads
@example("null")
@example("{}")
def test_a_header_that_is_none_is_refused(folder, text):
    path = folder / "headless.safetensors"
    save_file(load_file(folder / "good.safetensors"), path, metadata={"header": text})
    assert not is_whole_or_refused(path)


def test_weights_that_are_not_finite_or_of_another_shape_are_refused(folder):
    header, tensors = _file.read(folder / "good.safetensors")
    header.pop("format", None)
    path = folder / "weights.safetensors"
    for name, tensor in tensors.items():
        for bent in (tensor * torch.nan, tensor[:-1], tensor.int()):
            _file.write(path, header, tensors | {name: bent.contiguous()})
            assert not is_whole_or_refused(path)
    _file.write(path, header, tensors | {"more": torch.zeros(1)})
    assert not is_whole_or_refused(path)
    _file.write(path, header, tensors)
    assert is_whole_or_refused(path)
