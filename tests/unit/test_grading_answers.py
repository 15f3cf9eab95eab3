"""What a submission answers, raises or sends instead: each becomes the finding that it is."""

import numpy as np
import pytest

from recon_tutorial.grading import Limits
from recon_tutorial.grading._remote import remote_factory
from recon_tutorial.grading._sandbox import wire
from recon_tutorial.grading._worker import Worker
from recon_tutorial.grading._worlds import hidden_world

from . import grading_room
from .grading_room import GOOD, SEED, after, linux

room = grading_room.room


# --- ways to end early


@pytest.mark.parametrize(
    ("line", "how"),
    [
        ("os._exit(0)", "exited with code 0"),
        ("os._exit(7)", "exited with code 7"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL"),
        ("import ctypes; ctypes.string_at(0)", "was killed by SIGSEGV"),
        (
            "[os.close(fd) for fd in range(3, 20) if os.path.exists(f'/proc/self/fd/{fd}')]",
            "closed",
        ),
    ],
)
@linux
def test_a_process_that_ends_is_told_how(room, line, how):
    result = room(after("train", line))
    assert result.verdict == "crashed"
    assert how in result.reason or "exited with code 1" in result.reason


@pytest.mark.parametrize("error", ["SystemExit(0)", "KeyboardInterrupt", "RecursionError('deep')"])
def test_what_train_raises_breaks_the_contract(room, error):
    result = room(after("train", f"raise {error}"))
    name = error.partition("(")[0]
    assert (result.verdict, result.contract["rule"]) == ("broke the contract", "train")
    assert f"train raised {name}" in result.reason


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import sys; sys.exit(0)", "it raised SystemExit (0)"),
        ("def f(:", "it raised SyntaxError"),
        ("import no_such_package", "No module named 'no_such_package'"),
        ("class Predictor: pass", "it has no function or class make_predictor"),
        ("make_predictor = 3", "it has no function or class make_predictor"),
        ("raise KeyboardInterrupt", "it raised KeyboardInterrupt"),
        ("\0", "null bytes"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_told_why(room, source, says):
    result = room(source)
    assert result.verdict == "cannot be loaded" and says in result.reason
    assert result.unchecked == ["the linear world"]


def test_an_error_in_a_world_alone_is_a_crash_there(room):
    lines = "if self.embed_dim == 32: raise OSError('only here')"
    result = room(after("predict", lines), worlds=("linear", "bimodal"))
    assert result.verdict == "crashed" and result.contract["kept"]
    assert result.reason == "in the linear world: OSError: only here"
    assert result.unchecked == ["the bimodal world"] and result.overall == {}
    factory = "def make_predictor(embed_dim, cov_dim, kind=make_predictor):\n    "
    result = room(GOOD + factory + "return kind(embed_dim, cov_dim) if embed_dim == 8 else 1 / 0")
    assert result.reason == "in the linear world: it raised ZeroDivisionError (division by zero)"


# --- answers that are none


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        ("np.zeros((len(given[0]), 3), dtype=np.float32)", "shape"),
        ("np.broadcast_to(np.float32(0), (1 << 20, 1 << 19))", "shape"),
        ("np.full(np.shape(given[0]), np.nan, dtype=np.float32)", "finite"),
        ("super().predict(*given).astype(float)", "dtype"),
        ("super().predict(*given).astype(object)", "dtype"),
        ("super().predict(*given).tolist()", "dtype"),
        ("np.array([['x']] * len(given[0]))", "dtype"),
        ("None", "dtype"),
    ],
)
def test_a_wrong_answer_breaks_the_rule_of_the_contract(room, answer, rule):
    result = room(after("predict", f"return {answer}"), memory=500)
    assert (result.verdict, result.contract["rule"]) == ("broke the contract", rule)


def test_changed_inputs_missing_methods_and_a_shared_object_are_seen_from_afar(room):
    changes = "if isinstance(given[0], np.ndarray): given[0][:] = 0"
    result = room(after("train", changes))
    assert (
        result.contract["rule"] == "inputs unchanged" and "train changed ctrl_emb" in result.reason
    )
    result = room(GOOD + "\nmake_predictor.predict = None")
    assert result.contract["rule"] == "protocol"
    assert "make_predictor has no method predict" in result.reason
    shared = "one = make_predictor(8, 4)\ndef make_predictor(): return one"
    assert room(GOOD + shared).contract["rule"] == "factory"


