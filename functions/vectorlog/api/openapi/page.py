"""Renders the OpenAPI document as one HTML page, without scripts and without anything from another server."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from html import escape

from vectorlog.api.input.json_text import Json
from vectorlog.api.openapi.schemas import REF

_STYLE = """\
:root{color-scheme:light dark;--line:#8884;--soft:#8882;--blue:#2563eb}
body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:0 auto;padding:1.5rem}
h1{margin:0}h2{margin:2.5rem 0 .5rem;border-bottom:1px solid var(--line)}h3{margin:1.5rem 0 .3rem}
a{color:var(--blue)}code{font:.9em ui-monospace,monospace}
details{border:1px solid var(--line);border-radius:6px;margin:.4rem 0}
summary{cursor:pointer;padding:.45rem .7rem}details>div{padding:0 .9rem .8rem}
summary b{display:inline-block;min-width:4rem;font:600 .8em ui-monospace,monospace}
summary code{margin-right:.8rem}
table{border-collapse:collapse;width:100%;margin:.3rem 0 .8rem}
td,th{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--soft)}
th{font-weight:600}h4{margin:.8rem 0 .1rem}:target{background:var(--soft)}"""


def policy() -> str:
    """Returns the page's Content-Security-Policy: its own style, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def html(document: Json) -> str:
    """Returns the page."""
    info = document["info"]
    parameters = document["components"]["parameters"]
    groups: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            groups.setdefault(operation["tags"][0], []).append(_operation(method, path, operation, parameters))
    return "".join(
        [
            "<!doctype html><html lang=en><meta charset=utf-8>",
            "<meta name=viewport content='width=device-width,initial-scale=1'>",
            f"<title>{escape(info['title'])}</title><style>{_STYLE}</style>",
            f"<h1>{escape(info['title'])}</h1>{_text(info['description'])}",
            "<p>As OpenAPI 3.1: <a href='openapi.json'>both dialects</a>, <a href='v1/openapi.json'>OpenAI's</a>, "
            "<a href='api/v1/llm/openapi.json'>MKA1's</a>.</p>",
            *(f"<h2>{escape(name)}</h2>{''.join(each)}" for name, each in groups.items()),
            "<h2>Objects</h2>",
            *(_object(name, schema) for name, schema in sorted(document["components"]["schemas"].items())),
            "</html>",
        ]
    )


def _operation(method: str, path: str, operation: Json, parameters: Mapping[str, Json]) -> str:
    given = [
        parameters[each["$ref"].rpartition("/")[2]] if "$ref" in each else each for each in operation["parameters"]
    ]
    parts = [_table("Parameters", (_parameter(each) for each in given))]
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<h4>Body</h4><p><code>{escape(kind)}</code> {_type(body['schema'])}</p>")
    parts.append(_table("Answers", (_answer(status, each) for status, each in operation["responses"].items())))
    head = f"<b>{method.upper()}</b><code>{escape(path)}</code>{escape(operation['summary'])}"
    return f"<details><summary>{head}</summary><div>{''.join(parts)}</div></details>"


def _parameter(parameter: Json) -> tuple[str, str, str]:
    name = f"<code>{escape(parameter['name'])}</code>"
    where = f"{_type(parameter['schema'])} in {parameter['in']}{', required' if parameter.get('required') else ''}"
    return name, where, _text(parameter.get("description", ""))


def _answer(status: str, response: Json) -> tuple[str, str, str]:
    schemas = (each["schema"] for each in response.get("content", {}).values() if "schema" in each)
    return f"<code>{status}</code>", " ".join(map(_type, schemas)), _text(response["description"])


def _object(name: str, schema: Json) -> str:
    required = schema.get("required", ())
    fields = (
        (
            f"<code>{escape(field)}</code>",
            _type(each) + (", required" if field in required else ""),
            _text(each.get("description", "")),
        )
        for field, each in schema.get("properties", {}).items()
    )
    return f"<h3 id='{escape(name)}'>{escape(name)}</h3>{_text(schema.get('description', ''))}{_table('', fields)}"


def _table(title: str, rows: Iterable[tuple[str, ...]]) -> str:
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"{f'<h4>{title}</h4>' if title else ''}<table>{lines}</table>" if lines else ""


def _type(schema: Json) -> str:
    """Returns a schema in a few words, with links to the objects that it names."""
    if "$ref" in schema:
        name = escape(str(schema["$ref"]).removeprefix(REF))
        return f"<a href='#{name}'>{name}</a>"
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"])
    if schema.get("type") == "array":
        return f"array of {_type(schema['items'])}{_limits(schema)}"
    return escape(str(schema.get("type", "any value"))) + _limits(schema)


def _limits(schema: Json) -> str:
    least = next((schema[key] for key in ("minimum", "minLength", "minItems") if key in schema), None)
    most = next((schema[key] for key in ("maximum", "maxLength", "maxItems", "maxProperties") if key in schema), None)
    if least is None and most is None:
        return ""
    if most is None:
        return f" (from {least})"
    return f" (up to {most:,})" if least is None else f" ({least:,} to {most:,})"


def _text(text: str) -> str:
    """Returns a description as HTML: `code` is marked."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
