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
from calwarden.httpkit.answers import JSON
from calwarden.httpkit.shapes import Schema, Stated

_STYLE: Final = (
    ":root{color-scheme:light dark}body{font:1rem/1.55 system-ui,sans-serif;max-width:52rem;margin:2rem auto;"
    "padding:0 1.25rem;overflow-wrap:anywhere}h1{font-size:1.6rem}h2{font-size:1.05rem;margin:0 0 .25rem}"
    "section{border-top:1px solid #8888;padding:1rem 0}p{margin:.25rem 0}"
    "dl{display:grid;grid-template-columns:minmax(8rem,14rem) 1fr;gap:.2rem 1rem;margin:.5rem 0 0}"
    "dt{font-family:ui-monospace,monospace;font-size:.9rem}dd{margin:0}code{font-size:.95rem}"
    "@media(max-width:34rem){dl{display:block}dd{margin:0 0 .5rem}}"
)
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_BEGINNING: Final = (
    "<section><h2><code>GET /oauth/authorize</code></h2><p>Where an application sends a person's browser, to be asked."
    "</p><p>The browser comes back to redirect_uri with a code, or an error, and the state. What the code is exchanged "
    "for goes with every call: <code>Authorization: Bearer</code> and the access token.</p><dl>"
    "<dt>response_type</dt><dd>code; required</dd><dt>client_id</dt><dd>who is asking; required</dd>"
    "<dt>redirect_uri</dt><dd>a registered one; required</dd>"
    "<dt>scope</dt><dd>what is asked for, with blanks between; required</dd>"
    "<dt>state</dt><dd>comes back as it was sent</dd>"
    "<dt>code_challenge</dt><dd>for PKCE (S256); required of public applications</dd>"
    "<dt>code_challenge_method</dt><dd>S256</dd></dl></section>"
)
"""A page for browsers, and no operation of the route table."""
_PROOFS: Final = {Auth.TOKEN: "access token", Auth.CLIENT: "client credentials", Auth.NONE: "none"}


def about(operations: Sequence[Operation[Api]], server: str) -> tuple[Operation[Api], ...]:
    """The two operations that show ``operations``; made once, since nothing in them depends on who asks."""
    machine = json_answer(_openapi(operations, server)).body
    page = _page(operations)

    async def openapi(api: Api, call: Call) -> Response:
        del api, call
        return Response(machine, media_type=JSON)

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
    sections = "".join(map(_section, operations))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>API of this calendar server</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body><main><h1>API</h1>'
        '<p>The same for programs, with every type: <a href="/openapi.json">/openapi.json</a>. JSON or a form, as you '
        f"like. What a refusal says is in its body.</p>{_BEGINNING}{sections}</main></body></html>"
    )


def _section(one: Operation[Api]) -> str:
    fields = "".join(f"<dt>{escape(name)}</dt><dd>{escape(_said(stated))}</dd>" for name, stated in one.fields.items())
    return (
        f"<section><h2><code>{escape(one.method)} {escape(one.path)}</code></h2><p>{escape(one.summary)}.</p>"
        f"<p>Proof: {_PROOFS[one.auth]}. Answers: {', '.join(map(str, one.statuses))}.</p>"
        f"{f'<dl>{fields}</dl>' if fields else ''}</section>"
    )


def _said(stated: Stated) -> str:
    return "; ".join(part for part in (stated.doc, "required" if stated.required else "") if part)
