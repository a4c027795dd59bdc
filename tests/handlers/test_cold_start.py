"""The cost of importing a handler, as a function does at a cold start."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from math import inf
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[2] / "functions"
HANDLERS = ("api", "search", "projector", "work", "embed", "erase", "deliver", "dead_letters", "sweep")
LIBRARIES = """
import boto3
import aws_lambda_powertools.event_handler
from aws_lambda_powertools import Logger
from pydantic import BaseModel
class Model(BaseModel):
    number: int
boto3.client("dynamodb")
"""
BUDGET = 1.3
ROUNDS = 3
MOST_ROUNDS = 12
"""Other load on a core can only make a run slower, so the minimum of some runs is what an import costs. Handlers that
are above the budget after the first rounds are measured again, in turns with the libraries, before they are refused.
"""


def _seconds(program: str) -> float:
    """CPU time of a fresh interpreter for an import, which excludes other load on the machine."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(FUNCTIONS),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    process = os.posix_spawn(sys.executable, [sys.executable, "-c", program], environment)
    _, status, usage = os.wait4(process, 0)
    assert status == 0, f"this failed:\n{program}"
    return usage.ru_utime + usage.ru_stime


def _measured(programs: Mapping[str, str], rounds: int, least: Mapping[str, float]) -> Mapping[str, float]:
    """The least CPU seconds of each program so far; the programs run in turns, so that load meets all of them."""
    found = dict(least)
    for _ in range(rounds):
        for name, program in programs.items():
            found[name] = min(found.get(name, inf), _seconds(program))
    return found


@pytest.mark.aws  # half a minute of imports that do not concern the local edition
def test_budget() -> None:
    """No handler takes more than 1.3 times as long to import as Powertools, pydantic and a DynamoDB client alone."""
    programs = {"libraries": LIBRARIES, **{name: f"import handlers.{name}" for name in HANDLERS}}
    least = _measured(programs, ROUNDS, {})
    for _ in range(ROUNDS, MOST_ROUNDS):
        above = {name for name in HANDLERS if least[name] > BUDGET * least["libraries"]}
        if not above:
            break
        again = {name: program for name, program in programs.items() if name in above | {"libraries"}}
        least = _measured(again, 1, least)
    ratios = {name: seconds / least["libraries"] for name, seconds in least.items()}
    table = "\n".join(f"{name:13}{least[name] * 1000:6.0f} ms {ratio:5.2f}" for name, ratio in ratios.items())
    sys.stdout.write(f"\n{table}\n")
    assert max(ratios.values()) <= BUDGET, f"above {BUDGET}:\n{table}"


def test_left_out() -> None:
    """No handler imports modules that only a search, an ingest or the local edition needs before it needs them, and
    neither does the function behind most routes when it builds its deployment and routes.
    """
    heavy = (
        *("opensearchpy", "numpy", "onnxruntime", "tokenizers", "pypdfium2", "uvicorn", "httpx", "requests"),
        "opentelemetry",  # only where traces are wanted
    )
    made = "from vectorlog.runtime.aws import api\napi.resolver()"
    _seconds(
        f"import sys, {', '.join(f'handlers.{name}' for name in HANDLERS)}\n{made}\nassert not set({heavy!r}) "
        f"& set(sys.modules)"
    )


def test_resources_left_out() -> None:
    """The functions behind the API import no resource's handlers and schemas before a request for it, and nothing of
    the specification, of forms or of the work behind the log.
    """
    later = "vectorlog.api.openapi", "vectorlog.reactions", "vectorlog.work", "vectorlog.operations", "python_multipart"
    resources = {"documents", "health"}
    _seconds(
        f"import sys\nfrom vectorlog.runtime.aws import api\napi.resolver()\n"
        f"assert not [name for name in sys.modules if name.startswith({later!r})]\n"
        f"of = 'vectorlog.api.resources.'\n"
        f"assert {{name.removeprefix(of) for name in sys.modules if name.startswith(of)}} == {resources!r}"
    )
