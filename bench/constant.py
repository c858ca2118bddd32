"""A constant answer behind the same HTTP server as calwarden's, in the same way: what the server itself costs."""

import socket
import sys

import uvicorn

from calwarden.wiring.listening import configured, run
from calwarden.wiring.system import read_settings


def main() -> None:
    """``constant.py port bytes``."""
    port, size = int(sys.argv[1]), int(sys.argv[2])
    body = b"x" * size
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(size).encode()),
    ]

    async def answer(scope, receive, send) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        if scope["type"] == "lifespan":
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    taken = socket.create_server(("127.0.0.1", port))
    run(uvicorn.Server(configured(answer, read_settings({"CALWARDEN_DEVELOPMENT": "1"}))).serve(sockets=[taken]))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
