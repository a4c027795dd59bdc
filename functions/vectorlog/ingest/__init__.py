"""Ingest: turns a file's bytes into text, chunks, vectors, an artefact and index entries."""
