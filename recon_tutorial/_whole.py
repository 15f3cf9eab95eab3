"""Files and folders that are there in full or not at all, however their writing ends."""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
ABANDONED = 3600  # seconds without a write, after which a draft is taken for a dead process's


def draft_of(path: Path) -> Path:
    """Name a hidden draft beside this file or folder, to be written first and then renamed to it.

    Drafts of it that killed processes left are removed. A time in the future counts as long ago,
    too: the clock was set back since.
    """
    form = re.compile(rf"\.{re.escape(path.stem)}\.[0-9a-f]{{32}}{re.escape(path.suffix)}")
    with suppress(OSError):  # of a folder that cannot be read or is gone: writing will tell
        for left in path.parent.iterdir():
            if form.fullmatch(left.name) and _age(left) > ABANDONED:
                remove(left)
    return path.with_name(f".{path.stem}.{uuid.uuid4().hex}{path.suffix}")


def keep_bytes(path: Path, content: bytes) -> None:
    """Write a file at once: who reads it sees the old content or the new, never a part."""
    keep_together({path: content})


def keep_together(files: dict[Path, bytes]) -> None:
    """Write files that belong together: the last one is only ever there beside its own others.

    Raises
    ------
    OSError
        If there is no space or no right to write: then all are as they were.
    """
    drafts = {path: draft_of(path) for path in files}
    *others, last = files
    try:
        with writing(last):
            for path, draft in drafts.items():
                with open(draft, "xb") as file:
                    file.write(files[path])
                    file.flush()
                    os.fsync(file.fileno())  # or a crash of the machine could leave an empty file
            if others:
                last.unlink(missing_ok=True)
            for path, draft in drafts.items():
                os.replace(draft, path)
    finally:
        for draft in drafts.values():
            remove(draft)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in one sentence what a disk that is full or closed to us did not take."""
    try:
        yield
    except OSError as error:
        if error.errno not in DISK:
            raise
        raise OSError(
            f"cannot write {path} ({error.strerror}): free space there, or name a place that you "
            "can write to"
        ) from error


def remove(draft: Path) -> None:
    """Remove a draft, be it a file, a folder or nothing."""
    if draft.is_dir():
        shutil.rmtree(draft, ignore_errors=True)
    else:
        with suppress(OSError):  # on a file system that became read-only: nothing can be done
            draft.unlink(missing_ok=True)


def _age(draft):
    """Seconds from now to when any part of it was last written, whichever way the clock jumped."""
    parts = [draft, *(draft.iterdir() if draft.is_dir() else ())]
    return min(abs(time.time() - part.stat().st_mtime) for part in parts)
