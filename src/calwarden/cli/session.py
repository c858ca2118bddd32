"""What most commands begin with: settings, log, and everything opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from calwarden.cli.console import Console, printable
from calwarden.cli.failures import Failure, answering
from calwarden.domain.times import Instant
from calwarden.settings import Settings
from calwarden.usecases.kit import Kit
from calwarden.wiring.logs import set_up_logs
from calwarden.wiring.opening import Opened, opened
from calwarden.wiring.system import read_settings

AccountOption = Annotated[
    str, typer.Option("--account", metavar="ACCOUNT", help="The account: its sub or its e-mail address.")
]
ApplicationOption = Annotated[
    str, typer.Option("--application", metavar="CLIENT_ID", help="The application, by its client_id.")
]
Sure = Annotated[bool, typer.Option("--yes", help="Do not ask whether you are sure.")]


@dataclass(frozen=True, slots=True)
class Session:
    """One run of a command on the server's own things."""

    console: Console
    held: Opened

    @property
    def kit(self) -> Kit:
        return self.held.kit

    @property
    def settings(self) -> Settings:
        return self.held.settings


def configured(host: str | None = None, port: int | None = None) -> Settings:
    """The settings, with the log set up as they say."""
    settings = read_settings(host=host, port=port)
    set_up_logs(settings.log_format, development=settings.development)
    return settings


@contextmanager
def operating(as_json: bool) -> Iterator[Session]:
    """Open everything for a command. Works beside a running server."""
    with answering(as_json) as console, opened(configured()) as held:
        yield Session(console, held)


def moment(at: Instant | None) -> str | None:
    """An Instant as people and programs read it (RFC 3339)."""
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def confirm(console: Console, question: str, *, sure: bool) -> None:
    """Ask a person at a terminal before something is gone for good; a script has to say ``--yes``. Raises Failure."""
    if sure:
        return
    if console.as_json or not typer.get_text_stream("stdin").isatty():
        raise Failure("not_confirmed", f"nothing was done: {printable(question)}", "say so with --yes")
    typer.confirm(printable(question), abort=True, err=True)
