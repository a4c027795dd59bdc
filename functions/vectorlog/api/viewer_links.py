"""Signed addresses of passages: who has one can read that part of a file's text for a day, without a key.

An address holds no name: its end user is a code, which only the deployment can tell from those of other users.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from vectorlog.api.input import parse
from vectorlog.domain.errors import Forbidden
from vectorlog.domain.tenancy import Caller
from vectorlog.use_cases.passages import Place

PATH = "/view/"
HOUR_S = 3_600
VALID_HOURS = 24
"""How long an address is valid at least. It ends with an hour, so the same passage has the same address for an hour."""
WRONG_ADDRESS = "This address was not made by this server, or was changed. Search again to get another."
EXPIRED_ADDRESS = "This address is no longer valid. Search again to get another."
_PLACE = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")
_NUMBER = re.compile(r"[0-9]{1,12}")
_CODE_CHARS = 24


@dataclass(frozen=True, slots=True)
class Opened:
    """What a valid address asks for.

    Attributes:
        place: where in the file; None for its beginning.
        code: the code of the end user for whom it was made; empty if it was made for a project.
        until: when it ends, in seconds since 1970.
    """

    store: str
    file: str
    place: Place | None
    code: str
    until: int


@dataclass(frozen=True, slots=True)
class ViewerLinks:
    """Makes and checks addresses.

    Attributes:
        key: returns the key of the signatures.
        clock: returns ms since 1970.
    """

    key: Callable[[], bytes]
    clock: Callable[[], int]

    def address(self, root: str, caller: Caller, store: str, file: str, place: Place | None) -> str:
        """Returns the address at which a caller can read a place in a file, on the server with the address `root`."""
        until = (self.clock() // 1000 // HOUR_S + VALID_HOURS + 1) * HOUR_S
        return self.signed(root, Opened(store, file, place, self.code(caller.user), until))

    def signed(self, root: str, opened: Opened) -> str:
        """Returns the address that asks for this."""
        place = opened.place
        fields: dict[str, str | int] = {} if place is None else {"at": f"{place.generation}-{place.n}"}
        fields |= {"for": opened.code} if opened.code else {}
        query = urlencode({**fields, "until": opened.until, "signature": self._signature(opened)})
        return f"{root}{PATH}{opened.store}/{opened.file}?{query}#passage"

    def opened(self, ids: Mapping[str, str], query: Mapping[str, Sequence[str]]) -> Opened:
        """Returns what the address of a request asks for.

        Raises:
            Invalid: it holds no ids.
            Forbidden: it was not signed here, or is no longer valid.
        """
        store = parse.identifier("vs", ids["vector_store_id"], "vector_store_id")
        file = parse.identifier("file", ids["file_id"], "file_id")
        at, code, until, signature = ("".join(query.get(name, ())) for name in ("at", "for", "until", "signature"))
        place = _PLACE.fullmatch(at)
        if not _NUMBER.fullmatch(until) or (at and not place) or set(query) - {"at", "for", "until", "signature"}:
            raise Forbidden(WRONG_ADDRESS)
        asked = Opened(store, file, Place(int(place[1]), int(place[2])) if place else None, code, int(until))
        if not hmac.compare_digest(self._signature(asked).encode(), signature.encode(errors="replace")):
            raise Forbidden(WRONG_ADDRESS)
        if self.clock() // 1000 >= asked.until:
            raise Forbidden(EXPIRED_ADDRESS)
        return asked

    def code(self, user: str | None) -> str:
        """Returns the code of an end user; empty for a project."""
        return "" if user is None else self._mac("user", user)[:_CODE_CHARS]

    def _signature(self, opened: Opened) -> str:
        place = opened.place or Place(0, -1)
        return self._mac("view", opened.store, opened.file, place.generation, place.n, opened.code, opened.until)

    def _mac(self, *parts: str | int) -> str:
        return hmac.new(self.key(), "\0".join(map(str, parts)).encode(errors="replace"), hashlib.sha256).hexdigest()
