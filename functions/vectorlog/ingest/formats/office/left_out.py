"""Warnings about what an Office file holds besides text."""

from __future__ import annotations

from collections.abc import Mapping

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.formats.office.package import Package


def tell_left_out(document: DocumentBuilder, counts: Mapping[str, int]) -> None:
    """Adds warnings about things of which `counts` says how many there are."""
    for name, count in counts.items():
        if count:
            document.warn(
                "left_out", f"{count} {name}{'s' if count > 1 else ''} {'are' if count > 1 else 'is'} not read."
            )


def warn_left_out(document: DocumentBuilder, package: Package, counts: Mapping[str, int]) -> None:
    """Does the same, and adds warnings about macros and parts that are damaged."""
    tell_left_out(document, counts)
    if package.macros:
        document.warn("left_out", "The macros are not read.")
    for part in package.damaged:
        document.warn("damaged", "A part of the file is damaged and was left out.", part)
