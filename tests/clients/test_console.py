"""The console's files, from a live server of either edition."""

from __future__ import annotations

import gzip
import re
from urllib.request import Request, urlopen

from tests.clients.service import Service


def fetched(url: str, **headers: str) -> tuple[str, dict[str, str], bytes]:
    """The address that an answer came from, its headers in lower case, and its body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with urlopen(Request(url, headers=named), timeout=120) as answer:
        return answer.url, {name.lower(): value for name, value in answer.headers.items()}, answer.read()


def test_a_browser_is_led_to_the_console(service: Service) -> None:
    """`/` leads to a page, whose script is sent compressed and comes from the same server, without a key."""
    url, headers, page = fetched(service.url + "/", accept="text/html,*/*;q=0.8")
    assert url == f"{service.url}/console"
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in headers["content-security-policy"]
    found = re.search(rb'src="(console/assets/[^"]+\.js)"', page)
    assert found
    _, headers, script = fetched(f"{service.url}/{found[1].decode()}", accept_encoding="gzip")
    assert (headers["content-encoding"], headers["content-type"]) == ("gzip", "text/javascript; charset=utf-8")
    assert "immutable" in headers["cache-control"]
    assert b"/whoami" in gzip.decompress(script)
