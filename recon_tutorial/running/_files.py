"""Files that are either there in full or not at all."""

from __future__ import annotations

import json
import os
import re
import uuid
from pathlib import Path

DRAFT = re.compile(r"\..+\.[0-9a-f]{32}\.[a-z]+")  # as `draft_of` names them


def draft_of(path: Path) -> Path:
    """Name a hidden file beside this one, to be written first and then renamed to it."""
    return path.with_name(f".{path.stem}.{uuid.uuid4().hex}{path.suffix}")


def keep_bytes(path: Path, content: bytes) -> None:
    """Write a file at once: who reads it sees the old content or the new, never a part."""
    draft = draft_of(path)
    try:
        with open(draft, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # or a crash of the machine could leave an empty file
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def keep_json(path: Path, content: dict) -> dict:
    """Write JSON at once; what is returned is what a later reader will read."""
    text = json.dumps(content, indent=2, allow_nan=False)
    keep_bytes(path, f"{text}\n".encode())
    return json.loads(text)


def remove_drafts(folder: Path) -> None:
    """Remove what killed processes were writing."""
    for path in folder.iterdir():
        if DRAFT.fullmatch(path.name):
            path.unlink(missing_ok=True)
