"""Interruptions, full and read-only disks, several processes, jumping clocks: all for real."""

import os
import shutil
import signal
import subprocess
import time

import pytest

from recon_tutorial.fetching import cache, fetch

from .faults import full_disk, read_only
from .local_index import (
    SDIST,
    WHEEL,
    A,
    B,
    kept,
    sdist,
    serve,
    source,
    start_fetch,
    use_only,
    wait_for,
    wheel,
)

MAKERS = {WHEEL: wheel, SDIST: sdist}
WHOLE = ["tinydata-1.0/a.bin", "tinydata-1.0/b.bin"]
GOT = f"got {len(A)} {len(B)}"


@pytest.fixture(params=[WHEEL, SDIST], ids=["wheel", "sdist"])
def pinned(request, tmp_path):
    return source(request.param, MAKERS[request.param](tmp_path / "ran"))


@pytest.fixture
def index(pinned, tmp_path, monkeypatch):
    """An index that takes two seconds over a file, and an empty cache."""
    with serve({pinned.archive: MAKERS[pinned.archive](tmp_path / "ran")}) as index:
        index.delay = 0.1
        use_only(monkeypatch, tmp_path / "cache", index_url=f"{index.address}/simple")
        monkeypatch.setattr(cache, "SOURCES", {"tiny": pinned})
        yield index


def said(run):
    return run.communicate(timeout=60)[0].strip()


# --- interruptions


def test_an_interrupted_fetch_leaves_nothing_and_stops_downloading(index, pinned, tmp_path):
    run = start_fetch(pinned, stderr=subprocess.DEVNULL)
    wait_for(lambda: index.sent > 3)
    run.send_signal(signal.SIGINT)
    said(run)
    assert run.returncode != 0
    wait_for(lambda: index.broken == 1)  # pip, a process of its own, went too
    assert kept(tmp_path / "cache") == []
    assert not list((tmp_path / "cache").glob(".fetch-*"))
    index.delay = 0
    assert said(start_fetch(pinned)) == GOT


def test_a_killed_fetch_leaves_nothing_that_passes_for_a_file(index, pinned, tmp_path):
    run = start_fetch(pinned)
    wait_for(lambda: index.sent > 3)
    run.send_signal(signal.SIGKILL)
    said(run)
    (room,) = (tmp_path / "cache").glob(".fetch-*")
    assert not list((tmp_path / "cache" / "tinydata-1.0").iterdir())
    wait_for(lambda: index.broken or index.sent >= 20)  # an orphaned pip may go on
    index.delay = 0
    assert said(start_fetch(pinned)) == GOT
    os.utime(room, (time.time() - 7200,) * 2)
    (tmp_path / "cache" / "tinydata-1.0" / "a.bin").unlink()
    assert said(start_fetch(pinned)) == GOT
    assert kept(tmp_path / "cache") == WHOLE


@pytest.mark.parametrize("pinned", [SDIST], indirect=True)
def test_a_connection_that_breaks_off_is_tried_again_and_then_told(index, pinned, tmp_path):
    index.delay, index.cut = 0, 2
    assert fetch("tiny", progress=False)["a.bin"].read_bytes() == A
    shutil.rmtree(tmp_path / "cache")
    index.cut = 99
    with pytest.raises(RuntimeError, match=r"127\.0\.0\.1:\d+: .*(broke off|IncompleteRead)"):
        fetch("tiny", progress=False)
    assert index.cut == 96
    assert kept(tmp_path / "cache") == []


# --- several processes and the clock


def test_processes_may_fetch_at_the_same_time(index, pinned, tmp_path):
    runs = [start_fetch(pinned) for _ in range(2)]
    assert [said(run) for run in runs] == [GOT] * 2
    assert kept(tmp_path / "cache") == WHOLE
    assert sum(path.startswith("/files/") for path, _ in index.asked) == 2


@pytest.mark.parametrize("jump", [-86_400, 86_400], ids=["forward", "back"])
def test_a_clock_that_jumps_does_not_make_others_clear_a_live_download(
    index, pinned, tmp_path, jump
):
    run = start_fetch(pinned)
    wait_for(lambda: index.sent > 3)
    index.delay = 0.3
    (room,) = (tmp_path / "cache").glob(".fetch-*")
    # To those who come after a jump, what was done before it lies a day away...
    os.utime(room, (time.time() + jump,) * 2)
    # ...but the next block makes the room young again, by the new clock.
    wait_for(lambda: abs(time.time() - room.stat().st_mtime) < 60)
    assert index.sent < 20  # long before the end
    cache._clear_abandoned(tmp_path / "cache")
    assert room.exists()
    assert said(run) == GOT


# --- disks

LITTLE = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"


def test_a_file_that_may_grow_no_further_is_one_sentence(index, pinned, tmp_path):
    index.delay = 0
    line = said(start_fetch(pinned, before=LITTLE))
    assert line.startswith(f"OSError cannot keep 'tiny' in the cache folder {tmp_path / 'cache'}")
    assert "(File too large)" in line and "RECON_TUTORIAL_DATA" in line
    assert "\n" not in line
    assert kept(tmp_path / "cache") == []


@pytest.mark.parametrize("size", ["200k", "500k"], ids=["downloading", "unpacking"])
def test_a_full_disk_is_one_sentence(index, pinned, tmp_path, size):
    index.delay = 0
    folder = tmp_path / "cache"
    folder.mkdir()
    line = said(start_fetch(pinned, around=full_disk(folder, size)))
    assert line.startswith(f"OSError cannot keep 'tiny' in the cache folder {folder}")
    assert "(No space left on device)" in line and "RECON_TUTORIAL_DATA" in line
    assert "\n" not in line


def test_a_cache_that_cannot_be_written_is_one_sentence(index, pinned, tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    line = said(start_fetch(pinned, around=read_only(folder)))
    assert line.startswith(f"OSError cannot keep 'tiny' in the cache folder {folder}")
    assert "(Read-only file system)" in line and "RECON_TUTORIAL_DATA" in line
    assert index.sent == 0


def test_a_full_cache_that_cannot_be_written_serves_all_the_same(index, pinned, tmp_path):
    index.delay = 0
    folder = tmp_path / "cache"
    fetch("tiny", progress=False)
    around = read_only(folder)
    assert said(start_fetch(pinned, around=around)) == GOT
    (folder / "tinydata-1.0" / "b.bin").write_bytes(b"damaged")
    assert "(Read-only file system)" in said(start_fetch(pinned, around=around))


def test_a_folder_without_the_right_to_write_is_one_sentence(index, pinned, tmp_path):
    (tmp_path / "cache").mkdir(mode=0o500)
    around = ()
    if os.geteuid() == 0:  # the superuser may write anywhere, unless that right is taken away
        if not (setpriv := shutil.which("setpriv")):
            pytest.skip("only setpriv could take the superuser's rights away")
        around = (setpriv, "--bounding-set=-all", "--inh-caps=-all")
    line = said(start_fetch(pinned, around=around))
    assert line.startswith("OSError cannot keep 'tiny'") and "(Permission denied)" in line