@pytest.mark.parametrize(
    "garbage",
    [
        "b'x' * 100",
        "b'\\xff' * 9",
        "len(b'[1]').to_bytes(4, 'big') + b'[1]'",
        "(60000).to_bytes(4, 'big') + b'[' * 60000",
        "(6000).to_bytes(4, 'big') + b'9' * 6000",
    ],
)
def test_garbage_in_the_channel_ends_the_grading(room, garbage):
    find = "import gc, socket; s = [o for o in gc.get_objects() if isinstance(o, socket.socket)][0]"
    result = room(after("train", find, f"s.sendall({garbage})"))
    assert result.verdict == "crashed"
    assert "something else than an answer into its channel" in result.reason


@pytest.mark.parametrize(
    ("forged", "says"),
    [
        ({"shape": [360, 8], "dtype": "|O"}, "dtype"),
        ({"shape": [360, 8], "dtype": 3}, "dtype"),
        ({"shape": "360"}, "a shape that is none"),
        ({"shape": [-1, True]}, "a shape that is none"),
        ({"shape": [1 << 60, 1 << 60], "dtype": "<f8"}, "a far too large array"),
        ({"error": ["x"] * 9, "message": {}}, "predict raised x x"),
        ({}, "dtype"),
        ({"type": "<b>`x`\n" * 99}, "bxbxbx"),
    ],
)
def test_forged_headers_are_findings_not_errors_of_the_grader(room, forged, says):
    find = "import gc, socket; s = [o for o in gc.get_objects() if isinstance(o, socket.socket)][0]"
    send = f"import json; b = json.dumps({forged!r}).encode()"
    frame = "s.sendall(len(b).to_bytes(4, 'big') + b); time.sleep(60)"
    result = room(after("predict", find, send, frame), seconds=5)
    assert result.verdict in ("broke the contract", "crashed") and says in result.reason


def test_headers_are_bounded_before_they_are_read():
    asked = []

    def read(n):
        asked.append(n)
        return b"\x7f\xff\xff\xff"

    with pytest.raises(ValueError, match="a header of 2147483647 bytes is none"):
        wire.receive(read)
    assert asked == [4]


# --- what goes over the channel


def test_arrays_and_lists_arrive_as_they_were_sent(room):
    source = (
        "import numpy as np\nclass make_predictor:\n    def train(self, *given):\n"
        "        self.kinds = [(type(x).__name__, getattr(x, 'dtype', '')) for x in given]\n"
        "    def predict(self, ctrl, cov):\n        print(self.kinds, flush=True)\n"
        "        return np.asarray(ctrl) * 2"
    )
    ctrl = np.arange(6.0).reshape(3, 2)
    with Worker(source.encode(), Limits()) as worker:
        worker.ask({"do": "load"})
        model = remote_factory(worker)(2, 1)
        model.train(ctrl, ctrl.astype(np.float32), np.ones((3, 1)).tolist())
        for given in (ctrl, ctrl[::-1], ctrl[:0], ctrl.tolist()):
            answer = model.predict(given, ctrl)
            assert answer.dtype == float and np.array_equal(answer, np.array(given) * 2)
    assert (
        b"[('ndarray', dtype('float64')), ('ndarray', dtype('float32')), ('list'" in worker.output
    )


def test_the_submission_is_sent_no_true_test_cell_and_no_seed(room, monkeypatch):
    sent, send, asked, ask = [], wire.send, [], Worker.ask

    def listen(sock, header, parts=()):
        sent.append(repr(header))
        send(sock, header, parts)

    def overhear(self, question, arrays=()):
        asked.append((question["do"], *arrays))
        return ask(self, question, arrays)

    monkeypatch.setattr(wire, "send", listen)
    monkeypatch.setattr(Worker, "ask", overhear)
    room(GOOD)
    assert len(sent) > 20 and not any(str(SEED) in text for text in sent)
    assert not any(len(word) > 17 and word.isdigit() for text in sent for word in text.split())
    world = hidden_world("linear", SEED)
    cells, label = world.screen.obsm["X_emb"], world.screen.obs["perturbation"].astype(str)
    test = world.split.test & (label != "control").to_numpy()
    truth = {row.tobytes() for row in cells[test]}
    (_, ctrl, pert, cov), (_, test_ctrl, test_cov) = (
        a for a in asked if np.shape(a[-1])[1:] == (16,)
    )
    assert len(truth) == len(test_ctrl) == 1200 and len(ctrl) == 3600
    assert not truth & {row.tobytes() for array in (ctrl, pert, test_ctrl) for row in array}
    known, unseen = ({row.tobytes() for row in array} for array in (cov, test_cov))
    assert (len(known), len(unseen), known & unseen) == (36, 12, set())
