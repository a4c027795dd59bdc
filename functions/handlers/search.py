"""The search routes, behind API Gateway; a function of its own because of what it carries and may do."""

from __future__ import annotations

from handlers.api import handler

__all__ = ["handler"]
