"""Extended Permissions, as an Application asks for them; the person's answer is in ``usecases.authorize``."""

from calwarden.usecases.elevation.request import AskElevation, ElevationAnswer, request_elevation

__all__ = ["AskElevation", "ElevationAnswer", "request_elevation"]
