from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from infra import assets
from infra.assets import GROUPS, MAX_ASSET_BYTES, PLATFORMS, Bundle, BundlingFailed
from infra.report import zipped

pytestmark = pytest.mark.infra

RUNTIME = ("boto3", "botocore", "s3transfer", "dateutil", "six", "jmespath")
"""Libraries of Lambda's runtime, besides urllib3, which the assets carry."""
HERE = "arm64" if os.uname().machine in ("arm64", "aarch64") else "x86_64"
UNCHECKED = (1).to_bytes(4, "little")
"""Flags of a .pyc that is valid whatever its source's time (PEP 552)."""
USES = {
    "api": "from vectorlog.runtime.aws import api, workers; api.resolver(); workers.deliver_queue()",
    "projector": "from vectorlog.runtime.aws import workers; workers.projector()",
    "sweep": "from vectorlog.runtime.aws import workers; workers.projector()",
    "first_key": "from vectorlog.runtime.aws import clients; clients.secrets_manager()",
    "search": (
        "from vectorlog.runtime.aws import models, wiring; wiring.index(); models.models(wiring.environment(), "
        "searching=True)"
    ),
    "work": (
        "from vectorlog.runtime.aws import models, wiring, workers; wiring.index(); workers.work_queue(); "
        "models.models(wiring.environment(), searching=True); from vectorlog.files.s3 import S3Blobs"
    ),
    "erase": "from vectorlog.runtime.aws import workers; workers.erase_queue(); from vectorlog.files.s3 import S3Blobs",
    "deliver": (
        "from vectorlog.runtime.aws import workers; workers.projector(); from vectorlog.reactions.delivery import "
        "Deliverer; from vectorlog.webhooks.https import HttpsSender; from vectorlog.webhooks.eventbridge import "
        "EventBridgeBus"
    ),
    "dead_letters": "from vectorlog.runtime.aws import wiring, workers; wiring.index(); workers.ingester()",
    "index_access": "from vectorlog.index.opensearch.requests import connect; connect('https://a.example')",
    "embed": "from vectorlog.runtime.aws import wiring, workers; wiring.index(); workers.ingester()",
}
"""Modules that a function imports at its first call."""
BUNDLES: dict[str, Bundle] = {
    **dict.fromkeys(("api", "projector", "erase", "deliver", "sweep", "first_key"), "core"),
    **dict.fromkeys(("search", "work", "dead_letters", "index_access"), "index"),
    "embed": "ingest",
}
READS = """
import sys
from pathlib import Path
from vectorlog.ingest.child import read
for path in map(Path, sys.argv[1:]):
    document = read(path, path.name, 800, 400, True)
    assert "fox" in document.text and document.spans, path
"""


@pytest.fixture(scope="module")
def for_here(tmp_path_factory: pytest.TempPathFactory) -> dict[Bundle, Path]:
    """The bundles for this machine and this Python, so that their imports can be tested."""
    made: dict[Bundle, Path] = {bundle: tmp_path_factory.mktemp(bundle) for bundle in GROUPS}
    for bundle, folder in made.items():
        assets.make(folder, bundle, HERE, python=f"3.{sys.version_info.minor}")
    return made


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the libraries of Lambda's runtime."""
    folder = tmp_path_factory.mktemp("runtime")
    for name in RUNTIME:
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        found = Path(spec.origin)
        source = found.parent if found.name == "__init__.py" else found
        (folder / source.name).symlink_to(source)
    return folder


def _run(program: str, *arguments: str, asset: Path, runtime: Path) -> None:
    """Runs in an interpreter that finds only Python, the asset and the runtime's libraries."""
    begin = f"import sys; sys.path[:0] = {[str(asset), str(runtime)]!r}\n"
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "a",
        "LAMBDA_TASK_ROOT": "/var/task",
        "VECTORLOG_MODELS": "bedrock:amazon.titan-embed-text-v2:0,openai:text-embedding-3-small",
        "VECTORLOG_OPENSEARCH_ENDPOINT": "https://index.example",
    }
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", begin + program, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("handler", BUNDLES)
def test_complete(for_here: dict[Bundle, Path], runtime: Path, handler: str) -> None:
    """Every function finds all of its imports in its asset, at its start and at its first use."""
    _run(f"import handlers.{handler}\n{USES[handler]}", asset=for_here[BUNDLES[handler]], runtime=runtime)


