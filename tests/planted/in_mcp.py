"""Bugs in the Model Context Protocol and in the pages of passages."""

from __future__ import annotations

from tests.planted.bug import Bug

BUGS = (
    Bug(
        "link-without-signature",
        "api/viewer_links.py",
        '        if not hmac.compare_digest(self._signature(asked).encode(), signature.encode(errors="replace")):',
        "        if not signature:",
        "Anyone who knows the ids of a file reads its text without a key.",
        ("api/test_viewer.py::TestAddresses::test_of_another_key_open_nothing",),
    ),
    Bug(
        "link-for-ever",
        "api/viewer_links.py",
        "        if self.clock() // 1000 >= asked.until:",
        "        if self.clock() >= asked.until * 1_000_000:",
        "A link that was passed on opens the text for ever.",
        ("api/test_viewer.py::TestAddresses::test_are_valid_for_a_day",),
    ),
    Bug(
        "link-of-everyone",
        "use_cases/access.py",
        "    return Caller(state.owner.project, next(filter(is_user, known), NO_ROLE))",
        "    return Caller(state.owner.project)",
        "A link still opens the text after its user lost the role.",
        ("api/mcp/test_tools.py::TestPage::test_goes_by_the_role_of_today",),
    ),
    Bug(
        "pinned-endpoint-fetches-all",
        "api/mcp/tools.py",
        "        if self.store is not None and store not in (None, self.store):",
        "        if self.store is not None and store is None:",
        "An endpoint for one store gives out the files of others.",
        ("clients/test_mcp.py::test_one_store",),
    ),
    Bug(
        "mcp-goes-by-no-header",
        "api/mcp/protocol.py",
        "        if _plain(headers.get(header)) != value:",
        "        if _plain(headers.get(header, value)) != value:",
        "A gateway that goes by headers lets through what it should not.",
        ("api/mcp/test_protocol.py::TestStateless::test_headers_say_the_same",),
    ),
    Bug(
        "mcp-ignores-results-per-file",
        "api/mcp/tools.py",
        "per_file=body.max_results_per_file",
        "per_file=None",
        "One long file takes all results of a search through MCP.",
        ("clients/test_mcp.py::test_results_of_one_file",),
    ),
    Bug(
        "page-with-markup",
        "api/viewer_page.py",
        "    text = escape(run.text)",
        "    text = run.text",
        "A document runs its markup in the browser of whoever opens a link to it.",
        ("api/test_viewer.py::TestPage::test_holds_no_markup_of_the_file",),
    ),
)
