"""Where a source distribution is looked for, and what is refused on the way."""

import base64
import shutil
import ssl
import tarfile

import pytest

from recon_tutorial.fetching import _index, _sources, _unpack, _web, cache, fetch
from recon_tutorial.fetching._links import JSON

from .local_index import SDIST, A, B, kept, sdist, serve, sha256, source, use_only


@pytest.fixture
def content(tmp_path):
    return sdist(tmp_path / "ran")


@pytest.fixture
def index(content, tmp_path, monkeypatch):
    """An index with one source distribution, which is all that pip knows, and an empty cache."""
    with serve({SDIST: content}) as index:
        use_only(monkeypatch, tmp_path / "cache", index_url=f"{index.address}/simple/")
        monkeypatch.setattr(cache, "SOURCES", {"tiny": source(SDIST, content)})
        yield index


def got():
    return [path.read_bytes() for path in fetch("tiny", progress=False).values()] == [A, B]


@pytest.mark.parametrize("html", [False, True], ids=["json", "html"])
@pytest.mark.parametrize("stated", [False, True], ids=["no hash", "hash"])
def test_pages_old_and_new_are_read(index, content, html, stated):
    index.html = html
    index.hashes = {SDIST: sha256(content)} if stated else {}
    assert got()
    asked = [headers for path, headers in index.asked if path == "/simple/tinydata/"]
    assert [headers["Accept"] for headers in asked] == [f"{JSON}, text/html;q=0.1"]
    assert asked[0]["User-Agent"] == "recon_tutorial"


def test_addresses_in_a_page_may_be_relative_to_another_and_spelled_in_percents(index):
    spelled = SDIST.replace("t", "%74")
    index.moved[f"/elsewhere/{spelled}"] = f"/files/{SDIST}"
    page = f'<base href="{index.address}/elsewhere/"><a href="{spelled}">it</a>'
    index.page = ("text/html", page.encode())
    assert got()


def test_another_spelling_of_the_name_is_the_same_file(index, content):
    index.files = {SDIST.replace("tinydata-1", "TinyData-1"): content}
    assert got()


def test_a_file_that_says_it_is_another_is_not_downloaded(index):
    index.hashes = {SDIST: sha256(b"another")}
    with pytest.raises(ValueError, match=r"another SHA-256 on your index: nothing was kept"):
        got()
    assert index.sent == 0


@pytest.mark.parametrize(
    "page",
    [
        ("text/html", b"<html><form>log in first</form></html>"),
        ("application/vnd.pypi.simple.v1+json", b'{"files": ['),
        ("application/vnd.pypi.simple.v1+json", b'{"files": [{"name": 1}]}'),
        ("application/vnd.pypi.simple.v1+json", b"[]"),
    ],
    ids=["portal", "half", "lacking", "other"],
)
def test_a_page_that_is_none_is_one_sentence(index, page):
    index.page = page
    with pytest.raises(RuntimeError, match=r"(no page of an index|no index that pip is set to)"):
        got()


def test_no_more_of_a_page_is_read_than_a_page_has(index, monkeypatch):
    monkeypatch.setattr(_index, "PAGE", 1000)
    index.page = ("text/html", b" " * 2000 + f'<a href="/files/{SDIST}">it</a>'.encode())
    with pytest.raises(RuntimeError, match="no index that pip is set to"):
        got()


# --- other places than the index


def test_the_next_index_is_asked_where_one_has_nothing(index, monkeypatch):
    with serve({}) as empty:
        monkeypatch.setenv("PIP_INDEX_URL", f"{empty.address}/nothing/here")
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{empty.address}/simple {index.address}/simple")
        assert got()
        assert [path for path, _ in empty.asked] == ["/nothing/here/tinydata/", "/simple/tinydata/"]


def test_the_first_reason_is_told_if_all_fail(index, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", f"{index.address}/gone")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(RuntimeError, match=rf"\(127\.0\.0\.1:{index.server_port}: .*404"):
        got()


@pytest.mark.parametrize("as_address", [False, True], ids=["path", "file:"])
def test_a_folder_will_do(index, content, tmp_path, monkeypatch, as_address):
    folder = tmp_path / "archives"
    folder.mkdir()
    (folder / SDIST).write_bytes(content)
    monkeypatch.setenv("PIP_NO_INDEX", "yes")
    monkeypatch.setenv("PIP_FIND_LINKS", folder.as_uri() if as_address else str(folder))
    assert got()
    assert index.asked == []


def test_an_index_in_a_folder_may_name_files_of_this_machine(index, content, tmp_path, monkeypatch):
    (tmp_path / SDIST).write_bytes(content)
    page = tmp_path / "simple" / "tinydata" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text(f'<a href="../../{SDIST}#sha256={sha256(content)}">it</a>')
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "simple").as_uri())
    assert got()


