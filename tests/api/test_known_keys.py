"""Keys that are remembered for a moment."""

from __future__ import annotations

from vectorlog.api import known_keys
from vectorlog.api.known_keys import KnownKeys
from vectorlog.domain.api_key import Credential

ACME, OTHER = Credential("acme", "write", "key_1"), Credential("other", "read", "key_2")


class Asking:
    def __init__(self, remember_ms: int = 5_000) -> None:
        self.now = 1_700_000_000_000
        self.opens = {"sk-a": ACME}
        self.asked: list[str] = []
        self.takes = 0
        self.known = KnownKeys(lambda: self.now, remember_ms)

    def __call__(self, secret: str) -> Credential | None:
        def look_up() -> Credential | None:
            self.asked.append(secret)
            found = self.opens.get(secret)
            self.now += self.takes
            return found

        return self.known.credential(secret, look_up)


class TestKnownKeys:
    def test_remembered(self) -> None:
        """A valid key is looked up once within the time."""
        asking = Asking()
        assert [asking("sk-a") for _ in range(3)] == [ACME] * 3
        assert asking.asked == ["sk-a"]

    def test_revoked(self) -> None:
        """A revoked key is refused once the time is over, and its use does not extend the time."""
        asking = Asking()
        asking("sk-a")
        del asking.opens["sk-a"]
        asking.now += 4_999
        assert asking("sk-a") == ACME
        asking.now += 1
        assert asking("sk-a") is None

    def test_slow(self) -> None:
        """The time counts from before the look-up: a key that was revoked during it is not accepted for longer."""
        asking = Asking()
        asking.takes = 3_000
        asking("sk-a")
        asking.now += 2_000
        asking("sk-a")
        assert asking.asked == ["sk-a"] * 2

    def test_made(self) -> None:
        """An invalid key is not remembered, so a new key works immediately."""
        asking = Asking()
        assert asking("sk-b") is None
        asking.opens["sk-b"] = OTHER
        assert asking("sk-b") == OTHER

    def test_clock_set_back(self) -> None:
        """A clock that is set back does not prolong the time."""
        asking = Asking()
        asking("sk-a")
        asking.now -= 3_600_000
        asking("sk-a")
        assert asking.asked == ["sk-a"] * 2

    def test_bounded(self) -> None:
        """Only this many keys are kept; the one that was looked up longest ago makes room."""
        asking = Asking()
        secrets = [f"sk-{number}" for number in range(known_keys.MAX_KEYS + 1)]
        asking.opens = dict.fromkeys(secrets, ACME)
        for secret in secrets:
            asking(secret)
        assert len(asking.known) == known_keys.MAX_KEYS
        asking.asked.clear()
        asking(secrets[-1])
        asking(secrets[0])
        assert asking.asked == [secrets[0]]

    def test_off(self) -> None:
        """Without a time every request looks the key up, as in the local edition."""
        asking = Asking(remember_ms=0)
        asking("sk-a")
        asking("sk-a")
        assert asking.asked == ["sk-a"] * 2
        assert len(asking.known) == 0
