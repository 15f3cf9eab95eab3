"""What a sweep keeps of its runs: JSON that is there in full or not at all, and no drafts."""

from __future__ import annotations

import json
import re
from pathlib import Path

from recon_tutorial._whole import keep_bytes

DRAFT = re.compile(r"\..+\.[0-9a-f]{32}\.[a-z]+")  # as `draft_of` names them


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
