"""The main job on real things: an unmodified SDK, a real CalDAV server, a browser's forms.

``make demo`` runs it, and the acceptance tests are built on its parts.
"""
