"""STATE's network at a size that a processor can fit."""

from __future__ import annotations

MODULE = "state.tx.models.state_transition"
HEADS = 4
WIDTHS = 2 * HEADS  # transformers refuses a head of odd width


def build_network(model_class, *, embed_dim, cov_dim, n_hidden, set_size, decoder_weight):
    """One transformer layer over a set, in the embedding space, with STATE's energy loss."""
    backbone = {
        "bidirectional_attention": True,  # a set has no order
        "hidden_size": n_hidden,
        "intermediate_size": 2 * n_hidden,
        "num_hidden_layers": 1,
        "num_attention_heads": HEADS,
        "num_key_value_heads": HEADS,
        "head_dim": n_hidden // HEADS,
        "max_position_embeddings": set_size,
        "vocab_size": 1,
        "pad_token_id": 0,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "use_cache": False,
        "attention_dropout": 0.0,
        "tie_word_embeddings": False,
    }
    model = model_class(
        input_dim=embed_dim,
        output_dim=embed_dim,
        pert_dim=cov_dim,
        hidden_dim=n_hidden,
        batch_dim=None,
        gene_dim=embed_dim,
        hvg_dim=embed_dim,
        basal_mapping_strategy="random",
        predict_residual=True,
        loss="energy",
        distributional_loss="energy",
        blur=0.05,
        output_space="gene",  # "all" would add a bottleneck
        embed_key="X_emb",
        cell_set_len=set_size,
        n_encoder_layers=1,
        n_decoder_layers=1,
        dropout=0.0,
        decoder_cfg=None,
        decoder_weight=decoder_weight,
        transformer_backbone_key="llama",
        transformer_backbone_kwargs=backbone,
    )
    model.log = lambda *args, **kwargs: None  # no Lightning trainer listens
    return model
