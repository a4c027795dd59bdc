"""Addresses to which anyone can PUT one part of an upload, as S3's signed URLs are on AWS."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable

from vectorlog.api.app import Admit, Admitted, Room, refuse
from vectorlog.api.input.form import Form, FormRule
from vectorlog.api.request import Request
from vectorlog.api.response import Response
from vectorlog.deployment import Deployment
from vectorlog.domain.errors import DISK_FULL, Forbidden, Invalid, NoSpace, Refused, is_disk_full
from vectorlog.use_cases import uploads

PREFIX = "/direct-parts/"
_PATH = re.compile(r"/direct-parts/(upload_[0-9a-f]{32})/(part_[0-9a-f]{32})")
WRONG_ADDRESS = "This address was not made by this server, or was changed. Create the upload again to get another."
EXPIRED_ADDRESS = "This address is no longer valid. Create the upload again to get another."


class DirectParts:
    """Signs addresses, and admits requests to them.

    Args:
        key: of the signatures.
        clock: returns ms since 1970.
    """

    def __init__(self, key: bytes, clock: Callable[[], int]) -> None:
        self._key = key
        self._clock = clock

    def sign(self, request: Request, upload: str, part: str, size: int, seconds: int) -> str:
        """Returns an address on the server to which the request was sent. See `SignPart`."""
        until = self._clock() // 1000 + seconds
        query = f"bytes={size}&until={until}&signature={self._signature(upload, part, size, until)}"
        return f"{request.root}{PREFIX}{upload}/{part}?{query}"

    def admitting(self, admit: Admit, deployment: Deployment, room: Room) -> Admit:
        """Wraps `admit` so that a PUT to a signed address needs no key."""

        def admitted(head: Request) -> Response | Admitted:
            if head.method != "PUT" or not head.path.startswith(PREFIX):
                return admit(head)
            try:
                room(0)
                return self._admit(head, deployment)
            except Refused as error:
                return refuse(head, error)

        return admitted

    def _admit(self, head: Request, deployment: Deployment) -> Admitted:
        upload, part, size = self._checked(head)

        def answer(request: Request) -> Response:
            assert isinstance(request.body, Form)
            try:
                data = request.body.files["data"]
                if data.size != size:
                    raise Invalid(f"The part has {data.size:,} bytes, but its address is for {size:,}.", code=None)
                uploads.put_direct(deployment, upload, part, data.content)
                return Response(200, {"etag": f'"{data.sha256}"'})
            except Refused as error:
                return refuse(request, error)
            except OSError as error:
                if is_disk_full(error):
                    return refuse(request, NoSpace(DISK_FULL))
                raise
            finally:
                request.body.discard()

        rule = FormRule("data", size, f"The part is larger than the {size:,} bytes of its address.", raw=True)
        return Admitted(answer, rule, False, "putUploadPart", "")

    def _checked(self, head: Request) -> tuple[str, str, int]:
        """Returns the upload, the part and its size in bytes.

        Raises:
            Forbidden: the address was not signed, or is no longer valid.
        """
        path = _PATH.fullmatch(head.path)
        size, until, signature = ("".join(head.query.get(name, ())) for name in ("bytes", "until", "signature"))
        numbers = all(each.isascii() and each.isdecimal() and len(each) < 20 for each in (size, until))
        if path is None or not numbers:
            raise Forbidden(WRONG_ADDRESS)
        upload, part = path.groups()
        expected = self._signature(upload, part, int(size), int(until))
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise Forbidden(WRONG_ADDRESS)
        if self._clock() // 1000 >= int(until):
            raise Forbidden(EXPIRED_ADDRESS)
        return upload, part, int(size)

    def _signature(self, upload: str, part: str, size: int, until: int) -> str:
        return hmac.new(self._key, f"{upload}/{part} {size} {until}".encode(), hashlib.sha256).hexdigest()
