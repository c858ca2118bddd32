"""What an application sees of a person, shown to that person."""

from calwarden.usecases.seeing.look import DAYS, LINES, Seen, Sight, asked_busy, asked_events, see_as, would_see

__all__ = ["DAYS", "LINES", "Seen", "Sight", "asked_busy", "asked_events", "see_as", "would_see"]
