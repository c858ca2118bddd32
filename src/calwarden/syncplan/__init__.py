"""Sync, pure: what we hold and what the Provider lists in, what to do out."""
