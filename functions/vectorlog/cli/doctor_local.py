"""What `vectorlog doctor` checks on this machine: the data folder, its disk, and the embedding model."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vectorlog.cli import shown
from vectorlog.client.health import Check
from vectorlog.client.server import Refused, Server
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.embedding.offers import OPENAI
from vectorlog.runtime.local.data_folder import DataFolder, NoDataFolder, UnknownFormat
from vectorlog.runtime.local.process_limits import OTHER_FILES

_ROOMY = 4
"""Below this many times the reserve the disk is told to be nearly full."""


def folder_checks(data: Path, reserve_mb: int) -> Iterator[Check]:
    """Yields what is found of a data folder, its disk, and the limits of processes; nothing is changed."""
    try:
        folder = DataFolder(data, must_exist=True)
    except NoDataFolder:
        yield Check("folder", "warning", f"there is no data in {data} yet", "The first start makes it, or give --data.")
        data = next(each for each in (data, *data.parents) if each.exists())
    except UnknownFormat as error:
        yield Check("folder", "problem", str(error), "Start it with the version that made it.")
        return
    except (OSError, ValueError, KeyError) as error:
        yield Check("folder", "problem", f"{data} cannot be read: {error}", "Is it yours? See its owner and rights.")
        return
    else:
        yield _rights(folder)
        yield _in_use(folder)
    yield _disk(data, reserve_mb << 20)
    yield _open_files()


def model_checks(settings: Mapping[str, Any]) -> Iterator[Check]:
    """Yields whether the model of these settings embeds; for when no server runs that could say it."""
    if settings["embedding"] == "openai":
        yield _endpoint(settings)
        return
    from vectorlog.embedding.onnx import E5, GRANITE, LocalEmbedder

    model = E5 if settings["embedding_model"] == E5.name else GRANITE
    try:
        [[vector]] = LocalEmbedder(1, model=model).documents(["Is the model there?"])
    except (EmbeddingError, ImportError) as error:
        yield Check("model", "problem", f"{model.name} cannot be loaded: {error}", "Install vectorlog again.")
        return
    yield Check("model", "ok", f"{model.name} embeds ({len(vector)} dimensions)")


def _rights(folder: DataFolder) -> Check:
    missing = [each for each in (folder.path, folder.log) if each.exists() and not os.access(each, os.R_OK | os.W_OK)]
    if missing:
        said = f"{missing[0]} cannot be read and written by this user"
        return Check("folder", "problem", said, f"Run as the user who owns it: {folder.path.owner()}.")
    if folder.path.stat().st_mode & 0o077:
        said = f"other users can look into {folder.path}"
        return Check("folder", "warning", said, f"chmod 700 {folder.path}; the next start does it too.")
    return Check("folder", "ok", f"{folder.path}, {shown.size(_bytes(folder.path))}")


def _in_use(folder: DataFolder) -> Check:
    remedy = f"vectorlog serve --data {folder.path}"
    try:
        with (folder.path / "lock").open() as held:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return Check("process", "warning", "no server has opened the folder yet", remedy)
    except BlockingIOError:
        return Check("process", "ok", "a server has the folder open")
    except OSError as error:
        return Check("process", "warning", f"the folder's lock cannot be read: {error.strerror}")
    return Check("process", "warning", "no server has the folder open", remedy)


def _disk(path: Path, reserve: int) -> Check:
    usage = shutil.disk_usage(path)
    kept = min(reserve, usage.total // 4)
    said = f"{shown.size(usage.free)} are free of {shown.size(usage.total)}"
    if usage.free <= kept:
        remedy = "Delete something, or make the disk larger: uploads are refused, and searches and deletes work."
        return Check("disk", "problem", f"{said}, and {shown.size(kept)} are reserved for deletes", remedy)
    if usage.free < _ROOMY * kept:
        return Check("disk", "warning", said, f"It is full for uploads at {shown.size(kept)}. Make room soon.")
    return Check("disk", "ok", said)


def _open_files() -> Check:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard not in (resource.RLIM_INFINITY, -1) and hard < 2 * OTHER_FILES:
        return Check("limits", "warning", f"a process may open {hard} files", "Raise the limit with `ulimit -n`.")
    return Check("limits", "ok", "processes may open enough files")


def _endpoint(settings: Mapping[str, Any]) -> Check:
    url = settings["embedding_base_url"]
    model = settings["embedding_model"] or next(iter(OPENAI))
    try:
        key_file = settings["embedding_api_key_file"]
        key = Path(key_file).read_text().strip() if key_file else settings["embedding_api_key"]
        server = Server(url, key, patience=3)
        vector = server.post("/embeddings", {"model": model, "input": "Is the model there?"})["data"][0]["embedding"]
    except OSError as error:
        return Check("endpoint", "problem", f"{key_file}: {error.strerror}", "Name a file that this user can read.")
    except Refused as error:
        remedy = "Check VECTORLOG_EMBEDDING_BASE_URL, its key and VECTORLOG_EMBEDDING_MODEL."
        return Check("endpoint", "problem", f"{model} at {url}: {error}", remedy)
    except (KeyError, IndexError, TypeError):
        return Check("endpoint", "problem", f"{url} answers, but with no vector", "Is it an endpoint of embeddings?")
    return Check("endpoint", "ok", f"{model} at {url} embeds ({len(vector)} dimensions)")


def _bytes(folder: Path) -> int:
    """The bytes of the files directly in the folder, which are nearly all: databases. Blobs are counted by usage."""
    return sum(each.stat().st_size for each in folder.iterdir() if each.is_file() and each.name != "ballast")
