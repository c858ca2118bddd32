"""The environment, the clock and randomness of this machine: the only module that asks for them."""

import os
import secrets
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path

from calwarden.domain.ids import AccountId, ProfileId
from calwarden.domain.times import Instant
from calwarden.settings import CONFIG, PREFIX, Complaint, Settings, SettingsError, load


def system_clock() -> Instant:
    """Now, in whole seconds."""
    return Instant(int(time.time()))


class SystemRandom:
    """Unguessable values from the operating system."""

    def token(self) -> str:
        return secrets.token_urlsafe(24)

    def hex24(self) -> str:
        return secrets.token_hex(12)

    def account_id(self) -> AccountId:
        return AccountId(f"acc_{secrets.token_hex(12)}")

    def profile_id(self) -> ProfileId:
        return ProfileId(f"pro_{secrets.token_hex(12)}")


def environment() -> dict[str, str]:
    """The CALWARDEN_ variables of this process."""
    return {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}  # noqa: TID251  this is wiring


def read_settings(environ: Mapping[str, str] | None = None, **stated: object) -> Settings:
    """The settings of ``environ`` (this process's, if none is given) and of the file it names.

    ``stated`` by name wins over both: it comes from the command line. Raises SettingsError.
    """
    named = dict(environment() if environ is None else environ)
    named |= {f"{PREFIX}{name.upper()}": str(value) for name, value in stated.items() if value is not None}
    return load(named, _file(named.get(CONFIG)))


def _file(path: str | None) -> Mapping[str, object]:
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        complaint = Complaint(CONFIG, f'names "{path}", which can not be read ({error.strerror})', "correct the path")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        complaint = Complaint(CONFIG, f'names "{path}", which is no TOML file', f"correct it: {error}")
    raise SettingsError([complaint])
