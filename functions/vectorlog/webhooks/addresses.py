"""To which addresses webhooks are sent: those of the public internet, so that nobody can have the deployment ask what
only it can reach (server-side request forgery).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from vectorlog.webhooks.sender import RefusedAddress, Unreachable

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host name, for a port. Raises `OSError` if there are none."""

MAX_URL_CHARS = 2048
MOST_ADDRESSES = 4
"""How many addresses of a name are tried."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")
_COMPATIBLE = ipaddress.ip_network("::/96")
_HTTPS_ONLY = "Expected an https URL of a host on the public internet."
_ALLOWED = f"{_HTTPS_ONLY} This server can allow others: --webhook-allow-private (webhook_allow_private on AWS)."


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be sent to, in parts. `path` includes the query."""

    https: bool
    host: str
    port: int
    path: str


def checked_url(url: str, *, allow_private: bool) -> Target:
    """Returns the parts of a URL.

    Raises:
        RefusedAddress: nothing is sent to such a URL.
    """
    if len(url) > MAX_URL_CHARS or not url.isprintable() or " " in url:
        raise RefusedAddress(f"Expected a URL of at most {MAX_URL_CHARS:,} characters, without spaces.")
    try:
        parsed = parse_url(url)
    except LocationParseError:
        raise RefusedAddress(_HTTPS_ONLY) from None
    if parsed.scheme not in (("http", "https") if allow_private else ("https",)) or not parsed.host:
        raise RefusedAddress(_HTTPS_ONLY if allow_private else _ALLOWED)
    if parsed.auth is not None:
        raise RefusedAddress("The URL must have no user name or password.")
    if parsed.fragment is not None:
        raise RefusedAddress("The URL must have no fragment ('#').")
    host, https = parsed.host.strip("[]"), parsed.scheme == "https"
    if not allow_private and ((literal := _literal(host)) is not None and not is_public(literal)):
        raise RefusedAddress(_ALLOWED)
    port = parsed.port if parsed.port is not None else (443 if https else 80)
    if not 0 < port < 65536:
        raise RefusedAddress(_HTTPS_ONLY)
    return Target(https, host, port, parsed.request_uri)


def addresses_of(target: Target, resolve: Resolve, *, allow_private: bool) -> Sequence[str]:
    """Returns the addresses to connect to, in the resolver's order, `MOST_ADDRESSES` at most. Whoever connects must use
    these and not the name, which may mean another address a moment later (DNS rebinding).

    Raises:
        RefusedAddress: one of the name's addresses is none of the public internet.
        Unreachable: the name has no address.
    """
    try:
        found = resolve(target.host, target.port)
    except (OSError, UnicodeError):
        found = ()
    if not found:
        raise Unreachable("the host's name has no address")
    if not allow_private and not all(is_public(ipaddress.ip_address(each.partition("%")[0])) for each in found):
        raise RefusedAddress("the host's name leads to a private address")
    return tuple(dict.fromkeys(found))[:MOST_ADDRESSES]


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet. One that contains another, as those that lead from IPv6 to
    IPv4, is as public as that.
    """
    if isinstance(address, ipaddress.IPv6Address):
        inside = _inside(address)
        if inside is not None:
            return is_public(inside)
        if address in _LOCAL_NAT64 or address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Returns the IPv4 address to which an IPv6 address leads; None for an ordinary one."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or address in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def resolved(host: str, port: int) -> list[str]:
    """Implements Resolve with the system's resolver."""
    return [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _literal(host: str) -> Address | None:
    """Returns the address that a host is. The system's resolver also takes forms such as `0x7f.1` for addresses; what
    these lead to is checked when it is resolved.
    """
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
