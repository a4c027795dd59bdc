"""What the operations of an OpenAPI document take and answer, field by field, so that two documents can be compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
LOWER = ("minimum", "minLength", "minItems")
UPPER = ("maximum", "maxLength", "maxItems", "maxProperties")


def shapes(document: Json, operation: Json) -> dict[str, Json]:
    """Returns an operation's query, body and answer: each maps the path of a field to its shape."""
    return _Reader(document).operation(operation)


@dataclass(frozen=True, slots=True)
class _Reader:
    document: Json

    def operation(self, operation: Json) -> dict[str, Json]:
        query: Json = {}
        for each in map(self._resolved, operation.get("parameters", ())):
            if each["in"] == "query":
                self._note(query, each["name"], each["schema"], required=bool(each.get("required")))
        body = self._resolved(operation.get("requestBody", {}))
        answer = self._resolved(operation["responses"]["200"])
        return {"query": query, "body": self._content(body), "answer": self._content(answer)}

    def _content(self, holder: Json) -> Json:
        fields: Json = {}
        for kind, content in holder.get("content", {}).items():
            if kind in ("application/json", "multipart/form-data") and "schema" in content:
                self._collect(fields, content["schema"], "", ())
        return fields

    def _collect(self, fields: Json, schema: Json, path: str, seen: tuple[str, ...]) -> None:
        """Notes the fields below a schema, with their paths; a schema within itself is left out."""
        for each, within in self._alternatives(schema, seen):
            for name, field in each.get("properties", {}).items():
                here = f"{path}.{name}" if path else name
                self._note(fields, here, field, required=name in each.get("required", ()))
                self._collect(fields, field, here, within)
            if isinstance(each.get("items"), dict):
                self._collect(fields, each["items"], f"{path}[]", within)

    def _note(self, fields: Json, path: str, schema: Json, *, required: bool) -> None:
        """Adds what a field may be to what it may be in other alternatives."""
        shape = fields.setdefault(path, {"required": required, "types": [], "values": [], "limits": {}})
        types, values = set(shape["types"]), set(shape["values"])
        for each, _ in self._alternatives(schema, ()):
            kind = each.get("type")
            types |= {kind} if isinstance(kind, str) else set(kind or ())
            types |= ({"object"} if "properties" in each else set()) | ({"null"} if each.get("nullable") else set())
            values |= {str(value) for value in [*each.get("enum", ()), each.get("const")] if value is not None}
            shape["limits"] |= {name: each[name] for name in (*LOWER, *UPPER) if name in each}
        shape["required"] = shape["required"] and required
        shape["types"], shape["values"] = sorted(types), sorted(values)

    def _alternatives(self, schema: Json, seen: tuple[str, ...]) -> Iterator[tuple[Json, tuple[str, ...]]]:
        """Yields the schemas any of which a value may match, with the references that lead to each. What `allOf` joins
        counts as one each.
        """
        if schema.get("$ref") in seen:
            return
        if "$ref" in schema:
            seen = (*seen, schema["$ref"])
        schema = self._resolved(schema)
        parts = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
        if {"type", "properties", "enum", "const"} & schema.keys() or not parts:
            yield schema, seen
        for each in parts:
            yield from self._alternatives(each, seen)

    def _resolved(self, value: Json) -> Json:
        while "$ref" in value:
            found: Any = self.document
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/")]
            value = found
        return value


def differences(theirs: Mapping[str, Json], ours: Mapping[str, Json]) -> set[str]:
    """Returns how our operations differ from theirs, one line for each field of a resource.

    A body or query that accepts more, and an answer that promises more, differ only in their fields.
    """
    lines = {f"{name} | not offered" for name in theirs.keys() - ours.keys()}
    lines |= {f"{name} | only ours" for name in ours.keys() - theirs.keys()}
    for name in theirs.keys() & ours.keys():
        resource = re.sub(r"/\{\w+\}", "", name.partition(" ")[2])
        for part in ("query", "body", "answer"):
            there, here = theirs[name][part], ours[name][part]
            within = {f"{field}{below}" for field in there.keys() ^ here.keys() for below in (".", "[]")}
            for field in there.keys() | here.keys():
                if field.startswith(tuple(within)):
                    continue
                lines |= {
                    f"{resource} | {part} | {field} | {said}"
                    for said in _of_field(there.get(field), here.get(field), answered=part == "answer")
                }
    return lines


def _of_field(theirs: Json | None, ours: Json | None, *, answered: bool) -> Iterator[str]:
    if theirs is None or ours is None:
        yield "only ours" if theirs is None else "only theirs"
        return
    wide, narrow, who = (theirs, ours, "theirs") if answered else (ours, theirs, "ours")
    for what in ("types", "values"):
        beyond = sorted(set(narrow[what]) - set(wide[what])) if wide[what] else []
        if beyond and narrow[what]:
            yield f"{', '.join(beyond)} not in {who}"
    if answered and theirs["required"] and not ours["required"]:
        yield "not always there"
    if not answered and ours["required"] and not theirs["required"]:
        yield "required"
    for name, limit in wide["limits"].items():
        other = narrow["limits"].get(name)
        if not answered and (other is None or (limit > other if name in LOWER else limit < other)):
            yield f"{name} {limit:,}, theirs {'none' if other is None else f'{other:,}'}"
