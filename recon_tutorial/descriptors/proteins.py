"""Proteins as numbers: what a protein language model reads in their sequence."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from recon_tutorial.descriptors._named import frame, named

RESIDUES = frozenset("ACDEFGHIKLMNPQRSTVWY" + "BOUXZ")  # the 20, then rare and unclear ones


def protein(
    sequences: Mapping[str, str] | pd.Series, *, model: str = "facebook/esm2_t6_8M_UR50D"
) -> pd.DataFrame:
    """Describe each protein by the mean over its residues of an ESM-2 embedding (Lin et al., 2023).

    Proteins are read one at a time: nothing is padded, so a row depends on its own sequence alone.
    The tokens for beginning and end are left out of the mean.

    Parameters
    ----------
    sequences : mapping or Series
        Perturbation name to residues in capital one-letter code. Take the mature chain: signal
        peptides are cut off before a cytokine acts.
    model : str
        An ESM-2 model of the Hugging Face hub, or a folder with its configuration, ``vocab.txt``
        and safetensors weights. The first call with a hub name downloads it (about 30 MB for the
        default); later calls find it in the Hugging Face cache.

    Returns
    -------
    DataFrame
        Shape (n, hidden size), float32: 320 columns for the default model.

    Raises
    ------
    ImportError
        If transformers is not installed: says how to.
    RuntimeError
        If the model is neither cached nor downloadable.
    ValueError
        If a sequence holds other letters or is longer than the model can read, a name repeats, or
        `model` is no ESM model or lacks weights.

    Derived in chapter 11.
    """
    sequences = named(sequences, "sequence")
    for name, sequence in sequences.items():
        odd = "".join(sorted(set(sequence) - RESIDUES))
        if odd:
            raise ValueError(
                f"the sequence of {name!r} holds {odd!r}: write residues in capital one-letter "
                "code, without spaces, gaps or stops"
            )
    tokenizer, network = _load(model)
    import torch

    longest = network.config.max_position_embeddings - 4  # begin, end, and the padding's offset
    rows = []
    for name, sequence in sequences.items():
        if len(sequence) > longest:
            raise ValueError(
                f"the sequence of {name!r} has {len(sequence)} residues but {model} reads at most "
                f"{longest}: pass the mature chain or one domain"
            )
        residues = tokenizer.convert_tokens_to_ids(list(sequence))
        tokens = torch.tensor([[tokenizer.cls_token_id, *residues, tokenizer.eos_token_id]])
        with torch.no_grad():
            states = network(tokens).last_hidden_state
        rows.append(states[0, 1:-1].mean(dim=0).numpy())
    return frame(rows, sequences, [f"e{j}" for j in range(len(rows[0]))])


def _load(model):
    """Return the tokenizer and the network in float32, ready to read; nothing is trained."""
    try:
        from transformers import AutoConfig, EsmModel, EsmTokenizer
    except ImportError as error:
        raise ImportError(
            f"transformers is not installed ({error}): run `pip install transformers`"
        ) from error
    try:
        kind = AutoConfig.from_pretrained(model).model_type
        if kind != "esm":
            raise ValueError(f"{model} is a model of type {kind!r}: pass an ESM-2 model")
        tokenizer = EsmTokenizer.from_pretrained(model)
        network, loaded = EsmModel.from_pretrained(
            model,
            add_pooling_layer=False,
            use_safetensors=True,  # never a pickle
            output_loading_info=True,
        )
    except OSError as error:
        reason = str(error).strip().splitlines()[0]
        raise RuntimeError(
            f"the model {model!r} could not be loaded ({reason}): when online, run `python -c "
            f"\"from recon_tutorial.descriptors import protein; protein({{'x': 'M'}}, "
            f'model={model!r})"`, or pass a folder that holds it'
        ) from error
    # What a checkpoint lacks is filled with noise; the contact head is not used here.
    lost = sorted(
        key for key in loaded["missing_keys"] if key.startswith(("encoder", "embeddings"))
    )
    if lost:
        raise ValueError(f"{model} lacks weights (first: {lost[0]}): pass a complete ESM-2 model")
    return tokenizer, network.float()  # a checkpoint may be stored in half precision