def test_reads_files(for_here: dict[Bundle, Path], runtime: Path, tmp_path: Path) -> None:
    """The ingest asset alone can read each format that needs a library."""
    _run(READS, *_samples(tmp_path), asset=for_here["ingest"], runtime=runtime)


def _samples(folder: Path) -> list[str]:
    import docx
    import pptx
    from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]
    from xlsxwriter import Workbook  # type: ignore[import-untyped]

    word = docx.Document()
    word.add_paragraph("a fox")
    word.save(str(folder / "a.docx"))
    slides = pptx.Presentation()
    slides.slides.add_slide(slides.slide_layouts[0]).shapes.title.text = "a fox"
    slides.save(str(folder / "a.pptx"))
    with Workbook(folder / "a.xlsx") as book:
        book.add_worksheet().write(0, 0, "a fox")
    page = Canvas(str(folder / "a.pdf"))
    page.drawString(100, 500, "a fox")
    page.save()
    (folder / "a.html").write_text("<html><body><p>a fox</p></body></html>")
    (folder / "a.rtf").write_text(r"{\rtf1 a fox}")
    (folder / "a.txt").write_bytes("ein fox fährt über Köln nach Düsseldorf".encode("cp1252"))
    return [str(each) for each in sorted(folder.iterdir())]


def test_small(tmp_path: Path) -> None:
    """No deployed asset has more than 30 MB zipped, nor the model that only the local edition runs."""
    for bundle in GROUPS:
        folder = tmp_path / bundle
        folder.mkdir()
        assets.make(folder, bundle, "arm64")
        assert zipped(folder) <= MAX_ASSET_BYTES
        assert not list(folder.rglob("*.onnx"))
        assert not list(folder.glob("boto*"))
        assert not any("x86_64" in each.name for each in folder.rglob("*.so"))


def test_with_traces(for_here: dict[Bundle, Path], runtime: Path, tmp_path: Path) -> None:
    """Functions that make traces carry what sends them, and the largest asset still has its size; others carry none."""
    largest, core = tmp_path / "ingest", tmp_path / "core"
    for folder in (largest, core):
        folder.mkdir()
    assets.make(largest, "ingest", "arm64", traces=True)
    assert zipped(largest) <= MAX_ASSET_BYTES
    assets.make(core, "core", HERE, traces=True, python=f"3.{sys.version_info.minor}")
    made = "from vectorlog.runtime.aws.spans import Spans; Spans('http://127.0.0.1:9')"
    _run(made, asset=core, runtime=runtime)
    assert not any((folder / "opentelemetry").exists() for folder in for_here.values())


def test_same_every_time(tmp_path: Path) -> None:
    """The same sources give the same asset, so a deploy changes only functions whose code changed."""
    made = [tmp_path / name for name in ("first", "second")]
    for folder in made:
        folder.mkdir()
        assets.make(folder, "index", "arm64", python=f"3.{sys.version_info.minor}")
    assert _content(made[0]) == _content(made[1])


def _content(folder: Path) -> dict[str, str]:
    files = (each for each in folder.rglob("*") if each.is_file())
    return {
        str(each.relative_to(folder)): f"{each.stat().st_mode:o} {hashlib.sha256(each.read_bytes()).hexdigest()}"
        for each in files
    }


def test_compiled(for_here: dict[Bundle, Path]) -> None:
    """Functions that requests wait for are not compiled at a cold start, although their folder is read-only."""
    compiled = list((for_here["core"] / "vectorlog" / "api" / "__pycache__").glob("routes.*.pyc"))
    assert len(compiled) == 1
    assert compiled[0].read_bytes()[4:8] == UNCHECKED


def test_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If uv cannot build an asset, its message is the error."""
    monkeypatch.setitem(PLATFORMS, "arm64", "aarch64-unheard-of")
    with pytest.raises(BundlingFailed, match="unheard-of"):
        assets.make(tmp_path, "core", "arm64")
