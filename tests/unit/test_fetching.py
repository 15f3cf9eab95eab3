"""Fetching through a real pip that sees one folder of wheels made here, and no index."""

import hashlib
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from recon_tutorial import fetching
from recon_tutorial.fetching import Source, fetch

A, B = b"first file " * 1000, b"second file " * 1000


def _hash(content):
    return hashlib.sha256(content).hexdigest()


def _source(a=A, b=B):
    members = (("tinydata/data/a.bin", _hash(a)), ("tinydata/data/b.bin", _hash(b)))
    return Source("tinydata", "1.0", 2000, members)


@pytest.fixture
def wheels(tmp_path):
    """A folder with one wheel, whose code would leave a trace if it ever ran."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    with zipfile.ZipFile(folder / "tinydata-1.0-py3-none-any.whl", "w") as wheel:
        trace = f"open({str(tmp_path / 'imported')!r}, 'w')\n"
        wheel.writestr("tinydata/__init__.py", trace)
        wheel.writestr("tinydata/data/a.bin", A)
        wheel.writestr("tinydata/data/b.bin", B)
        about = "Metadata-Version: 2.1\nName: tinydata\nVersion: 1.0\nRequires-Python: <3\n"
        wheel.writestr("tinydata-1.0.dist-info/METADATA", about)
        tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr("tinydata-1.0.dist-info/WHEEL", tags)
        wheel.writestr("tinydata-1.0.dist-info/RECORD", "")
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch, wheels):
    """An empty cache, and a real pip that sees the folder of wheels and nothing else."""
    monkeypatch.setenv("RECON_TUTORIAL_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setattr(fetching, "SOURCES", {"tiny": _source()})
    return tmp_path / "cache"


def _use_pip(monkeypatch, tmp_path, code):
    """Let ``python -m pip`` run this code instead."""
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / "pip.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "fake"))


def _no_download(*_):
    raise AssertionError("downloaded again")


def _files(cache):
    return sorted(str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file())


def test_fetch_takes_the_files_out_without_installing_or_importing(cache, tmp_path):
    files = fetch("tiny", progress=False)
    assert {name: path.read_bytes() for name, path in files.items()} == {"a.bin": A, "b.bin": B}
    assert _files(cache) == ["tinydata-1.0/a.bin", "tinydata-1.0/b.bin"]
    assert not list(cache.glob(".fetch-*"))
    assert not (tmp_path / "imported").exists()


def test_a_second_fetch_downloads_nothing(cache, monkeypatch):
    first = fetch("tiny", progress=False)
    monkeypatch.setattr(fetching, "_download", _no_download)
    assert fetch("tiny", progress=False) == first


def test_without_the_variable_files_go_to_the_user_cache(cache, tmp_path, monkeypatch):
    monkeypatch.delenv("RECON_TUTORIAL_DATA")
    monkeypatch.setattr(fetching, "user_cache_path", lambda name: tmp_path / "home" / name)
    path = fetch("tiny", progress=False)["a.bin"]
    assert path == tmp_path / "home" / "recon_tutorial" / "tinydata-1.0" / "a.bin"


@pytest.mark.parametrize("damage", [b"", A + b"x"])
def test_a_damaged_cached_file_is_replaced(cache, damage):
    path = fetch("tiny", progress=False)["a.bin"]
    path.write_bytes(damage)
    assert fetch("tiny", progress=False)["a.bin"].read_bytes() == A


def test_a_wrong_hash_keeps_nothing(cache, monkeypatch):
    monkeypatch.setattr(fetching, "SOURCES", {"tiny": _source(b=b"something else")})
    with pytest.raises(ValueError, match=r"b\.bin .* is not the file .* nothing was kept"):
        fetch("tiny", progress=False)
    assert _files(cache) == []
    assert not list(cache.glob(".fetch-*"))


def test_a_wheel_without_the_file_is_refused(cache, monkeypatch):
    source = Source("tinydata", "1.0", 2000, (("tinydata/data/c.bin", _hash(A)),))
    monkeypatch.setattr(fetching, "SOURCES", {"tiny": source})
    with pytest.raises(ValueError, match=r"lacks a file of 'tiny' .*c\.bin"):
        fetch("tiny", progress=False)


def test_a_broken_wheel_is_refused(cache, monkeypatch):
    def broken(name, source, room, progress):
        (room / "tinydata.whl").write_bytes(b"<html>log in first</html>")
        return room / "tinydata.whl"

    monkeypatch.setattr(fetching, "_download", broken)
    with pytest.raises(ValueError, match=r"tinydata\.whl is damaged"):
        fetch("tiny", progress=False)
    assert _files(cache) == []


def test_offline_says_which_command_to_run(cache, wheels):
    next(wheels.iterdir()).unlink()
    with pytest.raises(RuntimeError) as error:
        fetch("tiny", progress=False)
    message = str(error.value)
    assert "No matching distribution found for tinydata==1.0" in message
    command = "from recon_tutorial.datasets import fetch; fetch('tiny')"
    assert f'python -c "{command}"' in message
    assert "\n" not in message
    assert not list(cache.glob(".fetch-*"))


def test_a_python_without_pip_is_told_so(cache, monkeypatch):
    monkeypatch.setattr(fetching.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match="python -m ensurepip"):
        fetch("tiny", progress=False)


def test_a_full_disk_is_one_sentence(cache, tmp_path, monkeypatch):
    code = "import sys; sys.exit('ERROR: OSError: [Errno 28] No space left on device')"
    _use_pip(monkeypatch, tmp_path, code)
    with pytest.raises(OSError, match=r"No space left on device.*RECON_TUTORIAL_DATA"):
        fetch("tiny", progress=False)


def test_a_cache_that_cannot_be_written_is_one_sentence(cache, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RECON_TUTORIAL_DATA", str(tmp_path / "file" / "cache"))
    with pytest.raises(OSError, match=r"cannot keep 'tiny' .*RECON_TUTORIAL_DATA"):
        fetch("tiny", progress=False)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"'kong'.*\['kang'\]"):
        fetch("kong")


def test_only_what_dead_runs_left_is_cleared(cache):
    old, young = cache / ".fetch-old", cache / ".fetch-young"
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "half.whl").write_bytes(b"half")
    os.utime(old, (time.time() - 3700,) * 2)
    fetch("tiny", progress=False)
    assert not old.exists()
    assert young.exists()


SLOW_PIP = """
import pathlib, shutil, sys, time
room = pathlib.Path(sys.argv[sys.argv.index("--dest") + 1])
for part in range(8):
    with (room / "growing").open("ab") as file:
        file.write(b"x" * 250)
    time.sleep(0.15)
