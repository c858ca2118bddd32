"""Every command in one application, and how it ends."""

import sys

import structlog
import typer

from calwarden.cli import accounts, applications, audit, backups, grants, keys, profiles, running
from calwarden.cli.doctor import doctor
from calwarden.cli.failures import MISTAKE, USAGE, answer, say

app = typer.Typer(
    name="calwarden",
    help="A calendar API server whose heart is a least-privilege permission model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they show values
    rich_markup_mode=None,
)

app.command("serve")(running.serve)
app.command("worker")(running.worker)
app.command("migrate")(running.migrate)
app.command("doctor")(doctor)
app.command("backup")(backups.backup)
app.command("restore")(backups.restore)
app.add_typer(applications.group, name="application")
app.add_typer(accounts.group, name="account")
app.add_typer(profiles.group, name="profile")
app.add_typer(grants.group, name="grant")
app.add_typer(keys.group, name="keys")
app.add_typer(audit.group, name="audit")


def main() -> None:
    """Run the command line. This is the outermost edge: whatever nobody foresaw ends here, in the log."""
    as_json = "--json" in sys.argv
    try:
        app()
    except SystemExit as end:
        if end.code == USAGE and as_json:
            answer("usage", "the command was not used as documented", "add --help to see how")
        raise
    except Exception as error:  # noqa: BLE001  see above
        structlog.get_logger("calwarden").error("unexpected error", exc_info=error)
        message, fix = f"an unexpected error: {type(error).__name__}", "please report it with the line above"
        say(message, fix)
        if as_json:
            answer("unexpected", message, fix)
        raise SystemExit(MISTAKE) from None
