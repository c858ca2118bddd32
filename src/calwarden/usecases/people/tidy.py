"""Forgetting what has run out: the worker calls it now and then."""

from calwarden.usecases.kit import Kit


def forget_expired(kit: Kit) -> None:
    """Drop expired sessions, links, counters of attempts, authorizations, access tokens, requests for elevation and
    listings. Nothing decides by their absence: each is judged by its own time wherever it is used.
    """
    now = kit.clock()
    with kit.store.write(durable=False) as uow:
        uow.sessions.purge(now)
        uow.one_time.purge(now)
        uow.attempts.purge(now)
        uow.authorizations.purge(now)
        uow.tokens.purge(now)
        uow.elevation_requests.purge(now)
        uow.listings.purge(now)
