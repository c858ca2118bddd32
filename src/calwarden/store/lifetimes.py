"""Which tables last longer than an Account, and which are begun anew at will."""

OUTLIVES_ACCOUNT = frozenset({"audit_entries", "audit_heads"})
"""The ledger of an erased Account stays, unreadable without its key (ruling 28)."""

SHORT_LIVED = frozenset({"sessions", "one_time_tokens", "attempts", "authorizations", "elevation_requests", "listings"})
"""What lasts for minutes or days and is begun anew at will. No backup holds it: to bring it back would sign people in
who have signed out since.
"""