def test_a_folder_that_is_not_there_is_passed_over(index, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    assert got()


def test_without_an_index_nobody_is_asked(index, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(RuntimeError, match=rf"no index that pip is set to has {SDIST}"):
        got()
    assert index.asked == []


# --- what is refused


def test_a_page_of_the_web_may_not_name_files_of_this_machine(index, content, tmp_path):
    (tmp_path / SDIST).write_bytes(content)
    index.page = ("text/html", f'<a href="{(tmp_path / SDIST).as_uri()}">it</a>'.encode())
    with pytest.raises(RuntimeError, match="no index that pip is set to has"):
        got()


@pytest.mark.parametrize("scheme", ["file", "ftp"])
@pytest.mark.parametrize("what", ["page", "archive"])
def test_the_web_may_send_us_nowhere_but_to_the_web(index, content, tmp_path, what, scheme):
    (tmp_path / SDIST).write_bytes(content)
    asked = {"page": "/simple/tinydata/", "archive": f"/files/{SDIST}"}[what]
    index.moved[asked] = {
        "file": (tmp_path / SDIST).as_uri(),
        "ftp": f"ftp://127.0.0.1:9/{SDIST}",
    }[scheme]
    with pytest.raises(RuntimeError, match=r"127\.0\.0\.1:\d+: .*(not allowed|unknown url type)"):
        got()


def test_a_redirection_within_the_web_is_followed(index, content):
    with serve({SDIST: content}) as other:
        index.moved[f"/files/{SDIST}"] = f"{other.address}/files/{SDIST}"
        assert got()
        assert other.sent and not index.sent


def test_a_page_that_moved_names_files_beside_its_new_place(index, content):
    with serve({SDIST: content}) as other:
        index.moved["/simple/tinydata/"] = f"{other.address}/simple/tinydata/"
        assert got()
        assert other.sent and not index.sent


@pytest.mark.parametrize("name", ["PIP_TIMEOUT", "PIP_DEFAULT_TIMEOUT"])
def test_an_index_that_falls_silent_is_waited_for_as_long_as_pip_would(index, monkeypatch, name):
    monkeypatch.setenv(name, "0.2")
    index.delay = 1
    with pytest.raises(RuntimeError, match=r"127\.0\.0\.1:\d+: timed out"):
        got()
    assert sum(path.startswith("/files/") for path, _ in index.asked) == _index.ATTEMPTS


def test_without_a_bundle_the_authorities_of_certifi_are_known():
    certifi = pytest.importorskip("certifi", reason="certifi is not installed")
    known = _web._certificates(None).get_ca_certs(binary_form=True)
    alone = ssl.create_default_context(cafile=certifi.where()).get_ca_certs(binary_form=True)
    assert set(known) >= set(alone) != set()


def test_a_password_goes_to_its_host_and_to_no_other(index, content, monkeypatch):
    index.password = "Basic " + base64.b64encode(b"me:se cret").decode()
    with serve({SDIST: content}) as other:
        index.moved[f"/files/{SDIST}"] = f"{other.address}/files/{SDIST}"
        address = index.address.replace("//", "//me:se%20cret@")
        monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple")
        assert got()
        assert [headers["Authorization"] for _, headers in index.asked] == [index.password] * 2
        assert [headers["Authorization"] for _, headers in other.asked] == [None]


def test_a_wrong_password_is_told_without_the_password(index, monkeypatch):
    index.password = "Basic something else"
    address = index.address.replace("//", "//me:secret@")
    monkeypatch.setenv("PIP_INDEX_URL", f"{address}/simple")
    with pytest.raises(RuntimeError, match="401") as error:
        got()
    assert "secret" not in str(error.value)


def test_certificates_that_cannot_be_read_are_named(index, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_CERT", str(tmp_path / "no.pem"))
    with pytest.raises(RuntimeError, match=r"no\.pem that pip is set to cannot be read"):
        got()


def test_an_archive_that_does_not_end_fills_no_disk(index, content, tmp_path):
    index.files[SDIST] = content + bytes(10_000_000)
    with pytest.raises(ValueError, match="longer on your index than it should be"):
        got()
    assert index.sent < 20
    assert kept(tmp_path / "cache") == []


@pytest.mark.parametrize(
    ("member", "words"), [("link.bin", "no regular file"), ("none.bin", "cannot be unpacked")]
)
def test_a_link_hands_out_nothing(content, tmp_path, member, words):
    (tmp_path / SDIST).write_bytes(content)
    pinned = source(SDIST, content, members=((f"tinydata-1.0/{member}", sha256(A)),))
    with pytest.raises(_sources.DamagedError, match=words):
        _unpack.unpack(pinned, tmp_path / SDIST)


def test_no_path_of_an_archive_is_a_path_here(tmp_path):
    evil, room = "../../evil.bin", tmp_path / "cache" / "room"
    room.mkdir(parents=True)
    (tmp_path / "a").write_bytes(A)
    with tarfile.open(room / SDIST, "w:gz") as tarred:
        tarred.add(tmp_path / "a", arcname=evil)
    pinned = source(SDIST, (room / SDIST).read_bytes(), members=((evil, sha256(A)),))
    (part,) = _unpack.unpack(pinned, room / SDIST)
    assert part.parent == room and part.read_bytes() == A
    assert {path.name for path in tmp_path.rglob("*.bin")} == set()
    shutil.rmtree(room)
