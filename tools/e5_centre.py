"""Writes functions/vectorlog/embedding/e5_centre.npy: the mean vector of English texts by multilingual-e5-small.

    python -m tools.e5_centre

The texts are the module docstrings of at least 300 characters in Python's standard library: they are prose, there is
one in every installation, and nobody judges retrieval with them. Another version of Python has nearly the same.
"""

from __future__ import annotations

import ast
import sysconfig
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vectorlog.embedding import e5
from vectorlog.embedding.e5_weights import read_weights

SHORTEST, LONGEST = 300, 800
"""Characters of a docstring."""


def texts() -> list[str]:
    """The beginnings of the docstrings, in one line each."""
    modules = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    found = (ast.get_docstring(ast.parse(module.read_bytes())) or "" for module in modules)
    return [" ".join(each.split())[:LONGEST] for each in found if len(each) >= SHORTEST]


def centre() -> NDArray[np.float32]:
    """The mean vector, by the model without a centre."""
    model = e5.E5(read_weights(), centre=np.zeros(e5.DIMENSIONS, np.float32))
    vectors = [model.vector(model.tokens(each)) for each in texts()]
    mean: NDArray[np.float32] = np.mean(vectors, axis=0, dtype=np.float32)
    return mean


if __name__ == "__main__":
    np.save(e5.CENTRE, centre())
