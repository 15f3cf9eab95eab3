"""Key the cache of executed notebooks by everything their numbers depend on.

jupyter-cache matches a notebook by its code cells, so it would serve old numbers after a change in
the package. Here the cache lives in ``_build/.jupyter_cache/<key>``, where the key is a hash of the
package, its data, the pinned versions and the versions that are installed.
"""

import fcntl
import hashlib
import json
import os
import platform
import shutil
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.cache.db import NbCacheRecord, OrmBase
from sqlalchemy import inspect
from sqlalchemy.exc import DatabaseError

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ".jupyter_cache"
CORE = ("numpy", "scipy", "pandas", "scikit-learn", "torch", "anndata", "matplotlib", "POT")
MODELS = ("jax", "ott-jax", "cellflow-tools", "arc-state", "transformers")
OTHERS = ("rdkit", "cell-eval", "pertpy")
PACKAGES = CORE + MODELS + OTHERS  # missing ones count too


def installed(packages=PACKAGES):
    """Return (name, version) of Python and of each package."""
    found = [("Python", platform.python_version())]
    for name in packages:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            found.append((name, "not installed"))
    return found


def cache_key(root=ROOT):
    """Return 16 hexadecimal digits that change when a notebook may give other numbers."""
    package = root / "recon_tutorial"
    inputs = set(package.rglob("*.py")) | {p for p in package.glob("data/**/*") if p.is_file()}
    inputs |= {p for p in [root / "constraints.txt"] if p.exists()}
    digest = hashlib.sha256(repr(installed()).encode())
    for path in sorted(inputs):
        if "__pycache__" in path.parts:
            continue
        digest.update(f"\n{path.relative_to(root).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


class CacheError(Exception):
    """The cache cannot be written, for the reason said."""


@contextmanager
def held(parent):
    """Keep other processes from the caches in this folder, and say in one sentence what fails."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with open(parent.with_suffix(".lock"), "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # which ends with this process, however it ends
            yield
    except (OSError, RuntimeError, DatabaseError) as error:  # RuntimeError: jupyter-cache's own
        cause = error.__cause__ or error
        reason = " ".join(str(getattr(cause, "orig", cause)).split())  # SQLAlchemy adds the query
        raise CacheError(
            f"cannot keep executed notebooks in {parent} ({reason}): free space there, or make it "
            "a folder that you can write to, then run this again"
        ) from error


def open_cache(build):
    """Open the cache of the present key in the build folder, drop older keys, mend it."""
    parent = Path(build, FOLDER)
    path = parent / cache_key()
    with held(parent):
        for old in parent.iterdir():
            if old != path:
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        cache = get_cache(path)
        mend(cache)
    return cache


def mend(cache):
    """Forget records whose notebook a killed run never finished writing, or all, if need be."""
    if not is_whole(cache):
        cache.clear_cache()
    for record in cache.list_cache_records():
        file = Path(cache.path, "executed", record.hashkey, "base.ipynb")
        try:
            json.loads(file.read_text(encoding="utf8"))
        except (OSError, ValueError):
            NbCacheRecord.remove_records([record.pk], cache.db)
            shutil.rmtree(file.parent, ignore_errors=True)


def is_whole(cache):
    """Tell whether the database can be read and has all its tables: it may be half made, too."""
    try:
        with cache.db.connect() as database:
            sound = database.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        return sound and set(OrmBase.metadata.tables) <= set(inspect(cache.db).get_table_names())
    except DatabaseError:
        return False


def keep(build, cache, bundle):
    """Keep an executed notebook in the cache of a build folder, in place of an older run of it."""
    with held(Path(build, FOLDER)):
        cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def use_cache(app, config):
    """Point Jupyter Book at the cache, and give its kernels one thread as execute.py does."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    config.nb_execution_cache_path = str(open_cache(Path(app.outdir).parent).path)


def setup(app):
    """Connect before myst-nb reads the configuration."""
    app.connect("config-inited", use_cache, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
