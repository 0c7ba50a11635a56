"""The unix socket at which CometBFT asks: messages with a length in front, each answered in turn.

CometBFT opens four connections (consensus, mempool, query, snapshots) and sends a flush after each request
that it waits for. An answer that cannot be given ends the process: CometBFT stops too, the supervisor
starts both, and the block is replayed. A half-applied block that goes on would be worse.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from google.protobuf.message import DecodeError
from google.protobuf.proto import serialize_length_prefixed

from ledger.engines.cometbft import abci_pb2 as abci

logger = logging.getLogger(__name__)

MAX_MESSAGE = 8 * 1024 * 1024
"""Longest message; a block has at most 1 MB."""

_MORE, _BITS = 0x80, 0x7F
_LONGEST_LENGTH = 5


Answer = Callable[[abci.Request], abci.Response]
Fail = Callable[[BaseException], None]


class AbciServer:
    """Answers CometBFT on a unix socket, each connection in a thread of its own."""

    def __init__(self, path: Path, *, answer: Answer, fail: Fail) -> None:
        """Listen at ``path``; nothing is accepted before ``start``.

        Args:
            path: The socket; its directory is to be readable by its owner alone. One left by a dead process
                is replaced.
            answer: Answers one request; called by several threads.
            fail: Called with what an answer raised; it ends the process.
        """
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.unlink(missing_ok=True)
        self._path, self._answer, self._fail = path, answer, fail
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        os.chmod(path, 0o600)
        self._socket.listen()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Accept connections from now on."""
        threading.Thread(target=self._accept, name="abci", daemon=True).start()

    def close(self) -> None:
        """Hang up on everybody."""
        self._socket.close()
        self._path.unlink(missing_ok=True)
        with self._lock:
            for connection in self._connections:
                connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with self._lock:
                self._connections.add(connection)
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rwb") as buffered:
                self._answer_all(cast(BinaryIO, buffered))
        except OSError:
            # CometBFT has gone; it comes back with new connections and says where it stands.
            logger.info("abci connection ended")
        finally:
            with self._lock:
                self._connections.discard(connection)

    def _answer_all(self, stream: BinaryIO) -> None:
        """Answer until CometBFT hangs up, or an answer cannot be given.

        Raises:
            OSError: The connection broke.
        """
        while (request := self._next(stream)) is not None:
            try:
                response = self._answer(request)
            except ConnectionError:
                raise
            except BaseException as error:  # noqa: BLE001 - whatever it is, this process must not go on
                self._fail(error)
                return
            write_message(stream, response)
            if request.WhichOneof("value") == "flush":
                stream.flush()

    def _next(self, stream: BinaryIO) -> abci.Request | None:
        """Read a request; what is none is CometBFT of another version, and ends the process as well."""
        try:
            return read_message(stream)
        except (ValueError, DecodeError) as error:
            self._fail(error)
            return None


def read_message(stream: BinaryIO) -> abci.Request | None:
    """Read one request; None at the end of the stream.

    Raises:
        ValueError: The length is none, or beyond any block's.
        DecodeError: What follows is no message.
    """
    size = _read_length(stream)
    if size is None:
        return None
    if size > MAX_MESSAGE:
        raise ValueError("an ABCI message is longer than any block")
    data = stream.read(size)
    if len(data) < size:
        return None
    request = abci.Request()
    request.ParseFromString(data)
    return request


def write_message(stream: BinaryIO, message: abci.Response | abci.Request) -> None:
    """Write one message with its length in front."""
    serialize_length_prefixed(message, stream)


def _read_length(stream: BinaryIO) -> int | None:
    """Read protobuf's varint."""
    value = 0
    for place in range(_LONGEST_LENGTH):
        byte = stream.read(1)
        if not byte:
            return None
        value |= (byte[0] & _BITS) << 7 * place
        if not byte[0] & _MORE:
            return value
    raise ValueError("the length of an ABCI message is malformed")
