"""The list of planted bugs keeps up with the code. Whether tests find them is tried by `./dev planted`."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.planted.bug import Bug
from tests.planted.catalogue import BUGS
from tests.planted.tree import ROOT


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_applies(bug: Bug) -> None:
    """A planted bug still changes exactly one place, and leaves code that Python can read."""
    planted = bug.plant(ROOT)
    assert ast.dump(ast.parse(planted)) != ast.dump(_parsed(ROOT / bug.path))


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_names_its_tests(bug: Bug) -> None:
    """The tests that are expected to find a planted bug exist, and the quick suite runs them."""
    assert bug.found_by
    for test in bug.tests:
        path, *names = test.split("::")
        assert (ROOT / path).exists(), f"{bug.name}: there is no {path}"
        if not names:
            continue
        body = _parsed(ROOT / path).body
        for each in body:
            assert not (isinstance(each, ast.Assign) and _leaves_out(each)), f"{bug.name}: {path} is left out"
        for name in names:
            found = [each for each in body if isinstance(each, ast.ClassDef | ast.FunctionDef) and each.name == name]
            assert found, f"{bug.name}: there is no {test}"
            assert not any(map(_leaves_out, found[0].decorator_list)), f"{bug.name}: {test} is left out"
            body = found[0].body


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _leaves_out(marking: ast.AST) -> bool:
    """Whether a decorator, or an assignment of `pytestmark`, keeps the quick suite from running a test at all. The
    marks of single parameters do not.
    """
    marked = marking.value if isinstance(marking, ast.Assign) else marking
    return ast.unparse(marked).removeprefix("pytest.mark.") in ("aws", "infra", "long")


def test_list() -> None:
    """Names are unique, each bug says what a user would lose, and every part of the core has some."""
    assert [name for name, times in Counter(bug.name for bug in BUGS).items() if times > 1] == []
    assert [bug.name for bug in BUGS if not bug.loses.endswith(".")] == []
    parts = Counter(bug.module.split("/")[0] for bug in BUGS)
    core = (
        "api",
        "domain",
        "event_log",
        "files",
        "index",
        "ingest",
        "reactions",
        "runtime",
        "use_cases",
        "views",
        "work",
    )
    assert {part for part in core if parts[part] < 2} == set()
    assert len(BUGS) >= 45
