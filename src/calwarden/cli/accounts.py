"""``calwarden account``."""

import asyncio
from typing import Annotated

import typer

from calwarden.cli.console import AsJson, note
from calwarden.cli.secret import FromFile, FromStdin, read_password
from calwarden.cli.session import AccountOption, Sure, confirm, moment, operating
from calwarden.ports.mail import MailUnavailable
from calwarden.usecases.operate import find_account, list_accounts
from calwarden.usecases.people import NewAccount, create_account, invite, remove_account
from calwarden.wiring.post import make_mailer

group = typer.Typer(no_args_is_help=True, help="Accounts: the people whose calendars are connected.")


@group.command("create")
def create(
    email: Annotated[str, typer.Option("--email", help="Its address; you vouch for it.")],
    name: Annotated[str, typer.Option("--name", help="The person's name.")],
    zone: Annotated[str, typer.Option("--zone", help="Their time zone, such as Europe/Paris.")],
    password_stdin: FromStdin = False,
    password_file: FromFile = None,
    as_json: AsJson = False,
) -> None:
    """Make an account. Without a password the person chooses one through "forgotten password"."""
    with operating(as_json) as at:
        password = read_password(stdin=password_stdin, file=password_file, optional=True)
        account = create_account(at.kit, NewAccount(email, name, zone, password))
        at.console.facts({"sub": account.account_id, "email": account.email})


@group.command("invite")
def send_invitation(
    email: Annotated[str, typer.Option("--email", help="Whom to invite.")], as_json: AsJson = False
) -> None:
    """Let somebody sign up: mail a link that works once, within a week."""
    with operating(as_json) as at:
        mail = invite(at.kit, email)
        try:
            asyncio.run(make_mailer(at.settings).send(mail))
            sent = bool(at.settings.smtp_host)
        except MailUnavailable as error:
            note(f"the mail was not sent: {error}")
            sent = False
        link = None if sent else mail.text.split()[-1]
        at.console.facts({"email": mail.to, "sent": sent, "link": link})


@group.command("list")
def show(as_json: AsJson = False) -> None:
    """List the accounts."""
    with operating(as_json) as at:
        rows: list[dict[str, object]] = [
            {
                "sub": one.account.account_id,
                "email": one.account.email,
                "name": one.account.name,
                "zone": one.account.tzid,
                "created": moment(one.account.created),
                "profiles": one.profiles,
                "grants": one.grants,
            }
            for one in list_accounts(at.kit)
        ]
        at.console.table(
            rows, ("sub", "email", "name", "profiles", "grants"), 'no account yet: "calwarden account create"'
        )


@group.command("delete")
def delete(account: AccountOption, sure: Sure = False, as_json: AsJson = False) -> None:
    """Delete an account with everything in it. What is at its calendar services stays there."""
    with operating(as_json) as at:
        found = find_account(at.kit, account)
        confirm(at.console, f"Delete the account of {found.email} with everything in it?", sure=sure)
        remove_account(at.kit, found.account_id)
        at.console.facts({"sub": found.account_id, "deleted": True})
