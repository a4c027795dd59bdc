"""The report at the end of `./dev synth`: `python3 -m infra.report cdk.out`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, cast
from zipfile import ZIP_DEFLATED, ZipFile

from infra import synthesized
from infra.assets import MAX_ASSET_BYTES

MAX_RESOURCES = 400
"""Of the 500 that CloudFormation allows in a stack; the rest is reserved for later features."""


def main(folder: Path) -> int:
    """Prints the table. Returns 1 if something is too big."""
    template = synthesized.template(folder)
    resources: Mapping[str, Any] = json.loads(template.read_text())["Resources"]
    sizes = {
        asset: zipped(folder / asset) for asset in sorted({_asset(each) for each in _functions(resources).values()})
    }
    print(f"{'function':14}{'asset':18}{'zipped':>8}{'memory':>10}{'time-out':>10}")
    for each in sorted(_functions(resources).values(), key=lambda found: str(found["Properties"]["Handler"])):
        said = each["Properties"]
        name, asset = said["Handler"].split(".")[1], _asset(each)
        row = f"{name:14}{asset[:17]:18}{sizes[asset] / 1e6:5.1f} MB{said['MemorySize']:7} MB{said['Timeout']:8} s"
        print(row)
    count = len(resources)
    most = ", ".join(
        f"{number} {kind.removeprefix('AWS::')}" for kind, number in Counter(_kinds(resources)).most_common(3)
    )
    print(f"{count} resources of 500 ({most})")
    print(template)
    heavy = [asset for asset, size in sizes.items() if size > MAX_ASSET_BYTES]
    if heavy or count > MAX_RESOURCES:
        print(
            f"too big: the limits are {MAX_RESOURCES} resources and {MAX_ASSET_BYTES / 1e6:.0f} MB per asset",
            file=sys.stderr,
        )
        return 1
    return 0


def zipped(folder: Path) -> int:
    """Size in bytes of a folder as the CDK uploads it: a deflated archive."""
    sink = _Count()
    with ZipFile(cast("IO[bytes]", sink), "w", ZIP_DEFLATED) as archive:
        for each in sorted(folder.rglob("*")):
            if each.is_file():
                archive.write(each, each.relative_to(folder))
    return sink.written


class _Count:
    """A file that counts the bytes written to it and drops them."""

    def __init__(self) -> None:
        self.written = 0

    def write(self, data: bytes, /) -> int:
        """Counts the bytes."""
        self.written += len(data)
        return len(data)

    def flush(self) -> None:
        """Does nothing."""


def _functions(resources: Mapping[str, Any]) -> dict[str, Any]:
    ours = {name: each for name, each in resources.items() if each["Type"] == "AWS::Lambda::Function"}
    return {name: each for name, each in ours.items() if str(each["Properties"]["Handler"]).startswith("handlers.")}


def _asset(function: Mapping[str, Any]) -> str:
    return str(function["Metadata"]["aws:asset:path"])


def _kinds(resources: Mapping[str, Any]) -> list[str]:
    return [each["Type"] for each in resources.values()]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
