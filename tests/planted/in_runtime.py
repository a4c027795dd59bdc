"""Bugs in `runtime/local/` and `work/sqlite.py`: what drives the work, and the doors of the server."""

from __future__ import annotations

from tests.planted.bug import Bug

BUGS = (
    Bug(
        "checkpoint-before-the-work",
        "runtime/local/engine.py",
        "            self.projector.handle([entry.commit for entry in page])\n"
        "            self._checkpoint.write(page[-1].position)\n",
        "            self._checkpoint.write(page[-1].position)\n"
        "            self.projector.handle([entry.commit for entry in page])\n",
        "A crash, or a full disk, loses the work of a page of commits: files stay in progress for a day.",
        ("runtime/local/test_engine.py",),
    ),
    Bug(
        "failed-work-is-acknowledged",
        "runtime/local/engine.py",
        "                    self.work.release(each.receipt, redelivery_delay(REDELIVERY_DELAYS_MS, each.receives))\n",
        "                    self.work.acknowledge([each.receipt])\n",
        "Work that failed once is never done: a batch hangs, a deleted file keeps its bytes.",
        ("runtime/local/test_engine.py",),
    ),
    Bug(
        "work-is-acknowledged-first",
        "runtime/local/engine.py",
        "                    self._worker.work(decode(each.body))\n",
        "                    self.work.acknowledge([each.receipt])\n"
        "                    self._worker.work(decode(each.body))\n",
        "Work that a crash interrupts is never done.",
        ("runtime/local/test_engine.py",),
    ),
    Bug(
        "messages-of-the-last-process-stay-lent",
        "runtime/local/engine.py",
        "            lender.queue.recall()",
        "            lender.queue.depth()",
        "After a crash, the files that were being ingested wait for a minute.",
        ("runtime/local/test_engine.py",),
    ),
    Bug(
        "loans-are-not-renewed",
        "runtime/local/lender.py",
        "self.queue.extend(sorted(self._lent), LENT_MS)",
        "self.queue.extend([], LENT_MS)",
        "A file that takes more than a minute is ingested by all workers at once.",
        ("runtime/local/test_engine.py",),
    ),
    Bug(
        "old-receipt-deletes",
        "work/sqlite.py",
        'self._change(receipts, "DELETE FROM messages WHERE id = ? AND receipt = ?")',
        'self._change(receipts, "DELETE FROM messages WHERE id = ? OR receipt = ?")',
        "A worker that was late deletes the messages that another one holds.",
        ("contract/test_queue.py",),
    ),
    Bug(
        "time-off-counts",
        "runtime/local/uptime.py",
        "return max(0, until - since - off)",
        "return max(0, until - since)",
        "A server that was off for a weekend fails every file that waited.",
        ("runtime/local/test_engine.py",),
    ),
    Bug(
        "open-server-serves-pages",
        "runtime/local/web_pages.py",
        "        if is_open():",
        "        if not is_open():",
        "Any web page writes to a local server without keys.",
        ("runtime/local/test_web_pages.py",),
    ),
    Bug(
        "host-that-ends-alike",
        "runtime/local/web_pages.py",
        "name.endswith(each[1:].lower())",
        "name.endswith(each[2:].lower())",
        "A page of a host whose name ends like a trusted one reads a local server.",
        ("runtime/local/test_web_pages.py",),
    ),
    Bug(
        "full-disk-takes-uploads",
        "api/app.py",
        "            if route.grows:\n                self.room(0)\n",
        "",
        "A full disk answers uploads with an internal error.",
        ("api/test_app.py", "runtime/local/test_disk.py", "live/test_full_disk.py"),
    ),
    Bug(
        "taken-space-is-not-counted",
        "runtime/local/disk.py",
        "            self._free -= length",
        "            self._free -= 0",
        "Many uploads at once fill the reserve that deletes need.",
        ("runtime/local/test_disk.py",),
    ),
    Bug(
        "one-connection-too-many",
        "runtime/local/connections.py",
        "if len(of_address) >= self.limits.per_address and",
        "if len(of_address) > self.limits.per_address and",
        "One address holds more connections than the setting says.",
        ("runtime/local/test_protocol.py", "runtime/local/test_http.py"),
    ),
    Bug(
        "stalled-body-is-waited-for",
        "runtime/local/pace.py",
        "self._left_in -= elapsed",
        "self._left_in -= 0",
        "A client that sends nothing holds a connection for ever.",
        ("runtime/local/test_protocol.py",),
    ),
    Bug(
        "key-twice-in-a-body",
        "api/input/json_text.py",
        "    if len(value) < len(pairs):",
        "    if len(value) > len(pairs):",
        "Of a field that is given twice, one is ignored without a word.",
        ("api/input/test_parse.py", "api/input/test_json_size.py"),
    ),
    Bug(
        "anyone-reads-the-data",
        "files/private.py",
        "PRIVATE_FOLDER = 0o700",
        "PRIVATE_FOLDER = 0o755",
        "Other users of the machine list what is in the data folder.",
        ("runtime/local/test_data_folder.py",),
    ),
    Bug(
        "two-servers-on-one-folder",
        "runtime/local/data_folder.py",
        "fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)",
        "Two servers on one folder do the same work twice, and their indexes differ.",
        ("runtime/local/test_data_folder.py", "live/test_conflicts.py"),
    ),
)
