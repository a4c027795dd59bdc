"""One node of OpenSearch 3.5.0 with the k-NN plugin, the one 3.x version for which Maven Central has both. It has
Lucene's engine only.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from local_aws.fetch import FetchError, fetch
from local_aws.java import find_java
from local_aws.process import HOST, free_port, running, temporary

HEAP = "512m"
MODULES = frozenset(
    {
        "analysis-common",
        "lang-expression",
        "lang-painless",
        "mapper-extras",
        "reindex",
        "search-pipeline-common",
        "transport-grpc",  # the plugin depends on it
        "transport-netty4",
    }
)
"""The modules that an index with text and vectors needs: 99 MB on disk instead of 236."""

_LOGGING = """status = error
appender.c.type = Console
appender.c.name = c
appender.c.layout.type = PatternLayout
appender.c.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%n
rootLogger.level = info
rootLogger.appenderRef.c.ref = c
"""


@contextmanager
def opensearch() -> Iterator[str]:
    """Runs the node, and gives its URL. Its data is in a temporary folder that is removed at the end."""
    java, home = find_java(), installed()
    with temporary("opensearch") as made:
        folder = Path(made)

        def command(port: int) -> Sequence[str | Path]:
            _configure(folder, port)
            return java, *_options(home, folder), "org.opensearch.bootstrap.OpenSearch"

        with running("opensearch", command, folder, ready="/_cluster/health?wait_for_status=yellow&timeout=5s") as url:
            yield url


def installed() -> Path:
    """The folder of the node and its plugin; downloads them the first time."""
    return fetch("opensearch", _unpack, stamp="".join(sorted(MODULES)).encode())


def _options(home: Path, folder: Path) -> Sequence[str]:
    # The Java agent is left out: with it a start takes four times as long. Its bootstrap jar is still named, because
    # the node's classes are checked against it.
    agent = next((home / "agent").glob("opensearch-agent-bootstrap-*.jar"))
    return (
        *(f"-Xms{HEAP}", f"-Xmx{HEAP}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
        "-Djna.nounpack=true",  # without JNA the node does not refuse to run as root
        f"-Djava.io.tmpdir={folder}",
        *(
            "-Dlog4j2.disable.jmx=true",
            "-Dfile.encoding=UTF-8",
            "-Dio.netty.noUnsafe=true",
            "--enable-native-access=ALL-UNNAMED",
        ),
        *(f"-Dopensearch.path.home={home}", f"-Dopensearch.path.conf={folder / 'config'}"),
        *("-cp", f"{home}/lib/*:{agent}"),
    )


def _configure(folder: Path, port: int) -> None:
    settings = {
        "cluster.name": "local",
        "node.name": "local-1",
        "path.data": str(folder / "data"),
        "path.logs": str(folder / "logs"),
        "network.host": HOST,
        "http.port": port,
        "transport.port": free_port(),
        "discovery.type": "single-node",
        # Otherwise a disk that is nearly full makes every index read-only.
        "cluster.routing.allocation.disk.threshold_enabled": False,
        "cluster.max_shards_per_node": 4000,
        "bootstrap.system_call_filter": False,
        "action.auto_create_index": False,
    }
    config = folder / "config"
    config.mkdir(exist_ok=True)
    (config / "opensearch.yml").write_text(
        "".join(f"{name}: {json.dumps(value)}\n" for name, value in settings.items())
    )
    (config / "log4j2.properties").write_text(_LOGGING)


def _unpack(folder: Path) -> None:
    node, plugin = (next(folder.glob(f"{name}-[0-9]*.zip")) for name in ("opensearch", "opensearch-knn"))
    with zipfile.ZipFile(node) as archive:
        for item in archive.infolist():
            _, _, item.filename = item.filename.partition("/")  # without the folder that contains everything
            if _wanted(item.filename):
                archive.extract(item, folder)
    with zipfile.ZipFile(plugin) as archive:
        archive.extractall(folder / "plugins" / "opensearch-knn")
    _without_thai_check(next((folder / "lib").glob("lucene-analysis-common-*.jar")))
    node.unlink()
    plugin.unlink()


def _wanted(path: str) -> bool:
    match path.split("/"):
        case ["lib" | "agent", name] if name:
            return True
        case ["modules", module, name] if name:
            return module in MODULES
    return False


def _without_thai_check(jar: Path) -> None:
    """Lets Lucene's ThaiTokenizer be created on a Java without Thai locale data, such as the Java from a wheel, by
    changing `getstatic DBBI_AVAILABLE` to `iconst_1`. Otherwise every index creation fails with a 500. Nothing here
    tokenizes Thai.
    """
    check, passed = bytes.fromhex("b200349a000d"), bytes.fromhex("0400009a000d")
    patched = jar.with_suffix(".patched")
    with zipfile.ZipFile(jar) as old, zipfile.ZipFile(patched, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename == "org/apache/lucene/analysis/th/ThaiTokenizer.class":
                if content.count(check) != 1:
                    raise FetchError(
                        f"{jar.name} has another ThaiTokenizer than the one that this patch was written for"
                    )
                content = content.replace(check, passed)
            new.writestr(item, content)
    patched.replace(jar)
