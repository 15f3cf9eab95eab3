"""The folder of a sweep: one sweep at a time, one notebook, and what has been run."""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recon_tutorial._whole import keep_bytes, writing
from recon_tutorial.running._files import keep_json, remove_drafts

MANIFEST, LOCK = "sweep.json", ".lock"


@contextmanager
def opened(folder: Path, notebook: Path, plan: dict, *, resume: bool) -> Iterator[None]:
    """Hold the folder for this sweep alone, with the manifest and a copy of the notebook in it.

    `plan` has the keys "notebook" (its name), "code", "points" and "versions".
    """
    if folder.resolve() == notebook.parent.resolve():
        raise ValueError(f"{folder} is the notebook's own folder: name another for the runs")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file: name a folder for the runs")
    if folder.exists() and not (folder / MANIFEST).exists() and _visible(folder):
        raise ValueError(
            f"{folder} holds other files and no {MANIFEST}: name an empty folder or a new one"
        )
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        points = {}
        if (folder / MANIFEST).exists():
            points = _fitting(folder, plan, resume)["points"]
        remove_drafts(folder)
        keep_json(folder / MANIFEST, plan | {"points": points | plan["points"]})
        # What the runs read: an edit made while they run changes none of them.
        keep_bytes(folder / plan["notebook"], notebook.read_bytes())
        try:
            yield
        finally:
            remove_drafts(folder)


def read_manifest(folder: Path) -> dict:
    """Read what a folder is to hold."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if not isinstance(manifest["points"], dict):
            raise ValueError("its points are no dict")
        return {key: manifest[key] for key in ("notebook", "code", "points", "versions")}
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(
            f"{folder} holds no sweep, for it has no {MANIFEST}: name the out_dir of one"
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{folder / MANIFEST} is no manifest of a sweep: name another folder"
        ) from error


def record_of(folder: Path, point: str) -> Path:
    """Name the file whose presence says that a point is done."""
    return folder / f"{point}.json"


def failure_of(folder: Path, point: str) -> Path:
    """Name the file that tells why a point failed when it was last run."""
    return folder / f"{point}.failed.json"


def read_record(folder: Path, point: str) -> dict | None:
    """Return what is kept of a point, with its status, or None where it was not run."""
    for path, status, key in (
        (record_of(folder, point), "done", "numbers"),
        (failure_of(folder, point), "failed", "error"),
    ):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(record, dict) or key not in record:
                raise ValueError(f"it has no {key!r}")
            return record | {"status": status}
        except FileNotFoundError:
            continue
        except ValueError as error:
            raise ValueError(f"{path} is no record of a run: remove it and sweep again") from error
    return None


def _fitting(folder, plan, resume):
    """Return the manifest that is there, if this sweep may add to it."""
    manifest = read_manifest(folder)
    if not resume:
        raise ValueError(f"{folder} holds a sweep: resume it, or name an empty folder or a new one")
    if manifest["notebook"] != plan["notebook"]:
        raise ValueError(
            f"{folder} holds a sweep of {manifest['notebook']}, not of {plan['notebook']}: "
            "name another folder"
        )
    if manifest["code"] != plan["code"]:
        raise ValueError(
            f"{folder} holds runs of {plan['notebook']} with other code: name another folder, "
            "so that no table mixes the two"
        )
    return manifest


def _visible(folder):
    return any(not path.name.startswith(".") for path in folder.iterdir())


@contextmanager
def _locked(folder):
    """Hold a lock that ends with this process, however it ends."""
    import fcntl  # here, for Windows has no such module and yet runs single notebooks

    with writing(folder):
        file = open(folder / LOCK, "a+b", buffering=0)  # noqa: SIM115 (closed just below)
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise RuntimeError(
                f"another sweep ({file.read().decode() or 'just started'}) is writing into "
                f"{folder}: wait for it, or name another folder"
            ) from None
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP):
                raise
            raise OSError(
                f"the file system of {folder} has no locks ({error.strerror}): name a folder on "
                "one that has, such as a home folder"
            ) from error
        with writing(folder):
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}".encode())
        yield
