"""The Docker engine that runs containers, and the address at which containers reach this machine."""

from __future__ import annotations

import json
import platform
import shutil
import socket
import struct
import subprocess
from dataclasses import dataclass
from fcntl import ioctl
from ipaddress import IPv4Interface
from typing import Any, Literal, TypeAlias

DOCKER = "docker"
ANSWER_S = 20
DESKTOP_HOST = "host.docker.internal"
"""Docker Desktop's name for the machine that it runs on; connections to it end on that machine's loopback."""

REMEDY = """Install one and start it, then run this again:
  Debian, Ubuntu: apt-get install docker.io    Fedora: dnf install moby-engine    macOS: Docker Desktop"""

Architecture: TypeAlias = Literal["x86_64", "arm64"]

_ADDRESS, _NETMASK = 0x8915, 0x891B  # SIOCGIFADDR and SIOCGIFNETMASK of Linux's netdevice(7)


class NoEngine(Exception):
    """No Docker engine answers; the message says what is missing and how to get it."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine.

    Attributes:
        version: of the engine.
        bridge: this machine's address on the containers' network, and that network; None if `DESKTOP_HOST` leads here.
    """

    version: str
    bridge: IPv4Interface | None

    @property
    def host(self) -> str:
        """The host name of this machine, as seen from containers."""
        return str(self.bridge.ip) if self.bridge else DESKTOP_HOST


def find_engine() -> Engine:
    """The engine that the `docker` command talks to.

    Raises:
        NoEngine: there is no command, no engine answers, or its network is not on this machine.
    """
    if not shutil.which(DOCKER):
        raise NoEngine(f"There is no `{DOCKER}` command, so no Docker engine to run Lambda's containers in. {REMEDY}")
    try:
        found = json.loads(docker("version", "--format", "{{json .Server}}"))
    except subprocess.TimeoutExpired:
        raise NoEngine(f"The Docker engine did not answer in {ANSWER_S} s; restart it.") from None
    except subprocess.CalledProcessError as error:
        raise NoEngine(f"No Docker engine answers ({_last_line(error.stderr)}). {REMEDY}") from None
    if found["Os"] != "linux":
        raise NoEngine(
            f"The Docker engine runs containers of {found['Os']}; Lambda's are Linux. Switch it to Linux containers."
        )
    return Engine(found["Version"], _bridge() if platform.system() == "Linux" else None)


def architecture() -> Architecture:
    """This machine's architecture, in Lambda's terms; containers of another one would be emulated."""
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def docker(*arguments: str) -> str:
    """The output of a quick `docker` command.

    Raises:
        CalledProcessError: it failed; its `stderr` says why.
        TimeoutExpired: it took longer than `ANSWER_S`.
    """
    return subprocess.run((DOCKER, *arguments), check=True, capture_output=True, text=True, timeout=ANSWER_S).stdout


def inspect(*containers: str) -> list[dict[str, Any]]:
    """What the engine reports about containers."""
    known: list[dict[str, Any]] = json.loads(docker("inspect", *containers)) if containers else []
    return known


def _bridge() -> IPv4Interface:
    name = docker(
        "network", "inspect", "bridge", "--format", '{{index .Options "com.docker.network.bridge.name"}}'
    ).strip()
    # `inspect` names no gateway of the first bridge, so the kernel is asked.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            request = struct.pack("256s", name.encode())
            address, mask = (
                socket.inet_ntoa(ioctl(probe.fileno(), code, request)[20:24]) for code in (_ADDRESS, _NETMASK)
            )
        except OSError as error:
            raise NoEngine(
                f"The engine's network {name!r} has no address on this machine ({error}); a rootless engine has none."
            ) from None
    return IPv4Interface(f"{address}/{mask}")


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]
