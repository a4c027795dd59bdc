"""Bytes and artefacts at rest."""
