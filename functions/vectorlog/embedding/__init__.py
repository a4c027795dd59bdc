"""Embedding: turns text into vectors."""
