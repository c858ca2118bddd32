"""``calwarden profile``."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from calwarden.cli.console import AsJson, note
from calwarden.cli.failures import Failure
from calwarden.cli.secret import FromFile, FromStdin, read_password, read_text
from calwarden.cli.session import AccountOption, Session, Sure, confirm, moment, operating
from calwarden.domain.account import Account
from calwarden.domain.audit import Actor
from calwarden.domain.errors import NotFound
from calwarden.domain.ids import ProfileId
from calwarden.domain.profile import Calendar
from calwarden.ports.mail import Mail, MailUnavailable
from calwarden.usecases.connect import Failure as ConnectFailure
from calwarden.usecases.connect import Login, NotConnected, connect_calendar, disconnect, explain_failure
from calwarden.usecases.operate import ProfileLine, Synced, ask_for_sync, find_account, list_profiles, sync_now
from calwarden.usecases.sync import SyncEnd
from calwarden.wiring.post import make_mailer
from calwarden.wiring.providers import connector_factory
from calwarden.wiring.system import SystemRandom

_OPERATORS_FIX = {
    ConnectFailure.ADDRESS_REFUSED: "only public addresses over https are spoken to; allow this one for the server and "
    "for this command with CALWARDEN_OUTBOUND_ALLOW=host:port, as they stand in the address",
    ConnectFailure.CERTIFICATE: "look for misspellings in the address; a private authority's certificate is stated "
    "with --ca-file",
}
"""What an operator can do about it, where a person could only ask one."""

group = typer.Typer(no_args_is_help=True, help="Profiles: the calendar services of an account.")


@group.command("connect-caldav")
def connect(
    account: AccountOption,
    url: Annotated[str, typer.Option("--url", help="The address of the CalDAV server.")],
    username: Annotated[str, typer.Option("--username", help="The user name there.")],
    password_stdin: FromStdin = False,
    password_file: FromFile = None,
    ca_file: Annotated[
        Path | None, typer.Option("--ca-file", metavar="FILE", help="The certificate (PEM) of a private authority.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="End after the first sync.")] = False,
    as_json: AsJson = False,
) -> None:
    """Connect a CalDAV account, or give one that is connected a new password."""
    with operating(as_json) as at:
        person = find_account(at.kit, account)
        password = read_password(stdin=password_stdin, file=password_file) or ""
        login = Login(url, username, password, None if ca_file is None else read_text(ca_file))
        connecting = connect_calendar(at.kit, connector_factory(at.settings), person.account_id, login, Actor.OPERATOR)
        outcome = asyncio.run(connecting)
        if isinstance(outcome, NotConnected):
            what, fix = explain_failure(outcome.failure)
            raise Failure(outcome.failure.value, what, _OPERATORS_FIX.get(outcome.failure, fix))
        profile_id = outcome.profile.profile_id
        if wait:
            _require_complete(at, {profile_id: _sync(at, person, profile_id)})
        line = _line(at, person, profile_id)
        rows = [_calendar(one) for one in line.calendars]
        said = (f"{one.calendar_id}  {one.name}" for one in line.calendars)
        at.console.show({"profile_id": profile_id, "calendars": rows}, (f"profile  {profile_id}", *said))


@group.command("sync")
def sync(
    account: AccountOption,
    wait: Annotated[
        bool, typer.Option("--wait", help="End when all is done, in both directions; else leave it to the server.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Deliver all that is owed to an account's calendar services, and read all that is new there."""
    with operating(as_json) as at:
        person = find_account(at.kit, account)
        lines = list_profiles(at.kit, person.account_id)
        if wait:
            ids = [one.profile.profile_id for one in lines]
            _require_complete(at, {profile_id: _sync(at, person, profile_id) for profile_id in ids})
        else:
            ask_for_sync(at.kit, person.account_id)
        after = [_state(one) for one in list_profiles(at.kit, person.account_id)]
        columns = (" ".join(f"{name}={value}" for name, value in one.items()) for one in after)
        at.console.show({"sub": person.account_id, "profiles": after}, columns)


