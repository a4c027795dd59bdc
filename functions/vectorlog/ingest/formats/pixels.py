"""Makes an image of any kind a small one in plain colours, with little more memory than the image itself takes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
"""How many bytes Pillow keeps of a pixel; in all other modes, 4 (Pillow's Storage.c)."""
_BAND_PIXELS = 1_000_000
"""About how many pixels are made plain at once."""


def prepare(image: Image.Image, most: int) -> int:
    """Has an image of more than `most` pixels unpacked with fewer, if its decoder can do that, as that of JPEG can.

    Returns:
        About how many bytes of memory it will take, with what its decoder takes beside it.
    """
    beside = 0
    if image.format in ("JPEG", "MPO") and "progressive" in image.info:
        beside = 6  # libjpeg keeps the coefficients of the whole image: 2 bytes for each of three colours
    elif image.format == "WEBP":
        beside = 12  # measured; libwebp has two canvases, and Pillow copies one of them
    count = image.width * image.height
    if count > most:
        share = math.sqrt(most / count)
        image.draft("RGB", (int(image.width * share), int(image.height * share)))
    return beside * count + _BYTES.get(image.mode, 4) * image.width * image.height


def plain(image: Image.Image, most: int) -> Image.Image:
    """Returns an image of up to `most` pixels, in RGB: what is transparent is white."""
    from PIL import Image

    count = image.width * image.height
    factor = max(1, int(math.sqrt(count / most)))
    if count <= most:
        return _over_white(image)
    rows = max(1, _BAND_PIXELS // (image.width * factor)) * factor
    smaller = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(top + rows, image.height)))
        band.info = image.info  # which colour is transparent
        smaller.paste(_over_white(band).reduce(factor), (0, top // factor))
    share = min(1.0, math.sqrt(most / (smaller.width * smaller.height)))
    return smaller.resize((max(1, int(smaller.width * share)), max(1, int(smaller.height * share))))


def _over_white(image: Image.Image) -> Image.Image:
    from PIL import Image

    if image.mode.startswith("I;16"):  # Pillow would make all but the darkest of its greys white
        return image.convert("I").point(lambda grey: grey * (1 / 256)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA")).convert("RGB")
