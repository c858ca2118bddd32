"""``calwarden grant``."""

from typing import Annotated

import typer

from calwarden.cli.console import AsJson, note
from calwarden.cli.failures import Failure
from calwarden.cli.session import AccountOption, ApplicationOption, Session, moment, operating
from calwarden.domain.audit import Actor
from calwarden.domain.ids import CalendarId
from calwarden.usecases.authorize import issue_grant, revoke_grant
from calwarden.usecases.operate import GrantLine, elevate_grant, find_account, find_application, list_grants

group = typer.Typer(no_args_is_help=True, help="Grants: what an application may do for an account.")


@group.command("issue")
def issue(
    application: ApplicationOption,
    account: AccountOption,
    scope: Annotated[str, typer.Option("--scope", help='Scopes with blanks between, such as "free_busy_write".')],
    as_json: AsJson = False,
) -> None:
    """Grant access in a person's stead, for scripts and tests; it stands in their ledger as yours."""
    with operating(as_json) as at:
        _allowed(at)
        app, person = find_application(at.kit, application), find_account(at.kit, account)
        answer = issue_grant(at.kit, app.application_id, person.account_id, tuple(scope.split()))
        at.console.facts(
            {
                "access_token": answer.access_token,
                "refresh_token": answer.refresh_token,
                "expires_in": answer.expires_in,
                "scope": answer.scope,
                "sub": answer.sub,
            }
        )
        note("Keep the tokens now: they are not shown again.")


@group.command("elevate")
def elevate(
    application: ApplicationOption,
    account: AccountOption,
    calendar: Annotated[list[str], typer.Option("--calendar", metavar="CALENDAR_ID", help="Repeatable.")],
    as_json: AsJson = False,
) -> None:
    """Give Extended Permissions for calendars in a person's stead; it stands in their ledger as yours."""
    with operating(as_json) as at:
        _allowed(at)
        app, person = find_application(at.kit, application), find_account(at.kit, account)
        elevated = elevate_grant(at.kit, app, person, [CalendarId(one) for one in calendar])
        at.console.facts(
            {
                "client_id": app.application_id,
                "sub": person.account_id,
                "calendars": sorted(elevated),
                "permission_level": "unrestricted",
            }
        )


@group.command("list")
def show(
    account: Annotated[str | None, typer.Option("--account", metavar="ACCOUNT", help="Only this account's.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the live grants."""
    with operating(as_json) as at:
        person = None if account is None else find_account(at.kit, account)
        lines = list_grants(at.kit, None if person is None else person.account_id)
        columns = ("client_id", "application", "email", "scope", "elevated")
        at.console.table([_row(one) for one in lines], columns, "no application has access to anything")


@group.command("revoke")
def revoke(application: ApplicationOption, account: AccountOption, as_json: AsJson = False) -> None:
    """End an application's access to an account, at once."""
    with operating(as_json) as at:
        app, person = find_application(at.kit, application), find_account(at.kit, account)
        revoke_grant(at.kit, person.account_id, app.application_id, Actor.OPERATOR)
        at.console.facts({"client_id": app.application_id, "sub": person.account_id, "revoked": True})


def _allowed(at: Session) -> None:
    if not at.settings.allow_operator_grants:
        raise Failure(
            "operator_grants_off",
            "this server does not let its operator grant access in a person's stead",
            "if you may, set CALWARDEN_ALLOW_OPERATOR_GRANTS=1 for this command; their ledger will say so",
        )


def _row(line: GrantLine) -> dict[str, object]:
    grant = line.grant
    return {
        "client_id": grant.application_id,
        "application": line.application.name,
        "sub": grant.account_id,
        "email": line.account.email,
        "scope": " ".join(grant.scopes),
        "elevated": sorted(grant.elevated),
        "calendars": None if grant.calendars is None else sorted(grant.calendars),
        "created": moment(grant.created),
        "ends": moment(grant.ends),
    }
