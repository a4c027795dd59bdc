"""Objects of an S3 bucket, by boto3 and the credentials that it finds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from vectorlog.syncing.items import LONGEST_PATH, Item, SourceUnusable, Unreadable

_IN_MEMORY = 8 << 20
"""Bytes of an object that are kept in memory; larger ones go to a temporary file."""
_FROZEN = frozenset({"GLACIER", "DEEP_ARCHIVE"})


@dataclass(frozen=True, slots=True)
class Bucket:
    """The objects below a prefix. An object whose ETag did not change is not fetched again.

    Attributes:
        bucket: its name.
        prefix: the beginning of the keys that are taken; their paths are without it.
    """

    bucket: str
    prefix: str

    @classmethod
    def parse(cls, text: str) -> Bucket:
        """Returns what `s3://bucket/prefix` names; a prefix is taken as a folder.

        Raises:
            SourceUnusable: it is none.
        """
        parts = urlsplit(text)
        if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
            raise SourceUnusable("It should look like s3://bucket/prefix.")
        prefix = parts.path.strip("/")
        return cls(parts.netloc, f"{prefix}/" if prefix else "")

    @property
    def name(self) -> str:
        """The address."""
        return f"s3://{self.bucket}/{self.prefix}"

    def items(self) -> Iterator[Item | Unreadable]:
        """See `Source.items`."""
        try:
            import boto3
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError:
            raise SourceUnusable("s3:// needs boto3: pip install boto3") from None
        try:
            client = boto3.client("s3")
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix):
                for each in page.get("Contents", ()):
                    found = self._item(client, each)
                    if found is not None:
                        yield found
        except (BotoCoreError, ClientError) as error:
            raise SourceUnusable(f"{self.name}: {error}") from None

    def _item(self, client: Any, listed: dict[str, Any]) -> Item | Unreadable | None:  # noqa: ANN401  # boto3's
        key = listed["Key"]
        path = key[len(self.prefix) :]
        if not path or path.endswith("/"):
            return None
        if len(path) > LONGEST_PATH:
            return Unreadable(path, f"its path has more than {LONGEST_PATH} characters")
        if listed.get("StorageClass") in _FROZEN:
            return Unreadable(path, f"it is archived ({listed['StorageClass']})")
        etag = f"{listed['ETag'].strip(chr(34))} {listed['Size']}"
        modified = int(listed["LastModified"].timestamp())
        return Item(path, listed["Size"], modified, etag, partial(_open, client, self.bucket, key), etag=etag)


def _open(client: Any, bucket: str, key: str) -> BinaryIO:  # noqa: ANN401  # boto3's
    from botocore.exceptions import BotoCoreError, ClientError
    from s3transfer.exceptions import RetriesExceededError  # type: ignore[import-untyped]

    content = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # the caller closes it
    try:
        client.download_fileobj(bucket, key, content)
    except (BotoCoreError, ClientError, RetriesExceededError) as error:
        content.close()
        raise OSError(None, str(error)) from error
    content.seek(0)
    return content  # type: ignore[return-value]  # it has all of BinaryIO's methods
