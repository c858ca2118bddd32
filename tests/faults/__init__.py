"""Faults put into a running server, and whether what it acknowledged outlives them (``make faults``)."""
