"""What all tests share: one thread, reproducible examples, and no network but the loopback."""

import os
import signal
import socket

import pytest
from hypothesis import Phase, settings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported by any test

settings.register_profile("book", deadline=None, derandomize=True)
# For `make mutation`, which asks whether a test fails and not by how little.
no_shrinking = [Phase.explicit, Phase.generate]
settings.register_profile("mutation", settings.get_profile("book"), phases=no_shrinking)
settings.load_profile("book")

# A job that a shell put into the background ignores Ctrl-C, and so do all that it starts, among
# them the processes whose answer to Ctrl-C is tested: they inherit this instead.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch):
    """Fail a test that opens a connection to another machine; pip runs in a process of its own."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def refuse_others(address):
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            pytest.fail(f"this test reached for the network ({address[0]}): serve from 127.0.0.1")

    def guarded_connect(self, address):
        refuse_others(address)
        return connect(self, address)

    def guarded_connect_ex(self, address):
        refuse_others(address)
        return connect_ex(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
