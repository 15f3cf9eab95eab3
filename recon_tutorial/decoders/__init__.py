"""The second stage: a decoder from embedding to expression, trained once, then frozen for good."""

from recon_tutorial.decoders.errors import decoder_floor, error_split
from recon_tutorial.decoders.frozen import FrozenDecoder, MLPDecoder
from recon_tutorial.decoders.training import train_decoder

__all__ = ["FrozenDecoder", "MLPDecoder", "decoder_floor", "error_split", "train_decoder"]
