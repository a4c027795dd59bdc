"""What an import reports, and the origin of the commits that it makes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from vectorlog.event_log.provenance import meta_of

IMPORT = meta_of("import")


@dataclass(slots=True)
class ImportReport:
    """What happened to the serving files.

    Attributes:
        indexed: the number of files that were indexed from their artefacts.
        again: the number of files that are ingested again, because their store was moved to another model.
        repaired: the number of files that are ingested again, because their artefact was missing or incomplete.
        lost: the number of files, as `vs_…/file-…`, that will fail, because their uploaded bytes are missing too.
        unoffered: the number of files by model, in stores whose model is not offered.
        disabled: webhook endpoints that are disabled, because an export has no secrets.
        unlisted: batches that are not fanned out, because their list of files is missing.
    """

    indexed: int = 0
    again: int = 0
    repaired: int = 0
    lost: list[str] = field(default_factory=list)
    unoffered: Counter[str] = field(default_factory=Counter)
    unlisted: list[str] = field(default_factory=list)
    disabled: list[str] = field(default_factory=list)
