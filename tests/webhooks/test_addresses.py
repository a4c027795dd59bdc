"""To which addresses webhooks are sent: nobody can have the deployment ask what only it can reach."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from vectorlog.webhooks.addresses import addresses_of, checked_url, is_public
from vectorlog.webhooks.sender import RefusedAddress, Unreachable

PRIVATE = (
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
)
PUBLIC = ("8.8.8.8", "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8", "64:ff9b::808:808")


@pytest.mark.parametrize("address", PRIVATE)
def test_private(address: str) -> None:
    """Private, loopback, link-local, multicast, reserved and documentation addresses are refused, also inside of IPv6
    addresses that lead to them, and as what a name leads to.
    """
    assert not is_public(ip_address(address))
    target = checked_url("https://hooks.example.com/a", allow_private=False)
    with pytest.raises(RefusedAddress):
        addresses_of(target, lambda *_: [address], allow_private=False)
    with pytest.raises(RefusedAddress):
        addresses_of(target, lambda *_: ["8.8.8.8", address], allow_private=False)
    assert addresses_of(target, lambda *_: [address], allow_private=True) == (address,)


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    """Addresses of the public internet are used."""
    target = checked_url("https://hooks.example.com/a", allow_private=False)
    assert addresses_of(target, lambda *_: [address], allow_private=False) == (address,)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "example.com",
        "",
        "https://",
        "https:///path",
        "https://user@example.com/",
        "https://user:pass@example.com/",
        "https://example.com/#fragment",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://exa mple.com/",
        "https://example.com/\r\nhost: x",
        "https://example.com/" + "a" * 2048,
    ],
)
def test_refused_urls(url: str) -> None:
    """Only https URLs of hosts on the public internet are taken, without credentials, fragments and odd characters."""
    with pytest.raises(RefusedAddress):
        checked_url(url, allow_private=False)


def test_parts() -> None:
    """The host, the port and the path with its query are kept."""
    target = checked_url("https://Hooks.example.com:8443/a/b?c=d%20e", allow_private=False)
    assert (target.https, target.host, target.port, target.path) == (True, "hooks.example.com", 8443, "/a/b?c=d%20e")
    assert checked_url("https://example.com", allow_private=False).port == 443
    local = checked_url("http://127.0.0.1:80/x", allow_private=True)
    assert (local.https, local.host, local.port) == (False, "127.0.0.1", 80)


@pytest.mark.parametrize("host", ["0x7f.1", "2130706433", "0177.0.0.1", "127.1"])
def test_odd_forms_of_addresses(host: str) -> None:
    """An address in a form that only the resolver understands is refused for what it leads to."""
    from vectorlog.webhooks.addresses import resolved

    target = checked_url(f"https://{host}/", allow_private=False)
    with pytest.raises((RefusedAddress, Unreachable)):
        addresses_of(target, resolved, allow_private=False)


def test_unknown_name() -> None:
    """A name without an address is not reached."""

    def none(*_: object) -> list[str]:
        raise OSError("no such host")

    with pytest.raises(Unreachable, match="no address"):
        addresses_of(checked_url("https://nowhere.example/", allow_private=False), none, allow_private=False)
