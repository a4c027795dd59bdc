"""Functions in separate processes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local_aws.function import Environments, Function, FunctionError

HANDLERS = """
import os, threading

ENTERED = threading.Lock()
CALLS = 0

def handler(event, context):
    global CALLS
    assert ENTERED.acquire(blocking=False), "two invocations at once in one process"
    CALLS += 1
    try:
        match event["do"]:
            case "raise":
                raise ValueError("a reason")
            case "die":
                os._exit(3)
            case "hang":
                threading.Event().wait()
            case "not json":
                return {1, 2}
        left = context.get_remaining_time_in_millis()
        variable = os.environ["OF_ITS_OWN"]
        return {"pid": os.getpid(), "calls": CALLS, "variable": variable, "left": left, "name": context.function_name}
    finally:
        ENTERED.release()
"""


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environments]:
    folder: Path = tmp_path_factory.mktemp("handlers")
    (folder / "of_a_test.py").write_text(HANDLERS)
    sys.path.append(str(folder))
    with Environments(Function("sample", "of_a_test:handler", {"OF_ITS_OWN": "é"}, timeout_s=1), limit=2) as made:
        yield made
    sys.path.remove(str(folder))


def call(functions: Environments, do: str = "answer") -> dict[str, object]:
    answer = functions({"do": do})
    assert answer is not None
    return answer


class TestEnvironments:
    def test_answers(self, functions: Environments) -> None:
        """A process is kept: the next invocation finds the state of the handler's module. Its variables are its own."""
        first, second = call(functions), call(functions)
        assert first["pid"] == second["pid"] != os.getpid()
        assert second["calls"] == int(str(first["calls"])) + 1
        assert first["variable"] == "é"
        assert "OF_ITS_OWN" not in os.environ
        assert first["name"] == "sample"
        assert 0 < int(str(first["left"])) <= 1000

    def test_one_at_a_time(self, functions: Environments) -> None:
        """Two parallel calls are two processes, more calls wait; no process handles two at the same time."""
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: call(functions), range(12)))
        assert 1 <= len({answer["pid"] for answer in answers}) <= 2

    @pytest.mark.parametrize(
        ("do", "reason"),
        [
            ("raise", "ValueError: a reason"),
            ("not json", "TypeError"),
            ("die", r"ended \(3\)"),
            ("hang", "longer than 1 s"),
        ],
    )
    def test_failures(self, functions: Environments, do: str, reason: str) -> None:
        """A handler that raises, returns no JSON, ends its process or takes too long is an error that says so; the next
        call works.
        """
        began = time.monotonic()
        call(functions)
        with pytest.raises(FunctionError, match=reason):
            functions({"do": do})
        assert call(functions)["variable"] == "é"
        assert time.monotonic() - began < 30
