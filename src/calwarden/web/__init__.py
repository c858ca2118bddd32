"""The pages people see: signing in, connecting a calendar, consent, Extended Permissions, their own account.

Rendered on the server; no page needs or allows a script.
"""

from calwarden.web.routes import build_web

__all__ = ["build_web"]
