"""Checks the output of `./dev synth` with tools in separate environments: `python3 -m infra.lint cdk.out`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from infra import synthesized

HERE = Path(__file__).parent
CFN_LINT = "cfn-lint==1.58.0"
CHECKOV = "checkov==3.3.30"
"""It cannot share an environment with boto3 1.44: their requirements conflict."""
REPORTS = "lint"
"""A folder beside the templates, with a report of each tool."""
TIMEOUT_S = 600


def main(folder: Path) -> int:
    """Prints the findings of each tool. Returns 1 if one found something or could not run."""
    try:
        template = synthesized.template(folder)
    except FileNotFoundError:
        print(f"There is no template in {folder}. Make one: ./dev synth", file=sys.stderr)
        return 1
    print(template)
    reports = folder / REPORTS
    reports.mkdir(exist_ok=True)
    commands = {
        CFN_LINT: ["cfn-lint", "--config-file", str(HERE / "cfn-lint.yaml"), str(template)],
        CHECKOV: ["checkov", "--config-file", str(HERE / "checkov.yaml"), "--file", str(template)],
    }
    found = [nag(folder / "validation-report.json")] + [
        _run(package, command, reports) for package, command in commands.items()
    ]
    print("every rule is kept, or broken with an accepted reason" if not any(found) else "a rule is broken; see above")
    return int(any(found))


def nag(report: Path) -> bool:
    """Whether cdk-nag found something when the stack was synthesized. Prints how many findings are accepted."""
    if not report.exists():
        print(f"── cdk-nag: there is no {report}. Make it: ./dev synth")
        return True
    packs = json.loads(report.read_text())["pluginReports"]
    broken, accepted = list(_findings(packs, "violations")), list(_findings(packs, "suppressedViolations"))
    names = ", ".join(pack["pluginName"] for pack in packs)
    print(
        f"── cdk-nag ({names}): {len(broken)} findings; {len(accepted)} accepted for "
        f"{len({rule for rule, _ in accepted})} rules"
    )
    for rule, path in broken:
        print(f"{rule}: {path}")
    return bool(broken)


def _findings(packs: list[Mapping[str, Any]], sort: str) -> Iterator[tuple[str, str]]:
    for pack in packs:
        for each in pack.get(sort, ()):
            for construct in each["violatingConstructs"]:
                yield each["ruleName"], construct["constructPath"]


def _run(package: str, command: list[str], reports: Path) -> bool:
    """Whether a tool found something. Its output is printed and kept as a report."""
    print(f"── {package}", flush=True)
    started = time.monotonic()
    uv = os.environ.get("UV") or shutil.which("uv") or str(HERE.parent / ".cache" / "uv-0.13.8")
    done = subprocess.run(
        [uv, "tool", "run", "--quiet", "--from", package, *command],
        env={**os.environ, "UV_PYTHON_DOWNLOADS": "never", "LOG_LEVEL": "ERROR"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    (reports / f"{command[0]}.txt").write_text(done.stdout)
    print(f"{done.stdout.rstrip() or 'no findings'} ({time.monotonic() - started:.0f} s)")
    return done.returncode != 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
