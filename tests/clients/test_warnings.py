"""Warnings: what a completed file lacks is told, in both dialects."""

from __future__ import annotations

import io
from typing import Any

import httpx
from meetkai_mka1 import SDK
from openai import OpenAI
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from tests.clients.conftest import Attached, Upload


def _pdf(*pages: str) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out)
    for page in pages:
        if page:
            canvas.drawString(72, 720, page)
        else:
            canvas.rect(72, 72, 300, 300, fill=1)  # as a scan: something is drawn, and no text
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def test_a_page_without_text_is_told(
    openai_client: OpenAI, mka1_client: SDK, raw: httpx.Client, upload: Upload, store: str, me: dict[str, Any]
) -> None:
    """A PDF with a scanned page completes, and says which page it is: alone, in lists, in its batch, in both
    dialects.
    """
    file = upload(_pdf("Anvils are forged.", "", "The end."), "anvils.pdf")
    row = openai_client.vector_stores.files.create_and_poll(file.id, vector_store_id=store)
    assert row.status == "completed"
    [warning] = row.model_extra["warnings"]  # type: ignore[index]
    assert (warning["code"], warning["where"]) == ("pages_without_text", "page 2")
    assert "--ocr" in warning["message"]
    for base in ("/v1", "/api/v1/llm"):
        shown = raw.get(f"{base}/vector_stores/{store}/files/{file.id}").json()
        [listed] = raw.get(f"{base}/vector_stores/{store}/files").json()["data"]
        assert shown["warnings"] == listed["warnings"] == [warning]
    read = mka1_client.llm.vector_stores.get_file(vector_store_id=store, file_id=file.id, **me)
    assert read.status == "completed"


def test_no_warnings_are_an_empty_list(openai_client: OpenAI, attached: Attached, store: str) -> None:
    """A file that was read in full says so; so does one that is read again, and has nothing to tell then."""
    file = attached(store, "Anvils are forged.")
    row = openai_client.vector_stores.files.retrieve(file.id, vector_store_id=store)
    assert row.model_extra["warnings"] == []  # type: ignore[index]
