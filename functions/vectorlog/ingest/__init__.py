"""Bytes to text, chunks, vectors, artefact and index entry."""
