"""Fetching a wheel by a real pip, and a source distribution without it, from an index made here."""

import os
import re
import time
from urllib.parse import urlsplit

import pytest

from recon_tutorial.fetching import _pip, cache, fetch

from .local_index import SDIST, WHEEL, A, B, kept, sdist, serve, sha256, source, use_only, wheel

MAKERS = {WHEEL: wheel, SDIST: sdist}


@pytest.fixture(params=[WHEEL, SDIST], ids=["wheel", "sdist"])
def archive(request, tmp_path):
    """Name and bytes of a distribution that leaves a trace if any of it is run."""
    return request.param, MAKERS[request.param](tmp_path / "ran")


@pytest.fixture
def index(archive, tmp_path, monkeypatch):
    """An index with that distribution, which is all that pip knows, and an empty cache."""
    with serve({archive[0]: archive[1]}) as index:
        use_only(monkeypatch, tmp_path / "cache", index_url=f"{index.address}/simple")
        monkeypatch.setattr(cache, "SOURCES", {"tiny": source(*archive)})
        yield index


def test_fetch_takes_the_files_out_and_runs_nothing_of_the_distribution(index, tmp_path):
    files = fetch("tiny", progress=False)
    assert {name: path.read_bytes() for name, path in files.items()} == {"a.bin": A, "b.bin": B}
    assert kept(tmp_path / "cache") == ["tinydata-1.0/a.bin", "tinydata-1.0/b.bin"]
    assert not list((tmp_path / "cache").glob(".fetch-*"))
    assert not (tmp_path / "ran").exists()


def test_a_second_fetch_asks_nobody(index):
    first = fetch("tiny", progress=False)
    asked = len(index.asked)
    assert fetch("tiny", progress=False) == first
    assert len(index.asked) == asked > 0


def test_without_the_variable_files_go_to_the_user_cache(index, tmp_path, monkeypatch):
    monkeypatch.delenv("RECON_TUTORIAL_DATA")
    monkeypatch.setattr(cache, "user_cache_path", lambda name: tmp_path / "home" / name)
    path = fetch("tiny", progress=False)["a.bin"]
    assert path == tmp_path / "home" / "recon_tutorial" / "tinydata-1.0" / "a.bin"


@pytest.mark.parametrize("damage", [b"", A + b"x"], ids=["emptied", "longer"])
def test_a_damaged_cached_file_is_replaced(index, damage):
    path = fetch("tiny", progress=False)["a.bin"]
    path.write_bytes(damage)
    assert fetch("tiny", progress=False)["a.bin"].read_bytes() == A


def test_corrupted_bytes_are_never_kept(index, archive, tmp_path):
    name, content = archive
    middle = len(content) // 2
    flipped = bytes([content[middle] ^ 1])
    index.files[name] = content[:middle] + flipped + content[middle + 1 :]
    with pytest.raises(ValueError, match=r"is not the file that was expected .* nothing was kept"):
        fetch("tiny", progress=False)
    assert kept(tmp_path / "cache") == []
    index.files[name] = content
    assert fetch("tiny", progress=False)["b.bin"].read_bytes() == B


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (("tinydata/data/a.bin", sha256(B)), r"a\.bin in .* is not the file that was expected"),
        (("tinydata/data/c.bin", sha256(A)), r"cannot be unpacked .*c\.bin"),
    ],
    ids=["another hash", "no such file"],
)
def test_an_archive_without_the_right_member_is_refused(
    index, archive, tmp_path, monkeypatch, member, words
):
    folder = "tinydata-1.0/" if archive[0] == SDIST else ""
    pinned = source(*archive, members=((folder + member[0], member[1]),))
    monkeypatch.setattr(cache, "SOURCES", {"tiny": pinned})
    with pytest.raises(ValueError, match=words):
        fetch("tiny", progress=False)
    assert kept(tmp_path / "cache") == []


def test_a_pinned_archive_that_is_no_archive_is_refused(index, archive, monkeypatch):
    index.files[archive[0]] = b"<html>log in first</html>"
    pinned = source(archive[0], b"<html>log in first</html>")
    monkeypatch.setattr(cache, "SOURCES", {"tiny": pinned})
    with pytest.raises((ValueError, RuntimeError)) as error:  # pip looks into a wheel itself
        fetch("tiny", progress=False)
    assert archive[0] in str(error.value)


