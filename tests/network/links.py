"""Wires between nodes that a test can cut: each connection of two nodes runs through a small TCP proxy.

A wire that is *cut* ends its connections and takes no new ones, as when a router goes away; one that is
*stalled* keeps them and lets nothing through, as when packets are lost. Neither needs to be root.
"""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_CHUNK = 65536


class Wire:
    """One proxy; everything but ``port`` belongs to the switchboard's loop."""

    def __init__(self, target: int) -> None:
        """Lead to a port of loopback."""
        self.target = target
        self.port = 0
        self.whole = True
        self.flowing = asyncio.Event()
        self.flowing.set()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        self.whole = False
        self._hang_up()

    async def stall(self) -> None:
        self.flowing.clear()

    async def heal(self) -> None:
        self.whole = True
        self.flowing.set()

    async def close(self) -> None:
        self.whole = False
        self.flowing.set()
        self._hang_up()
        if self._server is not None:
            self._server.close()

    def _hang_up(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        far: asyncio.StreamWriter | None = None
        try:
            await self.flowing.wait()
            if not self.whole:
                return
            far_reader, far = await asyncio.open_connection("127.0.0.1", self.target)
            self._open.add(far)
            await asyncio.gather(self._pump(reader, far), self._pump(far_reader, writer))
        except OSError:
            pass  # one end has gone; the other learns it below
        finally:
            for each in filter(None, (writer, far)):
                self._open.discard(each)
                each.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(_CHUNK):
            await self.flowing.wait()
            sink.write(data)
            await sink.drain()
        # The other direction ends too: half a connection is of no use to CometBFT.
        raise ConnectionResetError


class Switchboard:
    """All wires of a network, in one thread."""

    def __init__(self) -> None:
        """Start the thread."""
        self._loop = asyncio.new_event_loop()
        self._wires: list[Wire] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="switchboard", daemon=True)
        self._thread.start()

    def wire(self, target: int) -> Wire:
        """Lay a wire to a port and return it."""
        wire = self._run(self._lay(target))
        self._wires.append(wire)
        return wire

    def cut(self, wire: Wire) -> None:
        """End what runs over a wire, and let nothing begin."""
        self._run(wire.cut())

    def stall(self, wire: Wire) -> None:
        """Hold back what runs over a wire."""
        self._run(wire.stall())

    def heal(self, wire: Wire) -> None:
        """Let everything through again."""
        self._run(wire.heal())

    def close(self) -> None:
        """Close all wires and end the thread."""
        for wire in self._wires:
            self._run(wire.close())
        self._run(self._finish())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _lay(self, target: int) -> Wire:
        wire = Wire(target)
        await wire.listen()
        return wire

    async def _finish(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*others, return_exceptions=True)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)
