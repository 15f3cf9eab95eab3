"""Messages between grader and submission: a JSON header, then the bytes of arrays, no pickle."""

from __future__ import annotations

import json

MAX_HEADER = 1 << 16


def send(sock, header: dict, parts=()) -> None:
    """Send a header and the bytes that belong to it."""
    head = json.dumps(header).encode()
    sock.sendall(len(head).to_bytes(4, "big") + head)
    for part in parts:
        sock.sendall(part)


def receive(read) -> dict:
    """Read one header with `read(n)`, which returns exactly n bytes.

    What does not look like one raises ValueError before much of it was read.
    """
    size = int.from_bytes(read(4), "big")
    if not 2 <= size <= MAX_HEADER:
        raise ValueError(f"a header of {size} bytes is none")
    try:
        header = json.loads(read(size))
    except RecursionError as error:  # thousands of opening brackets
        raise ValueError("a header nested too deeply is none") from error
    if not isinstance(header, dict):
        raise ValueError("a header that is no dict is none")
    return header


def reader(sock):
    """Return `read(n)` for a blocking socket; EOFError where the other end has gone."""

    def read(n):
        data = bytearray()
        while len(data) < n:
            chunk = sock.recv(min(n - len(data), 1 << 20))
            if not chunk:
                raise EOFError
            data += chunk
        return bytes(data)

    return read
