"""The recognizer that runs in this process: RapidOCR, whose models (PP-OCR, Chinese and Latin letters) lie in its
package.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from vectorlog.ingest.ocr import OcrMissing, Picture, Recognized

_MODULE = "rapidocr"
_PARAMETERS = {
    "Global.log_level": "critical",
    "Global.use_cls": False,  # looks for letters that stand upside down, in each line
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,  # a server runs a reader for each core
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}


def check() -> None:
    """Raises OcrMissing unless the library is installed."""
    if find_spec(_MODULE) is None:
        raise OcrMissing(
            "--ocr needs a library that is not installed: run `pip install 'vectorlog[ocr]'`, or start the server with "
            "`./dev serve --ocr`, which installs it."
        )


class RapidOcr:
    """Implements Recognizer. The models are loaded when it is made: 1 s of CPU time, and 1.2 GB of address space.

    Raises:
        OcrMissing: the library is not installed.
    """

    def __init__(self) -> None:
        check()
        from rapidocr import RapidOCR  # type: ignore[import-not-found, unused-ignore]

        self._engine: Any = RapidOCR(params=dict(_PARAMETERS))

    def recognize(self, picture: Picture) -> Sequence[Recognized]:
        """See Recognizer. A page of prose takes 5 to 15 s of CPU time."""
        import numpy

        pixels = numpy.frombuffer(picture.rgb, numpy.uint8).reshape(picture.height, picture.width, 3)
        found = self._engine(numpy.ascontiguousarray(pixels[..., ::-1]))  # it takes blue, green, red
        if found.boxes is None or found.txts is None:
            return []
        return [
            Recognized(
                text,
                float(box[:, 0].min()),
                float(box[:, 1].min()),
                float(box[:, 0].max()),
                float(box[:, 1].max()),
                float(score),
            )
            for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
        ]
