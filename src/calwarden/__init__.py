"""A calendar API server with a least-privilege permission model."""
