"""Colors: the wire states six hex digits, iCalendar a CSS name (RFC 7986 5.9)."""

_NAMES = {
    "black": 0x000000, "silver": 0xC0C0C0, "gray": 0x808080, "white": 0xFFFFFF, "maroon": 0x800000, "red": 0xFF0000,
    "purple": 0x800080, "fuchsia": 0xFF00FF, "green": 0x008000, "lime": 0x00FF00, "olive": 0x808000,
    "yellow": 0xFFFF00, "navy": 0x000080, "blue": 0x0000FF, "teal": 0x008080, "aqua": 0x00FFFF, "orange": 0xFFA500,
    "brown": 0xA52A2A, "pink": 0xFFC0CB, "gold": 0xFFD700, "tomato": 0xFF6347, "coral": 0xFF7F50, "salmon": 0xFA8072,
    "crimson": 0xDC143C, "indigo": 0x4B0082, "violet": 0xEE82EE, "orchid": 0xDA70D6, "plum": 0xDDA0DD,
    "turquoise": 0x40E0D0, "mediumturquoise": 0x48D1CC, "skyblue": 0x87CEEB, "steelblue": 0x4682B4,
    "royalblue": 0x4169E1, "dodgerblue": 0x1E90FF, "seagreen": 0x2E8B57, "forestgreen": 0x228B22,
    "yellowgreen": 0x9ACD32, "khaki": 0xF0E68C, "chocolate": 0xD2691E, "slategray": 0x708090, "lavender": 0xE6E6FA,
}  # fmt: skip


def nearest_name(color: str) -> str | None:
    """The CSS name nearest to ``#RRGGBB``; None for anything else."""
    try:
        wanted = int(color.removeprefix("#"), 16)
    except ValueError:
        return None
    if len(color) != len("#49BED8") or not color.startswith("#") or wanted < 0:
        return None
    return min(_NAMES, key=lambda name: _distance(_NAMES[name], wanted))


def of_name(name: str) -> str | None:
    """``#RRGGBB`` of a CSS name we know, or of such digits themselves."""
    value = _NAMES.get(name.lower())
    if value is not None:
        return f"#{value:06X}"
    return name.upper() if nearest_name(name) else None


def _distance(one: int, other: int) -> int:
    return sum(((one >> shift & 255) - (other >> shift & 255)) ** 2 for shift in (16, 8, 0))
