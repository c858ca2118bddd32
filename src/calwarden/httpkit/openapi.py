"""The OpenAPI 3.1 document, made from the route table."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from calwarden.httpkit.answers import JSON
from calwarden.httpkit.shapes import Items, Schema, schema_of, schema_of_field
from calwarden.httpkit.table import Auth, C, Operation, Place

Faults = Mapping[int, tuple[str, object]]
"""What a status other than success means, and the type of its body; None for an empty one."""

_REF = "#/components/schemas/{name}"
_MEDIA = JSON.partition(";")[0]
_FORM = "application/x-www-form-urlencoded"


def document(
    operations: Sequence[Operation[C]],
    faults: Faults,
    *,
    title: str,
    version: str,
    server: str,
    client_faults: Faults,
) -> Schema:
    """The whole document. ``client_faults`` replace ``faults`` where a client proves itself in the body."""
    bodies = [one for row in operations for one in row.answers.values() if one is not None]
    bodies += [body for _, body in (*faults.values(), *client_faults.values()) if body is not None]
    kinds = list(dict.fromkeys(bodies))
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REF)
    refs = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, Any] = {}
    for row in operations:
        meanings = {**faults, **client_faults} if row.auth is Auth.CLIENT else faults
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row, meanings, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(row: Operation[C], faults: Faults, refs: Mapping[object, Schema]) -> Schema:
    shown: Schema = {
        "operationId": row.name,
        "summary": row.summary,
        "security": [{"token": []}] if row.auth is Auth.TOKEN else [],
        "parameters": [*_path_parameters(row.path), *_query_parameters(row)],
        "responses": {str(status): _response(status, row, faults, refs) for status in row.statuses},
    }
    if row.place is not Place.QUERY:
        shown["requestBody"] = _request_body(row)
    if row.actions:
        shown["x-actions"] = [str(one) for one in row.actions]
    return shown


def _path_parameters(path: str) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def _query_parameters(row: Operation[C]) -> list[Schema]:
    if row.place is Place.BODY:
        return []
    return [
        {
            "name": f"{name}[]" if isinstance(one.shape, Items) else name,
            "in": "query",
            "required": one.required and row.place is Place.QUERY,
            "description": one.doc,
            "schema": one.shape.schema(),
            **({"style": "form", "explode": True} if isinstance(one.shape, Items) else {}),
        }
        for name, one in row.fields.items()
    ]


def _request_body(row: Operation[C]) -> Schema:
    required = row.place is Place.BODY and any(one.required for one in row.fields.values())
    schema = schema_of(row.fields) if row.place is Place.BODY else _optional(row)
    return {"required": required, "content": {_MEDIA: {"schema": schema}, _FORM: {"schema": schema}}}


def _optional(row: Operation[C]) -> Schema:
    return {"type": "object", "properties": {name: schema_of_field(one) for name, one in row.fields.items()}}


def _response(status: int, row: Operation[C], faults: Faults, refs: Mapping[object, Schema]) -> Schema:
    said, body = ("done", row.answers[status]) if status in row.answers else faults[status]
    if status == 202:
        said = "accepted: stored, and done soon"
    shown: Schema = {"description": said}
    if body is not None:
        shown["content"] = {_MEDIA: {"schema": refs[body]}}
    return shown
