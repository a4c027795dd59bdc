"""The Python that has the frameworks, which `./dev test examples` installs."""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PYTHON = Path(os.environ.get("VECTORLOG_EXAMPLES_PYTHON", ROOT / ".cache" / "examples" / "bin" / "python"))
