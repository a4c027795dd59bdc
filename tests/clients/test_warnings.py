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


def test_text_in_old_encodings_is_told(openai_client: OpenAI, upload: Upload, store: str) -> None:
    """A sign of Windows, and a line beside UTF-8 that is in another encoding, are read as they were written; the file
    says that they were guessed.
    """
    for data, name, said in (
        (b"The boiler is at 20 \xb0C.", "boiler.txt", "20 °C"),
        (b"name,city\nM\xc3\xbcller,K\xc3\xb6ln\nGr\xfcn,M\xfcnchen\n", "names.csv", "Grün,München"),
    ):
        file = upload(data, name)
        row = openai_client.vector_stores.files.create_and_poll(file.id, vector_store_id=store)
        assert row.status == "completed"
        [warning] = row.model_extra["warnings"]  # type: ignore[index]
        assert warning["code"] == "encoding_guessed"
        content = openai_client.vector_stores.files.content(file.id, vector_store_id=store)
        assert said in "".join(part.text or "" for part in content.data)


def test_a_folder_without_messages_is_text_and_one_without_text_fails(
    openai_client: OpenAI, upload: Upload, store: str
) -> None:
    """Never an empty success: what is text is read, and a file of names alone is a failure."""
    text = upload(b"notes without any message", "notes.mbox")
    row = openai_client.vector_stores.files.create_and_poll(text.id, vector_store_id=store)
    assert row.status == "completed"
    blank = upload(b"From a Mon Jan  1 00:00:00 2024\nFrom: \n\n\n", "blank.mbox")
    row = openai_client.vector_stores.files.create_and_poll(blank.id, vector_store_id=store)
    assert row.last_error is not None
    assert row.last_error.message.startswith("No text was found")
