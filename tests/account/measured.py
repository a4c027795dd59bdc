"""What is measured of a stage: how many of the nearest texts its searches find, and how long they take."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path

import numpy as np
import numpy.typing as npt

REPORT = Path(__file__).parents[2] / ".cache" / "account-test.json"
SUBJECTS = ("harbour", "glacier", "violin", "orchard", "satellite", "kitchen", "museum", "railway", "desert", "library")
VERBS = ("opens", "closes", "moves", "costs", "measures", "repairs", "paints", "counts", "heats", "records")
OBJECTS = ("in winter", "at night", "for children", "by hand", "under water", "without power", "in 1924", "on demand")
PLACES = ("Oslo", "Lima", "Cairo", "Kyoto", "Quito", "Malta", "Perth", "Turin", "Dakar", "Leeds", "Porto", "Sofia")

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run found.

    Attributes:
        texts: how many there were.
        recall: the part of the nearest texts that searches found, from 0 to 1.
        p50_ms, p95_ms: of the searches' times, from this machine.
    """

    texts: int
    recall: float
    p50_ms: float
    p95_ms: float

    def write(self, path: Path = REPORT) -> None:
        """Writes it where `./dev account-test` looks for it."""
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")


def texts(number: int, seed: int = 1) -> list[str]:
    """Sentences that differ in meaning, the same for each seed. There are 9,600."""
    every = [
        f"The {subject} of {place} {verb} {object}."
        for subject in SUBJECTS
        for verb in VERBS
        for object in OBJECTS
        for place in PLACES
    ]
    return random.Random(seed).sample(every, number)


def nearest(vectors: Vectors, query: Vectors, number: int) -> set[int]:
    """The places of the vectors with the highest cosine to the query; all of them are compared."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return {int(place) for place in np.argsort(-(unit @ query), kind="stable")[:number]}


def recall(wanted: Sequence[set[int]], found: Sequence[set[int]]) -> float:
    """The part of what was wanted that was found, over all queries."""
    return sum(len(each & of) for each, of in zip(wanted, found, strict=True)) / sum(map(len, wanted))


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of the values that so many percent of them do not exceed."""
    return sorted(values)[max(0, ceil(len(values) * percent / 100) - 1)]