def test_offline_says_which_command_to_run(index, tmp_path):
    index.shutdown()
    index.server_close()
    with pytest.raises(RuntimeError) as error:
        fetch("tiny", progress=False)
    message = str(error.value)
    assert message.startswith("'tiny' is not in the cache and tinydata-1.0")
    assert "when online, run" in message
    assert "\n" not in message
    (command,) = re.findall(r"`python -c \"(.*)\"`", message)
    assert command == "from recon_tutorial.datasets import fetch; fetch('tiny')"
    assert kept(tmp_path / "cache") == []


def test_a_distribution_that_the_index_lacks_is_one_sentence(index):
    index.files.clear()
    with pytest.raises(
        RuntimeError, match=r"(No matching distribution|no index .* has) .*tinydata"
    ):
        fetch("tiny", progress=False)


def test_a_python_without_pip_is_told_so(index, monkeypatch):
    monkeypatch.setattr(_pip.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match="python -m ensurepip"):
        fetch("tiny", progress=False)


def test_the_progress_bar_follows_the_download(index, archive, tmp_path, capfd):
    index.delay = 0.1
    fetch("tiny", progress=True)
    shown = capfd.readouterr().err
    assert archive[0] in shown
    percent = {int(part.split("%")[0][-3:]) for part in shown.split("\r") if "%" in part}
    assert len({p for p in percent if 0 < p < 100}) >= 2
    index.delay = 0
    (tmp_path / "cache" / "tinydata-1.0" / "a.bin").unlink()
    fetch("tiny", progress=False)
    assert capfd.readouterr().err == ""


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"'kong'.*\['cytosig', 'kang'\]"):
        fetch("kong")


def test_a_cache_folder_that_is_a_file_is_one_sentence(index, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RECON_TUTORIAL_DATA", str(tmp_path / "file" / "cache"))
    with pytest.raises(OSError, match=r"cannot keep 'tiny' .*RECON_TUTORIAL_DATA"):
        fetch("tiny", progress=False)


def test_only_what_dead_runs_left_is_cleared_whichever_way_the_clock_jumped(index, tmp_path):
    rooms = {"past": -3700, "future": 3700, "young": -60}
    for name, shift in rooms.items():
        room = tmp_path / "cache" / f".fetch-{name}"
        room.mkdir(parents=True)
        (room / "half.part").write_bytes(b"half")
        os.utime(room, (time.time() + shift,) * 2)
    fetch("tiny", progress=False)
    assert [path.name for path in (tmp_path / "cache").glob(".fetch-*")] == [".fetch-young"]


def test_the_age_of_a_cached_file_does_not_matter(index):
    path = fetch("tiny", progress=False)["a.bin"]
    asked = len(index.asked)
    for when in (0, 4_000_000_000):
        os.utime(path, (when, when))
        assert fetch("tiny", progress=False)["a.bin"] == path
    assert len(index.asked) == asked


# --- what pip is set to


def test_settings_are_ranked_as_pip_ranks_them(tmp_path, monkeypatch):
    several = "http://a/s http://b/s"
    use_only(monkeypatch, tmp_path / "cache", timeout="7", extra_index_url=several, index_url="")
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = http://global/simple\ntimeout = 1\nno-index = false\n"
        "[download]\nindex-url = http://download/simple\n"
        "[install]\nindex-url = http://install/simple\nproxy = http://install\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    settings = _pip.settings()
    assert settings["index-url"] == "http://download/simple"
    assert settings["timeout"] == "7"
    assert settings["extra-index-url"].split() == ["http://a/s", "http://b/s"]
    assert settings["no-index"] == "false"
    assert "proxy" not in settings


def test_a_broken_setting_is_told_as_pip_tells_it(index, archive, tmp_path, monkeypatch):
    (tmp_path / "pip.conf").write_text("index-url = http://nowhere\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    with pytest.raises(
        RuntimeError, match=rf"{archive[0]} could not be downloaded \(.+\)"
    ) as error:
        fetch("tiny", progress=False)
    assert "\n" not in str(error.value)


def test_without_an_index_ours_is_the_one_that_pip_asks(index, archive, monkeypatch):
    monkeypatch.delenv("PIP_INDEX_URL")
    monkeypatch.setenv("PIP_PROXY", index.address)  # so that nobody else is asked
    with pytest.raises(RuntimeError, match="could not be downloaded"):
        fetch("tiny", progress=False)
    host = urlsplit(_pip.default_index()).hostname
    assert {path for path, _ in index.asked} == {f"{host}:443"}