shutil.copy({wheel!r}, room)
"""


def test_the_progress_bar_follows_the_download(cache, tmp_path, monkeypatch, wheels, capfd):
    wheel = str(next(wheels.iterdir()))
    _use_pip(monkeypatch, tmp_path, SLOW_PIP.format(wheel=wheel))
    fetch("tiny", progress=True)
    shown = capfd.readouterr().err
    assert "tinydata==1.0" in shown
    percent = {int(part.split("%")[0][-3:]) for part in shown.split("\r") if "%" in part}
    assert len({p for p in percent if 0 < p < 100}) >= 2
    (cache / "tinydata-1.0" / "a.bin").unlink()
    fetch("tiny", progress=False)
    assert capfd.readouterr().err == ""


SCRIPT = """
from recon_tutorial import fetching
fetching.SOURCES = {{"tiny": fetching.{source!r}}}
print(fetching.fetch("tiny", progress=False)["a.bin"].read_bytes() == {a!r})
"""


def _start_fetch(**options):
    command = [sys.executable, "-c", SCRIPT.format(source=_source(), a=A)]
    root = str(Path(fetching.__file__).parents[1])
    path = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
    env = dict(os.environ, PYTHONPATH=path)
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True, **options)


def test_processes_may_fetch_at_the_same_time(cache):
    runs = [_start_fetch() for _ in range(3)]
    assert [run.communicate(timeout=60)[0].strip() for run in runs] == ["True"] * 3
    assert _files(cache) == ["tinydata-1.0/a.bin", "tinydata-1.0/b.bin"]


def test_a_killed_fetch_leaves_nothing_that_passes_for_a_file(cache, tmp_path, monkeypatch):
    with monkeypatch.context() as slow:
        slow.setenv("STARTED", str(tmp_path / "started"))
        code = "import os, time; open(os.environ['STARTED'], 'w'); time.sleep(3)"
        _use_pip(slow, tmp_path, code)
        run = _start_fetch()
        while run.poll() is None and not (tmp_path / "started").exists():
            time.sleep(0.05)
        run.send_signal(signal.SIGKILL)
        run.communicate(timeout=60)
    assert len(list(cache.glob(".fetch-*"))) == 1
    assert not list((cache / "tinydata-1.0").iterdir())
    assert fetch("tiny", progress=False)["b.bin"].read_bytes() == B