@group.command("list")
def show(
    account: Annotated[str | None, typer.Option("--account", metavar="ACCOUNT", help="Only this account's.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the profiles with their calendars."""
    with operating(as_json) as at:
        person = None if account is None else find_account(at.kit, account)
        lines = list_profiles(at.kit, None if person is None else person.account_id)
        columns = ("profile_id", "email", "provider", "name", "connected", "synced_at", "owed")
        at.console.table([_row(one) for one in lines], columns, 'no profile yet: "calwarden profile connect-caldav"')


@group.command("disconnect")
def remove(
    account: AccountOption,
    profile: Annotated[str, typer.Option("--profile", metavar="PROFILE_ID", help="The profile to take out.")],
    sure: Sure = False,
    as_json: AsJson = False,
) -> None:
    """Take a profile out, with everything held of it. What is at the calendar service stays there."""
    with operating(as_json) as at:
        person = find_account(at.kit, account)
        confirm(at.console, f"Take {profile} of {person.email} out, with all that is held of it?", sure=sure)
        disconnect(at.kit, person.account_id, ProfileId(profile), Actor.OPERATOR)
        at.console.facts({"profile_id": profile, "disconnected": True})


def _sync(at: Session, person: Account, profile_id: ProfileId) -> Synced:
    """Both directions, in this process."""

    async def both() -> Synced:
        done = await sync_now(
            at.kit, connector_factory(at.settings), person.account_id, profile_id, holder=SystemRandom().token()
        )
        for mail in done.mails:
            await _post(at, mail)
        return done

    done = asyncio.run(both())
    if done.delivered.failed or done.delivered.dropped:
        note(f"{done.delivered.failed + done.delivered.dropped} writes came to nothing; the ledger says why")
    return done


async def _post(at: Session, mail: Mail) -> None:
    try:
        await make_mailer(at.settings).send(mail)
    except MailUnavailable as error:
        note(f"the mail was not sent: {error}")


def _require_complete(at: Session, outcomes: Mapping[ProfileId, Synced]) -> None:
    """Raises Failure for the first that is not."""
    for profile_id, one in outcomes.items():
        if one.synced.end is SyncEnd.DISCONNECTED:  # trying again is no help
            raise Failure(
                "sync_disconnected",
                "the calendar service refuses the user name or password",
                'give the new password with "calwarden profile connect-caldav", or let the person give it at '
                f"{at.settings.public_url}/relink/{profile_id}",
            )
        if not one.complete:
            raise Failure(
                f"sync_{one.synced.end.value}",
                one.synced.hint or one.delivered.hint or "the calendar service could not be read completely",
                'it is tried again by the server; "calwarden profile list" shows how it stands',
            )


def _line(at: Session, person: Account, profile_id: ProfileId) -> ProfileLine:
    for line in list_profiles(at.kit, person.account_id):
        if line.profile.profile_id == profile_id:
            return line
    raise NotFound("no such profile")


def _calendar(calendar: Calendar) -> dict[str, object]:
    return {
        "calendar_id": calendar.calendar_id,
        "calendar_name": calendar.name,
        "calendar_readonly": calendar.readonly,
        "calendar_primary": calendar.primary,
    }


def _state(line: ProfileLine) -> dict[str, object]:
    profile = line.profile
    return {
        "profile_id": profile.profile_id,
        "connected": profile.connected,
        "synced_at": moment(profile.synced_at),
        "owed": line.owed,
    }


def _row(line: ProfileLine) -> dict[str, object]:
    return {
        **_state(line),
        "sub": line.account.account_id,
        "email": line.account.email,
        "provider": line.profile.provider.value,
        "name": line.profile.name,
        "calendars": [_calendar(one) for one in line.calendars],
    }
