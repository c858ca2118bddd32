"""iCalendar (RFC 5545) to and from the domain: the package's face.

``parse`` reads hostile input; the others write only through one serialiser, so that any text comes back as one
component with the same values (security 7.4). Bytes in, bytes out; what is no iCalendar raises FormatError.
"""

from calwarden.formats.lines import FormatError
from calwarden.formats.reading import parse
from calwarden.formats.writing import create, is_empty, merge, remove_occurrence, set_participation

__all__ = ["FormatError", "create", "is_empty", "merge", "parse", "remove_occurrence", "set_participation"]
