"""Bugs in `api/`: keys, idempotency, routes, and limits."""

from __future__ import annotations

from tests.planted.bug import Bug

BUGS = (
    Bug(
        "open-after-the-first-key",
        "api/auth.py",
        "return required(secret) if closed else OPEN",
        "return required(secret) if closed and secret else OPEN",
        "A local server with keys still answers requests without one.",
        ("api/test_app.py::TestKeys::test_open_until_the_first_key",),
    ),
    Bug(
        "unknown-key-is-remembered",
        "recent.py",
        "if found is not None and self._remember_ms > 0",
        "if self._remember_ms > 0",
        "On AWS, a new key that was tried too early is refused for a while.",
        ("api/test_known_keys.py::TestKnownKeys::test_made",),
    ),
    Bug(
        "key-is-remembered-for-ever",
        "recent.py",
        "0 <= now - remembered[1] < self._remember_ms:",
        "0 <= now - remembered[1]:",
        "On AWS, a revoked key opens its project until the function ends.",
        ("api/test_known_keys.py::TestKnownKeys::test_revoked",),
    ),
    Bug(
        "every-key-does-all",
        "api/app.py",
        "            auth.check_scope(credential, route.scope)\n",
        "",
        "A key that may only read deletes everything.",
        ("api/test_scopes.py::test_every_route_with_every_scope",),
    ),
    Bug(
        "remembered-keys-never-expire",
        "api/auth.py",
        "if found is not None and found.expired(deployment.clock()):",
        "if found is not None and found.expired(0):",
        "An expired key still opens its project.",
        ("api/test_auth.py::TestRequired::test_expires",),
    ),
    Bug(
        "keys-of-other-projects",
        "api/resources/admin_keys.py",
        "if not call.credential.administers(view.state.project):",
        "if not call.credential.administers(call.credential.project):",
        "An administrator of one project deletes the keys of another.",
        ("clients/test_admin_keys.py::test_an_administrator_of_one_project",),
    ),
    Bug(
        "refused-floods-ask-on",
        "limits/request_rate.py",
        "        second.closed = True\n",
        "",
        "A flood that is refused costs a write for each of its requests.",
        ("limits/test_request_rate.py::TestManyProcesses::test_a_refused_flood_asks_nobody",),
    ),
    Bug(
        "secret-in-the-error",
        "api/auth.py",
        "if len(secret) >= 24 else",
        "if len(secret) >= 8 else",
        "The error for a wrong key shows most of a short one.",
        ("api/test_auth.py::test_wrong_key",),
    ),
    Bug(
        "any-end-user",
        "api/auth.py",
        'return Caller(credential.project, header(headers, "x-on-behalf-of"))',
        'return Caller(credential.project, header(headers, "x-on-behalf-of-user"))',
        "An end user sees everything in the project.",
        ("api/test_app.py::TestKeys::test_end_users_see_what_is_theirs",),
    ),
    Bug(
        "key-is-ignored",
        "api/routes.py",
        'return self.method == "POST" and self.effect == "write"',
        'return self.method == "DELETE" and self.effect == "write"',
        "A repeated create makes a second store.",
        ("api/test_app.py::TestRepeats::test_the_same_request_makes_one_thing",),
    ),
    Bug(
        "key-over-all-bodies",
        "api/app.py",
        "idempotency_key(caller, name, value, body))",
        'idempotency_key(caller, name, value, b""))',
        "Another body under a used key is answered as if it had been done.",
        ("api/test_app.py::TestRepeats::test_another_body_is_refused",),
    ),
    Bug(
        "spooled-files-stay",
        "api/app.py",
        "                request.body.discard()",
        "                pass",
        "Every upload that is refused fills the disk.",
        ("runtime/aws/test_api.py::test_spool_is_left_empty",),
    ),
    Bug(
        "failures-are-silent",
        "api/failures.py",
        "if status >= HTTPStatus.INTERNAL_SERVER_ERROR:",
        "if status > HTTPStatus.INTERNAL_SERVER_ERROR:",
        "An internal error leaves no line in the log, and no alarm.",
        ("api/test_app.py::TestServing::test_an_unexpected_error_is_a_500_with_its_id",),
    ),
    Bug(
        "hundred-and-one",
        "api/input/queries.py",
        "class StoreFileList(NoParameters):\n"
        '    """Parameters of the list of a store\'s or a batch\'s files; `filter` is their status."""\n\n'
        "    limit: int = Field(20, ge=1, le=100)",
        "class StoreFileList(NoParameters):\n"
        '    """Parameters of the list of a store\'s or a batch\'s files; `filter` is their status."""\n\n'
        "    limit: int = Field(20, ge=1, le=101)",
        "A page of more files than documented is accepted.",
        ("api/input/test_queries.py::test_limit",),
    ),
    Bug(
        "page-of-zero",
        "api/input/queries.py",
        "class StoreList(NoParameters):\n"
        '    """Parameters of the list of stores."""\n\n    limit: int = Field(20, ge=1',
        "class StoreList(NoParameters):\n"
        '    """Parameters of the list of stores."""\n\n    limit: int = Field(20, ge=0',
        "A page of no stores is accepted, and paging never ends.",
        ("api/input/test_parse.py::TestQueryStrings::test_what_is_wrong_is_named",),
    ),
    Bug(
        "attribute-one-too-long",
        "api/input/scalars.py",
        "too_long = len(value) > MAX_VALUE_CHARS",
        "too_long = len(value) >= MAX_VALUE_CHARS",
        "An attribute of exactly the documented length is refused.",
        ("api/input/test_parse.py::TestBodies::test_everything_up_to_the_limits_passes",),
    ),
    Bug(
        "usage-of-what-does-not-serve",
        "api/present.py",
        'state.serving.usage_bytes if state.serving and state.status == "completed" else 0',
        "state.serving.usage_bytes if state.serving else 0",
        "The usage of a store is not the sum of its files'.",
        ("api/test_present.py::TestStoreFiles::test_when_it_failed",),
    ),
    Bug(
        "attachment-is-a-page",
        "api/resources/files.py",
        '"x-content-type-options": "nosniff",',
        '"x-content-type-options": "sniff",',
        "A browser runs an uploaded page as if it were ours.",
        ("api/test_downloads.py::test_never_run_as_ours",),
    ),
    Bug(
        "refusal-says-retry",
        "api/errors.py",
        'DuplicateContent: ErrorSpec(409, "duplicate_file", retry=False),',
        'DuplicateContent: ErrorSpec(409, "duplicate_file", retry=True),',
        "Clients repeat a request that can never succeed.",
        ("api/test_errors.py::TestTable::test_each_refusal_has_its_row",),
    ),
)
