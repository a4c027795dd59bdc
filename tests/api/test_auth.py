"""Who a request comes from: its key, and the end user that it names."""

from __future__ import annotations

import pytest

from tests.support.bench import Bench
from vectorlog.api import auth
from vectorlog.api.auth import MAX_HEADER_CHARS, OPEN
from vectorlog.api.errors import Unauthenticated, WrongKey
from vectorlog.domain.api_key import Credential
from vectorlog.domain.errors import Invalid
from vectorlog.domain.tenancy import Caller
from vectorlog.use_cases import api_keys

ACME = Credential("acme", "write", "key_1")


def by(secret: str | None) -> Credential | None:
    """Accepts one key."""
    return ACME if secret == "vlk_right" else None


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_key(scheme: str) -> None:
    """The key is found; the scheme's case and spaces around the key do not matter."""
    assert auth.credential({"authorization": f" {scheme}  vlk_right "}, by) == ACME


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic vlk_right", "vlk_right", "Token vlk_right"])
def test_no_key(header: str) -> None:
    """Whatever is not a bearer token is no key."""
    with pytest.raises(Unauthenticated):
        auth.credential({"authorization": header}, by)
    with pytest.raises(Unauthenticated):
        auth.credential({}, by)


@pytest.mark.parametrize("length", [1, 8, 12, 23, 24, 47])
def test_wrong_key(length: int) -> None:
    """An error shows at most the ends of a wrong key, and nothing of a short one: logs and screenshots keep errors."""
    secret = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[:length]
    with pytest.raises(WrongKey) as refused:
        auth.credential({"authorization": f"Bearer {secret}"}, by)
    shown = refused.value.message.split("provided: ")[1].split(".")[0]
    assert shown == (f"{secret[:4]}********{secret[-4:]}" if length >= 24 else "********")


@pytest.mark.parametrize("name", ["ann", "a" * MAX_HEADER_CHARS, "Zoë", " ann "])
def test_end_user(name: str) -> None:
    """The end user is the one that the request names, without the spaces around the name."""
    assert auth.caller({"x-on-behalf-of": name}, ACME) == Caller("acme", name.strip())
    assert auth.caller({}, ACME) == Caller("acme")


@pytest.mark.parametrize("name", ["", " ", "a" * (MAX_HEADER_CHARS + 1), "a\tb", "a\0"])
def test_no_end_user(name: str) -> None:
    """A name that is empty, too long or not printable is refused; the request does not act for the whole project."""
    with pytest.raises(Invalid) as refused:
        auth.caller({"x-on-behalf-of": name}, ACME)
    assert refused.value.param == "x-on-behalf-of"


def test_open_until_the_first_key(bench: Bench) -> None:
    """A server on loopback serves any program until the first key is created, and from then on only its owners, also
    once that key is revoked.
    """
    authenticate = auth.open_until_first_key(bench.deployment)
    assert [authenticate(secret) for secret in (None, "vlk_any")] == [OPEN, OPEN]
    key, secret = api_keys.create(bench.deployment, "acme", "mine")
    opened = Credential("acme", "write", key.id)
    assert [authenticate(each) for each in (secret, None, "vlk_any")] == [opened, None, None]
    api_keys.revoke(bench.deployment, key.id)
    assert [authenticate(each) for each in (secret, None, "vlk_any")] == [None, None, None]
