"""Where the characters of a PDF's page stand."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pypdfium2  # type: ignore[import-untyped]

_STRETCH = 8
"""Characters whose width is looked at together: each look is a call of PDFium, and these are half of the work."""


@cache
def _plain(name: str, *arguments: Any) -> Callable[..., int]:  # noqa: ANN401 (types of ctypes)
    """Returns a function of PDFium that takes plain addresses: the types of pypdfium2 take three times as long as the
    call itself.
    """
    import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

    address = ctypes.cast(getattr(pdfium, name), ctypes.c_void_p).value or 0
    return ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, *arguments)(address)


class PageBoxes:
    """Finds the boxes of a page's characters, by their places in its text."""

    def __init__(self, layer: pypdfium2.PdfTextPage, text: str) -> None:
        import pypdfium2.raw as pdfium

        self._layer = ctypes.cast(layer.raw, ctypes.c_void_p).value
        self._text = text
        self._as_counted = layer.count_chars() == len(text)
        self._index = _plain("FPDFText_GetCharIndexFromTextIndex", ctypes.c_int)
        self._unicode = _plain("FPDFText_GetUnicode", ctypes.c_int)
        self._find = _plain("FPDFText_GetLooseCharBox", ctypes.c_int, ctypes.c_void_p)
        self._box = pdfium.FS_RECTF()
        self._address = ctypes.addressof(self._box)

    def checked(self, place: int) -> tuple[float, float, float, float] | None:
        """Returns a character's left, right, bottom and top; None if PDFium has another character at this place."""
        index = place if self._as_counted else self._at(place)
        if index < 0 or self._unicode(self._layer, index) != ord(self._text[place]):
            return None
        box = self._box
        if not self._find(self._layer, index, self._address):
            return None
        return box.left, box.right, box.bottom, box.top

    def gaps(
        self, first: int, last: int, left: float, right: float, wide: float, narrow: float
    ) -> list[tuple[int, float, float]]:
        """Returns the spaces between `first` and `last` that are wider than `wide`, each with the edges beside it.

        Args:
            first: the place of a line's first character.
            last: of its last one.
            left: where the first one begins.
            right: where the last one does.
            wide: in points, as all lengths.
            narrow: the average width of characters that stand without a gap is not less, but for dots.
        """
        text, find, layer, address, box = self._text, self._find, self._layer, self._address, self._box
        at = None if self._as_counted else self._at
        found: list[tuple[int, float, float]] = []
        space_from, dot = text.find, text.find(".", first, last)  # most stretches have no dot
        while first < last:
            space = space_from(" ", first + _STRETCH, last)
            if space < 0:
                end, edge = last, right
            else:
                end = space + 1
                edge = box.left if find(layer, at(end) if at else end, address) else left
            letters = end - first
            if 0 <= dot < end:
                letters -= text.count(".", first, end)
                dot = text.find(".", end, last)
            if edge - left > wide + narrow * letters:
                found += self._wide(first, end, wide)
            first, left = end, edge
        return found

    def _wide(self, first: int, last: int, wide: float) -> Iterator[tuple[int, float, float]]:
        text, find, layer, address, box = self._text, self._find, self._layer, self._address, self._box
        at = None if self._as_counted else self._at
        space = text.find(" ", first, last)
        while space >= 0:
            index = at(space) if at else space
            if find(layer, index - 1, address):
                right = box.right
                if find(layer, index + 1, address) and box.left - right > wide:
                    yield space, right, box.left
            space = text.find(" ", space + 1, last)

    def _at(self, place: int) -> int:
        """Returns the number of the character at a place of the text, unless all of them are `_as_counted`."""
        return self._index(self._layer, place)
