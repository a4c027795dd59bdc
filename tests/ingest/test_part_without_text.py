"""An ingest whose last try died while it wrote the text and the first chunks of a file."""

from __future__ import annotations

from array import array

from tests.support.bench import Bench
from tests.support.stubs import DIMENSIONS
from vectorlog.files import artefact


def test_part_without_text(bench: Bench) -> None:
    """S3 may have kept a part and not the text; the next try writes both, and the file is found."""
    store, file = bench.store(), bench.upload("alpha\nbeta\n")
    bench.attach(store, file)
    vectors = [(array("f", [1.0] * DIMENSIONS),)]
    bench.blobs.put([artefact.part_item(store, file, 1, 0, [(0, 6)], vectors)])
    bench.pump.settle()
    assert bench.status(store, file) == "completed"
    assert set(bench.find(store, "beta")) == {file}
    assert artefact.read_text(bench.blobs, store, file, 1) == "alpha\nbeta\n"
    assert [chunk.text for part in artefact.read_parts(bench.blobs, store, file, 1) for chunk in part] == [
        "alpha\n",
        "beta\n",
    ]
