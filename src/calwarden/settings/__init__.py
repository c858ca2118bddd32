"""The settings: one frozen object, from the environment and an optional TOML file, both handed in by ``wiring``.

Every field is declared once, with its kind, default and meaning; ``docs/settings.md`` is compared with ``FIELDS``.
"""

from calwarden.settings.declaration import FIELDS, PREFIX, Field, Settings
from calwarden.settings.kinds import Kind, LogFormat, SmtpTls, WorkerMode, is_loopback
from calwarden.settings.loading import CONFIG, Complaint, SettingsError, load

__all__ = [
    "CONFIG",
    "FIELDS",
    "PREFIX",
    "Complaint",
    "Field",
    "Kind",
    "LogFormat",
    "Settings",
    "SettingsError",
    "SmtpTls",
    "WorkerMode",
    "is_loopback",
    "load",
]
