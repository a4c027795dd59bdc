"""Office files for tests, made from their parts."""

from __future__ import annotations

import struct

_END, _FREE, _TABLE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def ole_file(**streams: bytes) -> bytes:
    """An OLE file (version 3) with these streams; `storage/stream` lies in a storage of the root."""
    padded = {name: data.ljust(max(4096, -(-len(data) // 512) * 512), b"\0") for name, data in streams.items()}
    storages = sorted({name.rpartition("/")[0] for name in padded} - {""})
    sectors = -(-(len(padded) + len(storages) + 1) // 4)
    table = [_TABLE, *range(2, sectors + 1), _END]
    starts: dict[str, int] = {}
    for name, data in padded.items():
        starts[name] = len(table)
        table += [*range(len(table) + 1, len(table) + len(data) // 512), _END]
    assert len(table) <= 128
    table += [_FREE] * (128 - len(table))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, _END, 0, _END, 0) + struct.pack("<I", 0) + b"\xff" * 432

    def level(storage: str) -> list[str]:
        inside = [name for name in (*padded, *storages) if name.rpartition("/")[0] == storage]
        return sorted(inside, key=lambda name: (len(name), name.upper()))

    order = [*level(""), *(name for storage in storages for name in level(storage))]
    places = {name: place for place, name in enumerate(order, 1)}
    directory = _entry("Root Entry", 5, child=places[level("")[0]])
    for name in order:
        peers = level(name.rpartition("/")[0])
        after = peers[peers.index(name) + 1 :]
        right, short = places[after[0]] if after else _FREE, name.rpartition("/")[2]
        if name in padded:
            directory += _entry(short, 2, right, start=starts[name], size=max(4096, len(streams[name])))
        else:
            directory += _entry(short, 1, right, child=places[level(name)[0]], start=0)
    directory += _entry("", 0) * (4 * sectors - len(order) - 1)
    return header + struct.pack("<128I", *table) + directory + b"".join(padded.values())


def _entry(name: str, kind: int, right: int = _FREE, child: int = _FREE, start: int = _END, size: int = 0) -> bytes:
    encoded = name.encode("utf-16-le") + b"\0\0"
    return (
        encoded.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(encoded) if name else 0, kind, 1, _FREE, right, child)
        + bytes(36)
        + struct.pack("<II4x", start, size)
    )
