"""``calwarden migrate``."""

from calwarden.cli.console import AsJson
from calwarden.cli.failures import answering
from calwarden.cli.session import configured
from calwarden.store import open_store
from calwarden.wiring.opening import open_keyring


def migrate(as_json: AsJson = False) -> None:
    """Bring the database up to date. Stop servers of the earlier version first."""
    with answering(as_json) as console:
        settings = configured()
        store = open_store(settings.database_url, open_keyring(settings))
        try:
            before = store.version()
            store.migrate()
            console.facts({"before": before, "version": store.version()})
        finally:
            store.close()
