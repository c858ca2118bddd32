"""``calwarden keys``."""

import typer

from calwarden.cli.console import AsJson, note
from calwarden.cli.failures import Failure, answering
from calwarden.cli.session import configured, operating
from calwarden.vault import Keyring
from calwarden.wiring.opening import is_empty

group = typer.Typer(no_args_is_help=True, help="The encryption keys.")


@group.command("generate")
def generate(as_json: AsJson = False) -> None:
    """Make the key file. Never replaces one, and makes none for a database that needs another."""
    with answering(as_json) as console:
        settings = configured()
        if not settings.key_file.exists() and not is_empty(settings.database_url):
            raise Failure(
                "keys_missing",
                "the database is in use, and new keys would not open what is in it",
                "restore the key file from its backup, or set CALWARDEN_KEY_FILE to where it is",
            )
        keyring = Keyring.generate(settings.key_file)
        console.facts({"key_file": str(settings.key_file), "versions": list(keyring.versions)})
        note("Back the file up, apart from the database.")


@group.command("rotate")
def rotate(as_json: AsJson = False) -> None:
    """Add a key and wrap every account's data key by it. Works while the server runs."""
    with operating(as_json) as at:
        version = at.held.keyring.rotate()
        rewrapped = at.held.store.rewrap_data_keys()
        key_file = str(at.settings.key_file)
        at.console.facts({"key_file": key_file, "version": version, "rewrapped": rewrapped})
        note("Back the key file up again. Earlier keys stay in it for earlier backups of the database.")
