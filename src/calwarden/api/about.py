"""``/openapi.json`` and ``/docs``: what there is, from the route table. Both are public (ruling 22)."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from typing import Final

from starlette.responses import HTMLResponse, Response

from calwarden.api.context import Api
from calwarden.api.errors import CLIENT_FAULTS, FAULTS
from calwarden.httpkit import Auth, Call, Operation, document, json_answer
from calwarden.httpkit.shapes import Schema

_STYLE: Final = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #999}"
    "td:first-child{white-space:nowrap}"
)
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_PROOFS: Final = {Auth.TOKEN: "access token", Auth.CLIENT: "client credentials", Auth.NONE: "none"}


def about(operations: Sequence[Operation[Api]], server: str) -> tuple[Operation[Api], ...]:
    """The two operations that show ``operations``; made once, since nothing in them depends on who asks."""
    machine = _openapi(operations, server)
    page = _page(operations)

    async def openapi(api: Api, call: Call) -> Response:
        del api, call
        return json_answer(machine)

    async def docs(api: Api, call: Call) -> Response:
        del api, call
        return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"})

    return (
        Operation("readOpenapi", "GET", "/openapi.json", Auth.NONE, "This description", openapi, {200: None}),
        Operation("readDocs", "GET", "/docs", Auth.NONE, "The same for people", docs, {200: None}),
    )


def _openapi(operations: Sequence[Operation[Api]], server: str) -> Schema:
    return document(
        operations,
        FAULTS,
        title="calwarden",
        version="v1",
        server=server,
        client_faults=CLIENT_FAULTS,
    )


def _page(operations: Sequence[Operation[Api]]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(one.method)} {escape(one.path)}</code></td><td>{escape(one.summary)}</td>"
        f"<td>{_PROOFS[one.auth]}</td><td>{', '.join(map(str, one.statuses))}</td></tr>"
        for one in operations
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>API</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><main><h1>API</h1>'
        '<p>Parameters, bodies and answers: <a href="/openapi.json">/openapi.json</a>.</p>'
        "<table><thead><tr><th>operation</th><th>what it does</th><th>proof</th><th>statuses</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></main></body></html>"
    )
