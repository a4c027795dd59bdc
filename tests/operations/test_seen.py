"""Names that were seen."""

from __future__ import annotations

from vectorlog.operations.seen import Seen


def test_seen() -> None:
    """What was added is known, also between looks, and nothing else is."""
    seen = Seen()
    assert "a" not in seen
    for start in (0, 500):
        for number in range(start, start + 500):
            seen.add(f"artefacts/{number}/")
        assert all(f"artefacts/{number}/" in seen for number in range(start + 500))
        assert not any(f"artefacts/{number}/" in seen for number in range(start + 500, 5000))
