"""Requests that schemathesis makes from the server's own specification: single ones, and histories that follow its
links. None is answered by a 5xx, and every answer is as described.

`VECTORLOG_EXAMPLES` sets how many requests of each operation there are, and how many histories.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyStrategyDefinition
from hypothesis.stateful import run_state_machine_as_test
from openai import OpenAI
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.generation import GenerationMode

from tests.clients.conftest import Upload, long_locally
from tests.clients.described import strict
from tests.clients.service import Service
from vectorlog.api.dialect import DIALECTS
from vectorlog.api.openapi.document import template
from vectorlog.api.routes import ROUTES, Route

pytestmark = pytest.mark.random

EXAMPLES = int(os.environ.get("VECTORLOG_EXAMPLES", "2"))
TRIES = 12
"""How many sets of histories are tried until one of them has made a store and gone on with it."""
STEPS = 12
"""Requests of one history."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
BOUNDED = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
ADMINISTERED = [route for route in ROUTES if route.path.startswith("/organization/")]
"""Not tried: a key that one of these creates would close the server to the other tests."""


@pytest.fixture(scope="module")
def schema(service: Service) -> Any:
    """The server's specification, whose answers may have no other field than it says."""
    document = schemathesis.openapi.from_url(f"{service.url}/openapi.json").raw_schema
    for path in list(document["paths"]):
        if "/organization/" in path:
            del document["paths"][path]
    document["components"]["schemas"] = strict(document["components"]["schemas"])
    made = schemathesis.openapi.from_dict(document)
    made.config.update(base_url=service.url)
    return made


def is_as_described(case: Any, response: Any) -> None:
    """Checks an answer. Beside what an operation answers, any path may be unknown, and a method wrong."""
    checks = [each for each in CHECKS if each is not status_code_conformance or response.status_code not in (404, 405)]
    case.validate_response(response, checks=checks)
    assert response.headers["x-request-id"]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.prefix)
@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route not in ADMINISTERED], ids=lambda route: route.operation
)
@long_locally
def test_single_requests(service: Service, schema: Any, dialect: Any, route: Route) -> None:
    """Requests of one operation, valid and not."""
    operation = schema[template(dialect.prefix + route.path)][route.method]

    @BOUNDED
    @given(case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode)))
    def run(case: Any) -> None:
        is_as_described(case, case.call(headers={"Authorization": f"Bearer {service.key}"}))

    run()


@long_locally
def test_histories(service: Service, schema: Any, openai_client: OpenAI, user: str, upload: Upload) -> None:
    """Histories of requests of one user that name what earlier ones made, and files that exist."""
    files = [upload("a fox").id, upload("a hare").id]
    headers = {"Authorization": f"Bearer {service.key}", "X-On-Behalf-Of": user}
    done: Counter[str] = Counter()
    wrong: list[BaseException] = []

    class Histories(schema.as_state_machine()):  # type: ignore[misc]  # made at run time
        def before_call(self, case: Any) -> None:
            case.headers.pop("X-On-Behalf-Of", None)
            if isinstance(case.body, dict):
                case.body = _naming(files, case.body)

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": headers}

        def validate_response(self, response: Any, case: Any, *_: Any, **__: Any) -> None:
            try:
                is_as_described(case, response)
            except BaseException as error:
                wrong.append(error)
                raise
            done[f"{case.method} {case.operation.path.rpartition('/v1')[2]}"] += response.status_code == 200

    def went_on() -> bool:
        return done["POST /vector_stores"] > 0 and any(done[name] for name in done if "{vector_store_id}" in name)

    # Hypothesis stops where two histories that began alike cannot go on alike: a file is in progress in one of them.
    # That is no fault, and every answer until then was checked.
    for number in range(TRIES):
        try:
            numbered = seed(number)(Histories)
            run_state_machine_as_test(numbered, settings=settings(BOUNDED, max_examples=8 * EXAMPLES))
        except FlakyStrategyDefinition:
            if wrong:
                raise wrong[0] from None
        if went_on():
            break
    assert went_on(), f"no history made a store and went on with it, so the test shows little: {done}"


def _naming(files: Sequence[str], body: dict[str, Any]) -> dict[str, Any]:
    """The body with these files in the fields that name files; of a batch's two, in one."""
    named = {"file_id": files[0], "file_ids": list(files), "files": [{"file_id": each} for each in files]}
    left_out = "files" if "file_ids" in body else ""
    return {name: named.get(name, value) if value else value for name, value in body.items() if name != left_out}
