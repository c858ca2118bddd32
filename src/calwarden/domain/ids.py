"""Identifiers. Opaque strings, compared byte for byte; the prefixes are those of the wire contract (0.6)."""

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
