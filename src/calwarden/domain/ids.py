"""Identifiers. Opaque strings, compared byte for byte; the prefixes are those of the wire contract (0.6)."""

from hashlib import sha256
from typing import NewType

AccountId = NewType("AccountId", str)  # acc_ + 24 hex digits; the wire's ``sub``
ApplicationId = NewType("ApplicationId", str)  # the wire's ``client_id``
GrantId = NewType("GrantId", str)
AuthorizationId = NewType("AuthorizationId", str)
ElevationRequestId = NewType("ElevationRequestId", str)
ProfileId = NewType("ProfileId", str)  # pro_...
CalendarId = NewType("CalendarId", str)  # cal_{profile part}_{calendar part}
EventKey = NewType("EventKey", str)  # 24 hex digits: what evt_... and evt_external_... have in common
ResourceId = NewType("ResourceId", str)  # the provider's name for one event or series (CalDAV: decoded path)
WriteId = NewType("WriteId", str)
SessionId = NewType("SessionId", str)
SecretId = NewType("SecretId", str)


def calendar_id_of(profile_id: ProfileId, remote_id: str) -> CalendarId:
    """The id of one calendar of a Profile: the same for ever, so that a relinked Profile keeps its calendars."""
    part = sha256(f"{profile_id}\0{remote_id}".encode()).hexdigest()[:24]
    return CalendarId(f"cal_{profile_id.removeprefix('pro_')}_{part}")
