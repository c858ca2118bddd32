"""Time, pure: windows, recurrence, free/busy, and the wire's forms of moments."""
