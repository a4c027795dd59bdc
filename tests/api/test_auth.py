"""Who a request comes from: its key, and the end user that it names."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.bench import Bench
from vectorlog.api import auth
from vectorlog.api.auth import MAX_HEADER_CHARS, OPEN
from vectorlog.api.errors import Unauthenticated, WrongKey
from vectorlog.domain import api_key
from vectorlog.domain.api_key import USED_EVERY_MS, Credential
from vectorlog.domain.errors import Invalid
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log.event_log import Commit
from vectorlog.runtime.aws.api import KEY_REMEMBERED_MS
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


class TestRequired:
    """Keys of a deployment that requires them, with a clock of the test's own."""

    @staticmethod
    def _asking(bench: Bench, remember_ms: int, **fields: Any) -> tuple[auth.Authenticate, str, str]:
        key, secret = api_keys.create(bench.deployment, "acme", "mine", **fields)
        return auth.keys_required(bench.deployment, remember_ms=remember_ms), key.id, secret

    @pytest.mark.parametrize("remember_ms", [0, KEY_REMEMBERED_MS])
    def test_expires(self, bench: Bench, remember_ms: int) -> None:
        """A key opens nothing from its moment of expiry on, even where it is remembered."""
        authenticate, key, secret = self._asking(bench, remember_ms, scope="read", expires_at=bench.clock() + 100)
        bench.clock.advance(99)
        assert authenticate(secret) == Credential("acme", "read", key, expires_at=bench.clock() + 1)
        bench.clock.advance(1)
        with pytest.raises(WrongKey, match="has expired"):
            authenticate(secret)

    @pytest.mark.parametrize("remember_ms", [0, KEY_REMEMBERED_MS])
    def test_revoked(self, bench: Bench, remember_ms: int) -> None:
        """A revoked key is refused from the next request on, and on AWS within seconds: far less than a minute."""
        authenticate, key, secret = self._asking(bench, remember_ms)
        assert authenticate(secret) is not None
        api_keys.revoke(bench.deployment, key)
        bench.clock.advance(remember_ms)
        assert authenticate(secret) is None
        assert remember_ms < 60_000

    def test_last_use(self, bench: Bench) -> None:
        """The first use of an hour is recorded, and the others write nothing."""
        authenticate, key, secret = self._asking(bench, 0)
        for _ in range(3):
            authenticate(secret)
            bench.clock.advance(1000)
        assert api_keys.get(bench.deployment, key).state.used_at == bench.clock() - 3000
        assert len(bench.log.read(key, 0)) == 2
        bench.clock.advance(USED_EVERY_MS)
        authenticate(secret)
        assert api_keys.get(bench.deployment, key).state.used_at == bench.clock()

    def test_last_use_is_recorded_later(self, bench: Bench) -> None:
        """Where a request must not write, the use is recorded after it."""
        key, secret = api_keys.create(bench.deployment, "acme", "mine")
        later: list[Callable[[], None]] = []
        authenticate = auth.keys_required(bench.deployment, later=later.append)
        assert authenticate(secret) is not None
        assert api_keys.get(bench.deployment, key.id).state.used_at is None
        [step] = later
        step()
        assert api_keys.get(bench.deployment, key.id).state.used_at == bench.clock()
        assert authenticate(secret) is not None
        assert later == [step]

    def test_a_use_that_cannot_be_recorded(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A full disk does not keep a valid key from reading; the log says that its use was not recorded."""
        authenticate, key, secret = self._asking(bench, 0)

        def full(_: object) -> None:
            raise OSError(errno.ENOSPC, "no space")

        monkeypatch.setattr(bench.log, "append", full)
        assert authenticate(secret) == Credential("acme", "write", key)
        assert [getattr(record, "event", "") for record in caplog.records] == ["use_not_recorded"]


def test_keys_without_a_scope(bench: Bench) -> None:
    """A key of an older version reads and writes as before, and does not administer."""
    secret = "vlk_older"
    stream, at = api_key.id_of(secret), bench.clock()
    data = {"at": at, "project": "acme", "name": "older", "hash": api_key.hash_of(secret)}
    events = json.dumps([{"type": "ApiKeyCreated", "v": 1, "data": data}])
    state = json.dumps({"v": 1, "keys": [], "data": {**data, "created_at": at, "revoked_at": None}})
    bench.log.append([Commit(stream, 0, "1" * 32, events, state, at, "{}")])
    assert auth.keys_required(bench.deployment)(secret) == Credential("acme", "write", stream)
    assert [view.id for view in api_keys.list_all(bench.deployment)] == []
    bench.deployment.views.apply([bench.deployment.streams.decode(bench.log.read(stream, 0)[0])])
    assert [view.state.scope for view in api_keys.list_all(bench.deployment)] == ["write"]
