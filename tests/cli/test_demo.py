"""`vectorlog demo`, as a new user runs it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

PROGRAM = str(Path(sys.executable).with_name("vectorlog"))


@pytest.mark.long
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGHUP])
def test_ends_in_the_console(tmp_path: Path, stop: signal.Signals) -> None:
    """It shows what it found and why one file failed, and then names addresses of a console that answers, until Ctrl-C
    or the end of its terminal; where there is no document, its own README is one. What it leaves behind is nothing.
    """
    command = [PROGRAM, "demo", "--stay"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        try:
            assert demo.stdout is not None
            said = ""
            while "From another terminal" not in said:
                line = demo.stdout.readline()
                assert line, said + (demo.stderr.read() if demo.stderr else "")
                said += line
            said += demo.stdout.readline()
            assert "1 of 2 files are searchable" in said
            assert "One failed, on purpose: The file is damaged" in said
            assert "README.md" in said
            addresses = re.findall(r"http://\S+/console\S*", said)
            assert len(addresses) == 4
            assert b"<title>" in urlopen(addresses[0], timeout=30).read()
            url, folder = addresses[0].removesuffix("/console"), re.findall(r"data is in (\S+)\.", said)[0]
            assert f"--url {url}" in said
            stores = json.load(urlopen(f"{url}/v1/vector_stores", timeout=30))["data"]
            assert [each["name"] for each in stores] == ["demo"]
            assert all(stores[0]["id"] in each for each in addresses[1:])
        finally:
            demo.send_signal(stop)
            try:
                left, _ = demo.communicate(timeout=30)
            finally:
                demo.kill()
    assert demo.returncode == 0
    assert "The server has stopped and its data is deleted." in left
    assert not Path(folder).exists()
