"""Keeps web pages away from a server that needs no key.

Such a server trusts every program on its machine, and a browser is one that runs the programs of strangers. A page can
send requests to loopback without asking first, such as a form, and with a name that it has pointed at loopback
(DNS rebinding) it could read the answers too.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from vectorlog.api.app import Admit, Admitted, refuse
from vectorlog.api.request import Request
from vectorlog.api.response import Response
from vectorlog.api.unprefixed import is_console
from vectorlog.api.viewer_links import PATH as VIEWED
from vectorlog.domain.errors import Forbidden

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
ANY = "*"

_PORTS = {"http": 80, "https": 443}
_KEY = "Create a key with 'vectorlog keys create', after which only its owners are served"


def kept_from_pages(
    admit: Admit, is_open: Callable[[], bool], *, trusted_hosts: Sequence[str], cors_origins: Sequence[str]
) -> Admit:
    """Wraps `admit` so that a server that is open serves programs, and only those pages that its operator listed.

    Args:
        admit: admits a request.
        is_open: whether any key is accepted now.
        trusted_hosts: hosts that a request may name besides loopback; `*` is any. `*.example.com` is all below it.
        cors_origins: origins whose pages are served; `*` is any.

    An address of a passage is served wherever it was found: it is signed, and no page of a stranger can make one. So
    are the console's files, which hold no data.
    """

    def guarded(head: Request) -> Response | Admitted:
        viewed = head.path.startswith(VIEWED) or is_console(head)
        reason = "" if viewed else _stranger(head.headers, trusted_hosts, cors_origins)
        if reason and is_open():
            return refuse(head, Forbidden(f"This server needs no key, so it serves no web pages: {reason}"))
        return admit(head)

    return guarded


def _stranger(headers: Mapping[str, str], trusted_hosts: Sequence[str], cors_origins: Sequence[str]) -> str:
    """Returns why a request may come from a stranger's page, and what the operator can do; empty if it cannot."""
    host = headers.get("host", "")
    if not _is_loopback(host) and not _is_listed(host, trusted_hosts):
        remedy = f"{_KEY}, or list the host in VECTORLOG_TRUSTED_HOSTS."
        return f"its Host header names '{host[:100]}', not this machine. {remedy}"
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none").lower()
    if origin is not None and (origin in cors_origins or ANY in cors_origins):
        return ""
    remedy = f"{_KEY}, or list the page's origin in VECTORLOG_CORS_ORIGINS."
    if origin is not None and not _is_same_server(origin, host):
        return f"its Origin is '{origin[:100]}'. {remedy}"
    if site not in ("same-origin", "none"):
        return f"its Sec-Fetch-Site is '{site[:100]}'. {remedy}"
    return ""


@lru_cache(maxsize=64)
def _is_loopback(host: str) -> bool:
    name, _ = _name_and_port(f"http://{host}")
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_listed(host: str, listed: Sequence[str]) -> bool:
    name, _ = _name_and_port(f"http://{host}")
    return any(
        each == ANY
        or each.lower() in (name, f"[{name}]")
        or (each.startswith("*.") and name.endswith(each[1:].lower()))
        for each in listed
    )


def _is_same_server(origin: str, host: str) -> bool:
    """Whether a page comes from this server: from its port, under a name of this machine or the one in the request."""
    (name, port), (own, own_port) = _name_and_port(origin), _name_and_port(f"{origin.partition('://')[0]}://{host}")
    return port is not None and port == own_port and (name == own or _is_loopback(f"[{name}]" if ":" in name else name))


def _name_and_port(origin: str) -> tuple[str, int | None]:
    """Returns the host's name in lower case, without brackets, and its port; an empty name if it is malformed."""
    try:
        parts = urlsplit(origin)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", None
    malformed = parts.path or parts.query or parts.fragment or parts.username is not None or not parts.hostname
    return ("", None) if malformed else (parts.hostname or "", port)
