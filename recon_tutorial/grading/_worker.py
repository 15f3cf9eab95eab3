"""A submission's process as the grader sees it: questions, answers, and an end in any case."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import time
from contextlib import suppress

import numpy as np

from recon_tutorial.grading._launch import launch
from recon_tutorial.grading._limits import Limits
from recon_tutorial.grading._sandbox import wire
from recon_tutorial.grading._sandbox.processes import family, sweep

KEEP_OUTPUT = 8192  # bytes of what it printed, the last ones
PATIENCE = 20.0  # seconds to end all its processes


class Stopped(BaseException):
    """The submission's process is over before it answered; `kind` is the verdict.

    No `Exception`, because those that a submission raises are findings of `check_predictor` and
    rows of `evaluate`, while this one ends the grading.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Worker:
    """A submission in processes of its own; use it in a ``with`` statement.

    Parameters
    ----------
    source : bytes
        The submission file.
    limits : Limits
    name : str
        The submission's file name, for tracebacks.
    """

    def __init__(self, source: bytes, limits: Limits, *, name: str = "submission.py") -> None:
        self.limits, self.seconds, self.peak = limits, 0.0, 0
        self.output, self.trace, self.attempts, self._end = bytearray(), "", [], None
        self._before = set(family(os.getpid()))
        self._started = launch(source, name, limits)
        self._channel, self._control = self._started.channel, self._started.control
        self._outputs = [self._started.output]
        try:
            self.confined = self._first_words()
        except BaseException:
            self.close()
            raise

    def _first_words(self):
        """What confines the process, said before any code of the submission could run."""
        try:
            with suppress(BrokenPipeError):  # gone already: then its output says why
                wire.send(self._control, self._started.config)
            return self._hear()["confined"]
        except Stopped as stop:
            said = self.output.decode(errors="replace").strip().rpartition("\n")[2] or stop
            raise RuntimeError(
                f"no process could be started for the submission ({said}): run the grader as a "
                "user, or as root with a Python that every user may read"
            ) from stop

    def __enter__(self) -> Worker:
        """The worker itself."""
        return self

    def __exit__(self, *_) -> None:
        """End all that the submission started."""
        self.close()

    def ask(self, question: dict, arrays=()) -> dict:
        """Send a question with arrays (or nested lists) and wait for the answer.

        Raises
        ------
        Stopped
            If there is no answer, or none that can be read, within the limits.
        """
        packed = [np.ascontiguousarray(what) for what in arrays]
        heads = [
            {"dtype": array.dtype.str, "shape": array.shape, "list": isinstance(what, list)}
            for array, what in zip(packed, arrays, strict=True)
        ]
        try:
            self._channel.settimeout(self._left())
            wire.send(self._channel, question | {"arrays": heads}, [array.data for array in packed])
        except TimeoutError:
            raise self._late() from None
        except OSError:
            raise self._ended() from None
        return self._hear()

    def _hear(self):
        try:
            answer = wire.receive(self.read)
        except ValueError:
            raise _unreadable() from None
        attempts = answer.get("attempts", [])
        if isinstance(attempts, list):
            self.attempts = [str(words) for words in attempts[:20]]
        self.trace = str(answer.get("trace", self.trace))
        return answer

    def read(self, n: int) -> bytearray:
        """Read exactly n bytes of an answer."""
        data, start, allowed = bytearray(), time.monotonic(), self._left()
        try:
            while len(data) < n:
                left = start + allowed - time.monotonic()
                sources = [self._channel, self._control, *self._outputs]
                ready = select.select(sources, [], [], max(0.0, left))[0] if left > 0 else []
                if self._started.output in ready:
                    self._drain()
                if self._channel in ready:
                    chunk = self._channel.recv(min(n - len(data), 1 << 20))
                    if not chunk:
                        raise self._ended()
                    data += chunk
                elif self._control in ready:  # and nothing more in the channel
                    raise self._ended()
                elif left <= 0:
                    raise self._late()
        except ConnectionResetError:
            raise self._ended() from None
        finally:
            self.seconds += time.monotonic() - start
        return data

    def _left(self):
        if self.seconds >= self.limits.seconds:
            raise self._late()
        return self.limits.seconds - self.seconds

    def _late(self):
        limit = self.limits.seconds
        return Stopped("out of time", f"it took longer than the {limit:g} s it was given")

    def _drain(self):
        chunk = os.read(self._started.output, 1 << 16)
        self.output = (self.output + chunk)[-KEEP_OUTPUT:]
        if not chunk:  # all who could write have closed it
            self._outputs = []
        return chunk

    def _ended(self):
        """Say why the process is over; its watcher needs a moment to see it."""
        select.select([self._control], [], [], 1.0)
        end, limits = self.close(), self.limits
        if end["why"] == "memory":
            words = f"it held more than the {limits.memory:g} MiB of memory it was given"
            return Stopped("out of memory", words)
        if end["why"] == "processes":
            words = f"it had more than the {limits.processes} processes it was given"
            return Stopped("too many processes", words)
        if end["why"] == "lost":
            return Stopped("crashed", "the process that watched it was killed")
        code = os.waitstatus_to_exitcode(end["status"]) if end["why"] == "ended" else None
        if code == -signal.SIGXCPU:
            return self._late()
        how = "closed its channel to the grader" if code is None else f"exited with code {code}"
        if code is not None and code < 0:
            how = f"was killed by {signal.Signals(-code).name}"
        return Stopped("crashed", f"its process {how} instead of answering")

    def close(self) -> dict:
        """End the submission's processes and remove its folder; return how it ended.

        Raises
        ------
        RuntimeError
            If a process could not be ended.
        """
        if self._end is None:
            self._end = {"why": "lost", "clean": True}  # at most once, whatever happens here
            self._end = self._farewell()
            self._channel.close()
            self._control.close()
            os.close(self._started.output)
            self.peak = self._end.get("peak", 0)
            # Its watcher has removed the folder, unless that was lost itself.
            shutil.rmtree(self._started.folder, ignore_errors=True)
            if not self._end["clean"]:
                raise RuntimeError("a process of the submission could not be ended: see ps")
        return self._end

    def _farewell(self):
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
        end = {"why": "lost", "clean": None}
        self._control.settimeout(PATIENCE)
        with suppress(OSError, EOFError, ValueError):
            end = wire.receive(wire.reader(self._control))
        if end["why"] == "lost":  # it was stopped or killed, so its children are ours now
            self._started.process.kill()
            end["clean"] = sweep(keep=self._before, uid=self._started.uid)
        self._started.process.wait()
        os.set_blocking(self._started.output, False)
        with suppress(BlockingIOError):
            while self._drain():
                pass
        return end


def _unreadable():
    words = "it wrote something else than an answer into its channel to the grader"
    return Stopped("crashed", words)
