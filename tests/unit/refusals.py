"""A refusal, word for word."""

import pytest


def says(sentence, call, *arguments, error=ValueError, **options):
    """Hold a call to this one sentence."""
    with pytest.raises(error) as caught:
        call(*arguments, **options)
    assert str(caught.value) == sentence
