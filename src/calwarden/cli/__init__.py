"""The operator's command line: ``calwarden``."""

from calwarden.cli.app import app, main

__all__ = ["app", "main"]
