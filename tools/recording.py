"""Records the terminal session of README.md as a picture: `python -m tools.recording`, which `./dev recording` runs.

Each command is a real one on a real server, in a terminal of its own (a pty), so its colours and tables are there.
`pyte` plays what it wrote, because progress is drawn over itself; `rich` makes the picture.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from itertools import groupby
from pathlib import Path

import pyte  # type: ignore[import-not-found,unused-ignore]  # ./dev brings it for this alone
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "terminal.svg"
PROGRAM = Path(sys.executable).with_name("vectorlog")
COLUMNS, LINES = 104, 60

POLICY = """# Travel policy

## Hotels

A night costs at most 140 euros, breakfast included. In Zürich and Geneva the limit is 210 euros.

## Reimbursement

Send receipts within 30 days. Expenses above 500 euros need the approval of your manager.
"""
GUIDE = """# Pumps

## Maintenance

The pump of the boiler is checked twice a year, in April and in October. A pump that hums has air in it: open the valve
for three seconds.
"""
FILES: Mapping[str, bytes] = {
    "travel-policy.md": POLICY.encode(),
    "guides/pumps.md": GUIDE.encode(),
    "guides/minutes-2024.txt": b"The board met on 3 March and moved the office to the harbour.\n",
    "damaged.pdf": b"%PDF-1.7\nThis file was cut off on its way",
}
CHANGED = POLICY.replace("210 euros", "225 euros")


def main() -> int:
    """Records, and writes the picture."""
    shown = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
    with tempfile.TemporaryDirectory(prefix="vectorlog-recording-") as folder:
        handbook = Path(folder) / "handbook"
        for name, content in FILES.items():
            (handbook / name).parent.mkdir(parents=True, exist_ok=True)
            (handbook / name).write_bytes(content)
        serve = [PROGRAM, "serve", "--port", "0", "--data", str(Path(folder) / "data")]
        with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            try:
                assert server.stdout is not None
                url = server.stdout.readline().split()[-1]
                _wait_until_warm(url)
                _session(shown, Path(folder), handbook, url)
            finally:
                server.terminate()
    svg = shown.export_svg(title="vectorlog", theme=MONOKAI, unique_id="vectorlog")
    svg = re.sub(r"<!--.*?-->|@font-face \{.*?\}", "", svg, flags=re.DOTALL)  # nothing is loaded from elsewhere
    PICTURE.write_text("\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n")
    return 0


def _wait_until_warm(url: str) -> None:
    """Waits until the model is loaded, so that the first search is as fast as every other."""
    for _ in range(2):
        subprocess.run([PROGRAM, "doctor", "--url", url], stdout=subprocess.DEVNULL, check=False)
        time.sleep(2)


def _session(shown: Console, folder: Path, handbook: Path, url: str) -> None:
    def say(command: str) -> None:
        shown.print(Text.assemble(("$ ", "green"), (command, "bold")))

    def run(command: str, *arguments: str) -> None:
        say(f"vectorlog {command}")
        for line in _screen([str(PROGRAM), *arguments], folder, url):
            shown.print(line, no_wrap=True, crop=True)
        shown.print()

    query = "hotel limit in Zürich"
    run("ingest handbook --store handbook", "ingest", "handbook", "--store", "handbook")
    run(f"search handbook '{query}' --limit 1", "search", "handbook", query, "--limit", "1")
    (handbook / "damaged.pdf").unlink()
    say("rm handbook/damaged.pdf")
    run("sync handbook --store mirror", "sync", "handbook", "--store", "mirror")
    (handbook / "travel-policy.md").write_text(CHANGED)
    say("sed -i 's/210 euros/225 euros/' handbook/travel-policy.md")
    run("sync handbook --store mirror --dry-run", "sync", "handbook", "--store", "mirror", "--dry-run")
    run("sync handbook --store mirror", "sync", "handbook", "--store", "mirror")
    run(f"search mirror '{query}' --limit 1", "search", "mirror", query, "--limit", "1")


def _screen(command: list[str], folder: Path, url: str) -> list[Text]:
    """Runs a command in a terminal; returns the lines that are seen at its end."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    names = {"COLUMNS": str(COLUMNS), "LINES": str(LINES), "TERM": "xterm-256color", "VECTORLOG_URL": url}
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execve(command[0], command, {**os.environ, **names})
    with suppress(OSError):  # Linux's way to say that the other end was closed
        while data := os.read(terminal, 65536):
            stream.feed(data)
    os.waitpid(child, 0)
    os.close(terminal)
    lines = [_line(screen.buffer[row]) for row in range(LINES)]
    while lines and not lines[-1].plain.strip():
        lines.pop()
    return lines


def _line(row: Mapping[int, pyte.screens.Char]) -> Text:
    """Returns a row of the screen with its styles."""
    text = Text()
    for style, chars in groupby((row[column] for column in range(COLUMNS)), _style):
        text.append("".join(char.data for char in chars), style)
    text.rstrip()
    return text


def _style(char: pyte.screens.Char) -> Style:
    """Returns a character's style; pyte has its own names of colours."""
    colour: str | None = char.fg.replace("brown", "yellow").replace("bright", "bright_")
    if colour == "default":
        colour = None
    elif colour and len(colour) == 6 and set(colour) <= set("0123456789abcdef"):
        colour = f"#{colour}"
    return Style(color=colour, bold=char.bold, italic=char.italics, underline=char.underscore)


if __name__ == "__main__":
    sys.exit(main())
