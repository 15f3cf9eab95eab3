"""What a check says: whether an answer passes, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, repr=False)
class Feedback:
    """What a check says of an answer; a notebook shows the message as the result of a cell.

    Attributes
    ----------
    passed : bool
        Whether the answer is right.
    message : str
        What was seen, against what was expected, and what to try next, as Markdown.
    tried : bool
        False where `...` still stands in place of an answer, which is not an error.

    Derived in chapter 1.
    """

    passed: bool
    message: str
    tried: bool = True

    def __repr__(self) -> str:
        return self.message

    def _repr_markdown_(self) -> str:
        return self.message
