"""Lets containers reach servers that listen only on this machine's loopback."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from ipaddress import IPv4Interface, ip_address

from local_aws.process import HOST

PART = 1 << 16

log = logging.getLogger(__name__)


@contextmanager
def forwarding(bridge: IPv4Interface, ports: Collection[int]) -> Iterator[None]:
    """Forwards connections from these ports of the bridge's address to the same ports of 127.0.0.1.

    No other address listens. Callers from outside the bridge's network are disconnected, because Linux also accepts
    packets for the bridge's address from its other networks.

    Raises:
        OSError: a port is in use there.
    """
    with asyncio.Runner() as runner:  # its end cancels open connections
        servers = runner.run(_listen(bridge, ports))
        loop = runner.get_loop()
        thread = threading.Thread(target=loop.run_forever, name="forwarder")
        thread.start()
        try:
            yield
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            for server in servers:
                server.close()


def reachable(variables: Mapping[str, str], host: str) -> dict[str, str]:
    """The same variables with `host` instead of 127.0.0.1 in their URLs."""
    return {name: value.replace(f"//{HOST}:", f"//{host}:") for name, value in variables.items()}


async def _listen(bridge: IPv4Interface, ports: Collection[int]) -> list[asyncio.Server]:
    return [await asyncio.start_server(_Forward(bridge, port), str(bridge.ip), port) for port in ports]


class _Forward:
    def __init__(self, bridge: IPv4Interface, port: int) -> None:
        self._bridge = bridge
        self._port = port

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            caller = ip_address(writer.get_extra_info("peername")[0])
            if caller in self._bridge.network:
                await self._forward(reader, writer)
            else:
                log.warning("%s is not a container: its connection to port %s was refused", caller, self._port)
        except OSError as error:
            log.info("a connection to port %s broke: %s", self._port, error)
        finally:
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here, there = await asyncio.open_connection(HOST, self._port)
        try:
            async with asyncio.TaskGroup() as copying:
                copying.create_task(_copy(reader, there))
                copying.create_task(_copy(here, writer))
        except* OSError as errors:
            raise errors.exceptions[0] from None
        finally:
            there.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(PART):
        writer.write(part)
        await writer.drain()
    writer.write_eof()
