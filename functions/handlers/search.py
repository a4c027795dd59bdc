"""Serves search and MCP, behind API Gateway. It is a separate function because of its libraries and its permissions."""

from __future__ import annotations

from handlers.api import handler

__all__ = ["handler"]
