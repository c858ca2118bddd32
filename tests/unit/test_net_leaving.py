"""The last question before a change leaves (security 5.2)."""

import asyncio

import pytest

from calwarden.net import GuardedClient, OutboundRules, Request, parse_url, system_resolver, tls_context


def test_a_change_is_asked_about_once_its_connection_stands_and_never_begun_if_it_may_not_be() -> None:
    # Opening a connection takes as long as the other side takes: a decision made before that is old by then.
    class Withdrawn(Exception):
        pass

    async def put() -> bytes:
        stands, arrived = asyncio.Event(), asyncio.Queue[bytes]()

        async def listening(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            stands.set()
            arrived.put_nowait(await reader.read())
            writer.close()
            await writer.wait_closed()

        async def withdrawn() -> None:
            await asyncio.wait_for(stands.wait(), 5)
            raise Withdrawn

        async with await asyncio.start_server(listening, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            rules = OutboundRules.of([f"127.0.0.1:{port}"])
            client = GuardedClient(rules, tls=tls_context(), resolve=system_resolver())
            url = parse_url(f"http://127.0.0.1:{port}/x")
            with pytest.raises(Withdrawn):
                await client.send(Request("PUT", url, body=b"nobody may see this", leaving=withdrawn))
            await client.close()
            return await asyncio.wait_for(arrived.get(), 5)

    assert asyncio.run(put()) == b""
