"""``calwarden application``."""

from typing import Annotated

import typer

from calwarden.cli.console import AsJson, note
from calwarden.cli.session import ApplicationOption, Sure, confirm, moment, operating
from calwarden.usecases.develop import (
    Changes,
    Known,
    NewApplication,
    Registered,
    Secret,
    change_application,
    create_application,
    delete_application,
    give_application,
    list_applications,
    look_at,
    rotate_secret,
)
from calwarden.usecases.operate import find_account, find_application

group = typer.Typer(no_args_is_help=True, help="Applications: the OAuth clients that call the API.")


@group.command("create")
def create(
    name: Annotated[str, typer.Option("--name", help="What people see on the consent page.")],
    redirect_uri: Annotated[
        list[str], typer.Option("--redirect-uri", help="An address answers may go to, compared exactly. Repeatable.")
    ],
    public: Annotated[
        bool, typer.Option("--public", help="It can keep no secret (a browser or native app): PKCE instead.")
    ] = False,
    owner: Annotated[str | None, typer.Option("--owner", metavar="ACCOUNT", help="The account it belongs to.")] = None,
    as_json: AsJson = False,
) -> None:
    """Register an application. Its secret is shown this once."""
    with operating(as_json) as at:
        account = None if owner is None else find_account(at.kit, owner).account_id
        made = create_application(at.kit, NewApplication(name, tuple(redirect_uri), public, account))
        at.console.facts(_once(made))
        if made.secret is not None:
            note("Keep the secret now: it is not shown again.")


@group.command("list")
def show(as_json: AsJson = False) -> None:
    """List the applications."""
    with operating(as_json) as at:
        rows = [_row(one) for one in list_applications(at.kit)]
        at.console.table(
            rows,
            ("client_id", "name", "public", "secrets", "grants"),
            'no application yet: "calwarden application create"',
        )


@group.command("change")
def change(
    application: ApplicationOption,
    name: Annotated[str | None, typer.Option("--name", help="What people see on the consent page.")] = None,
    redirect_uri: Annotated[
        list[str] | None,
        typer.Option("--redirect-uri", help="Takes the place of all addresses there are. Repeatable."),
    ] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="ACCOUNT", help='Who looks after it from now on; "none": nobody.')
    ] = None,
    merge_busy: Annotated[
        bool | None,
        typer.Option("--merge-busy/--no-merge-busy", help="Show busy periods that touch as one."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change what is stated of an application; what is not named stays."""
    with operating(as_json) as at:
        known = find_application(at.kit, application)
        account = None if owner in {None, "none"} else find_account(at.kit, str(owner)).account_id
        changes = Changes(
            known.name if name is None else name,
            tuple(redirect_uri) if redirect_uri else known.redirect_uris,
            known.imprint,
            known.merge_busy if merge_busy is None else merge_busy,
        )
        change_application(at.kit, known.application_id, changes)
        if owner is not None:
            give_application(at.kit, known.application_id, account)
        at.console.facts(_row(look_at(at.kit, known.application_id).known))


@group.command("rotate-secret")
def rotate(
    application: ApplicationOption,
    revoke_old: Annotated[
        bool, typer.Option("--revoke-old", help="End the earlier secrets now; else they stay good for a change-over.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a new secret, shown this once."""
    with operating(as_json) as at:
        made = rotate_secret(at.kit, find_application(at.kit, application).application_id, revoke_old=revoke_old)
        at.console.facts(_once(made))
        after = "" if revoke_old else " Once the application uses it, end the earlier ones with --revoke-old."
        note(f"Keep the secret now: it is not shown again.{after}")


@group.command("delete")
def delete(application: ApplicationOption, sure: Sure = False, as_json: AsJson = False) -> None:
    """Delete an application and end its access to every account."""
    with operating(as_json) as at:
        known = find_application(at.kit, application)
        confirm(at.console, f'Delete "{known.name}" and end its access to every account?', sure=sure)
        ended = delete_application(at.kit, known.application_id)
        at.console.facts({"client_id": known.application_id, "deleted": True, "grants_ended": ended})


def _once(made: Registered | Secret) -> dict[str, object]:
    return {"client_id": made.application.application_id, "client_secret": made.secret}


def _row(known: Known) -> dict[str, object]:
    application = known.application
    return {
        "client_id": application.application_id,
        "name": application.name,
        "redirect_uris": list(application.redirect_uris),
        "public": application.public,
        "owner": application.owner,
        "created": moment(application.created),
        "secrets": len(known.secrets),
        "grants": known.grants,
    }
