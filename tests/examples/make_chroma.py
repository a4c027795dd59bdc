"""Makes a folder with the real Chroma: `python make_chroma.py FOLDER`. `samples/` of tests/syncing/ was made by it."""

from __future__ import annotations

import sys

import chromadb

DIMENSIONS = 3


def main(folder: str) -> None:
    client = chromadb.PersistentClient(folder, settings=chromadb.Settings(anonymized_telemetry=False))
    manuals = client.create_collection("manuals", metadata={"team": "x"}, embedding_function=None)
    documents = [
        "The pump moves water.",
        "The relief valve opens at 16 bar.",
        "Lights of the harbour.",
        "To be deleted.",
    ]
    manuals.add(
        ids=["a-2", "a-1", "b", "c"],
        documents=documents,
        embeddings=[[float(at), 1.0, 0.5] for at in range(len(documents))],
        metadatas=[
            {"source": "docs/pump.pdf", "page": 2, "lang": "en", "ok": True},
            {"source": "docs/pump.pdf", "page": 1, "lang": "en", "ok": True},
            {"weight": 0.5, "tags": ["x", "y"], "long": "y" * 600},
            {"source": "gone.txt"},
        ],
    )
    manuals.add(ids=["e"], embeddings=[[1.0, 2.0, 3.0]], metadatas=[{"source": "no text"}])
    manuals.delete(ids=["c"])
    manuals.update(ids=["a-2"], documents=["The pump moves cooling water."], embeddings=[[4.0, 1.0, 0.5]])
    client.create_collection("empty", embedding_function=None)


if __name__ == "__main__":
    main(sys.argv[1])
