"""Who a request comes from: its key, and the end user that it names."""

from __future__ import annotations

import pytest

from tests.support.bench import Bench
from vectorlog.api import auth
from vectorlog.api.auth import DEFAULT_PROJECT, MAX_HEADER_CHARS
from vectorlog.api.errors import Unauthenticated, WrongKey
from vectorlog.domain.errors import Invalid
from vectorlog.domain.tenancy import Caller
from vectorlog.use_cases import api_keys


def by(secret: str | None) -> str | None:
    """Accepts one key."""
    return "acme" if secret == "vlk_right" else None


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_key(scheme: str) -> None:
    """The key's project is the caller; the scheme's case and spaces around the key do not matter."""
    assert auth.caller({"authorization": f" {scheme}  vlk_right "}, by) == Caller("acme")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic vlk_right", "vlk_right", "Token vlk_right"])
def test_no_key(header: str) -> None:
    """Whatever is not a bearer token is no key."""
    with pytest.raises(Unauthenticated):
        auth.caller({"authorization": header}, by)
    with pytest.raises(Unauthenticated):
        auth.caller({}, by)


@pytest.mark.parametrize("length", [1, 8, 12, 23, 24, 47])
def test_wrong_key(length: int) -> None:
    """An error shows at most the ends of a wrong key, and nothing of a short one: logs and screenshots keep errors."""
    secret = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[:length]
    with pytest.raises(WrongKey) as refused:
        auth.caller({"authorization": f"Bearer {secret}"}, by)
    shown = refused.value.message.split("provided: ")[1].split(".")[0]
    assert shown == (f"{secret[:4]}********{secret[-4:]}" if length >= 24 else "********")


@pytest.mark.parametrize("name", ["ann", "a" * MAX_HEADER_CHARS, "Zoë", " ann "])
def test_end_user(name: str) -> None:
    """The end user is the one that the request names, without the spaces around the name."""
    headers = {"authorization": "Bearer vlk_right", "x-on-behalf-of": name}
    assert auth.caller(headers, by) == Caller("acme", name.strip())


@pytest.mark.parametrize("name", ["", " ", "a" * (MAX_HEADER_CHARS + 1), "a\tb", "a\0"])
def test_no_end_user(name: str) -> None:
    """A name that is empty, too long or not printable is refused; the request does not act for the whole project."""
    with pytest.raises(Invalid) as refused:
        auth.caller({"authorization": "Bearer vlk_right", "x-on-behalf-of": name}, by)
    assert refused.value.param == "x-on-behalf-of"


def test_open_until_the_first_key(bench: Bench) -> None:
    """A server on loopback serves any program until the first key is created, and from then on only its owners, also
    once that key is revoked.
    """
    authenticate = auth.open_until_first_key(bench.deployment)
    assert [authenticate(secret) for secret in (None, "vlk_any")] == [DEFAULT_PROJECT, DEFAULT_PROJECT]
    key, secret = api_keys.create(bench.deployment, "acme", "mine")
    assert [authenticate(each) for each in (secret, None, "vlk_any")] == ["acme", None, None]
    api_keys.revoke(bench.deployment, key.id)
    assert [authenticate(each) for each in (secret, None, "vlk_any")] == [None, None, None]
