"""iCalendar (RFC 5545) to and from the domain: the package's face.

``parse`` reads hostile input; the others write only through the serialiser, so that any text comes back as one
component with the same values (security 7.4).
"""

from calwarden.formats.reading import FormatError, parse
from calwarden.formats.writing import create, merge, remove_occurrence, set_participation

__all__ = ["FormatError", "create", "merge", "parse", "remove_occurrence", "set_participation"]
