"""Short forms of requests about uploads in parts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from tests.support.bench import PROJECT, Bench
from vectorlog.use_cases import uploads
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.uploads import CreateUpload, ReceivedPart, UploadView


def begun(
    bench: Bench, size: int, actor: Actor = PROJECT, *, direct_part_size: int | None = None, name: str = "a.txt"
) -> str:
    """A new upload."""
    bench.clock.advance(1)
    command = CreateUpload(name, "assistants", size, "text/plain", None, direct_part_size)
    return uploads.create(bench.deployment, actor, command).id


def part(bench: Bench, upload: str, data: bytes, actor: Actor = PROJECT) -> str:
    """A new part."""
    path = bench.folder / f"spool-{hashlib.sha256(data).hexdigest()[:8]}-{bench.random.getrandbits(64):x}"
    path.write_bytes(data)
    received = ReceivedPart(path, len(data), hashlib.sha256(data).hexdigest())
    return uploads.add_part(bench.deployment, actor, upload, received).id


def done(
    bench: Bench, upload: str, parts: Sequence[str] | None, actor: Actor = PROJECT, *, md5: str | None = None
) -> UploadView:
    """A completed upload."""
    return uploads.complete(bench.deployment, actor, upload, parts, md5, lambda _: None)
