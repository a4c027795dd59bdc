"""Every planted bug."""

from __future__ import annotations

from tests.planted import (
    in_api,
    in_command_line,
    in_domain,
    in_event_log,
    in_mcp,
    in_runtime,
    in_search,
    in_storage,
    in_use_cases,
    in_views,
    in_webhooks,
    in_work,
)
from tests.planted.bug import Bug

BUGS: tuple[Bug, ...] = (
    *in_domain.BUGS,
    *in_event_log.BUGS,
    *in_views.BUGS,
    *in_use_cases.BUGS,
    *in_search.BUGS,
    *in_work.BUGS,
    *in_storage.BUGS,
    *in_api.BUGS,
    *in_mcp.BUGS,
    *in_command_line.BUGS,
    *in_runtime.BUGS,
    *in_webhooks.BUGS,
)
