"""Bugs in what commands for users do: `client/`, `syncing/` and `cli/`."""

from __future__ import annotations

from tests.planted.bug import Bug

BUGS = (
    Bug(
        "sync-takes-all-sources-for-its-own",
        "syncing/reading.py",
        'if stored is not None and stored.attributes["source"] == source:',
        "if stored is not None:",
        "A sync deletes what the sync of another folder made.",
        ("clients/test_cli_sync.py::test_others_files_stay",),
    ),
    Bug(
        "upload-of-a-moved-file-again",
        "syncing/sending.py",
        "if file in taken:",
        'if file == "":',
        "A new file in the place of a moved one with the same content takes its entry in the store.",
        ("clients/test_cli_sync.py::test_others_files_stay",),
    ),
    Bug(
        "stopped-sync-removes",
        "syncing/sync.py",
        "            if self._stop.is_set():  # a file whose name changed may not be searchable yet under the new one\n"
        "                break\n"
        "            if isinstance(action, Remove):\n",
        "            if isinstance(action, Remove):\n",
        "After Ctrl-C a renamed file is found under neither name.",
        ("clients/test_cli_sync.py::test_stopped",),
    ),
    Bug(
        "unreadable-is-deleted",
        "syncing/plan.py",
        "if path not in in_source and not _is_below(path, kept)",
        "if path not in in_source",
        "A folder that may not be read for a moment is deleted from the store.",
        ("syncing/test_plan.py::test_unreadable",),
    ),
    Bug(
        "changed-while-read",
        "client/uploads.py",
        "if hashlib.sha256(data).hexdigest() != sha256:",
        "if len(data) != size:",
        "A file that changed while it was read is in the store under the hash of its older content, and stays.",
        ("client/test_server.py::test_changed",),
    ),
    Bug(
        "not-of-greater",
        "client/filter_text.py",
        '_OPPOSITE = {"eq": "ne", "lt": "gte", "gt": "lte", "in": "nin", "and": "or"}',
        '_OPPOSITE = {"eq": "ne", "lt": "gt", "gte": "lte", "in": "nin", "and": "or"}',
        "`not a > 1` leaves out what has 1.",
        ("client/test_filter_text.py::test_not",),
    ),
    Bug(
        "text-is-not-marked",
        "syncing/pulled_file.py",
        'own = {FROM: file, **({AS: "text"} if form == "text" else {})}',
        "own = {FROM: file}",
        "A pulled file that is text alone looks like the original.",
        ("clients/test_cli_pull.py::test_text",),
    ),
    Bug(
        "pull-notes-at-its-end",
        "syncing/pull_map.py",
        r'        self._journal.write(json.dumps(line).encode() + b"\n")',
        "        str(self._journal)",
        "A pull that was killed downloads everything again.",
        ("syncing/test_pull_map.py::test_journal",),
    ),
    Bug(
        "pull-downloads-again",
        "syncing/pull.py",
        "                if self._exists(new):\n",
        "                if not self._exists(new):\n",
        "A file that is in two stores is downloaded for each.",
        ("clients/test_cli_pull.py::test_one_upload_for_two_stores",),
    ),
    Bug(
        "pull-keeps-one-points-page",
        "syncing/pull_points.py",
        "if reason := _differs(key, first, others) or unfit(key, value):",
        "if reason := unfit(key, value):",
        "A document says of all its text that it is on the page of its first point.",
        ("clients/test_cli_pull_points.py::test_chroma",),
    ),
    Bug(
        "pull-mixes-pages",
        "syncing/documents_sqlite.py",
        "ORDER BY page, place, n",
        "ORDER BY n",
        "The pages of a document come in the order in which they were put into the other database.",
        ("syncing/test_points.py::test_documents",),
    ),
)
