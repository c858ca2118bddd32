"""Mail over SMTP, or into the log of a development server."""

import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formataddr, make_msgid

import aiosmtplib
import structlog

from calwarden.ports.mail import Mail, Mailer, MailUnavailable

_PATIENCE = 15  # seconds for the whole conversation


@dataclass(frozen=True, slots=True)
class Smtp:
    """The operator's mail server. ``tls``: ``implicit`` (port 465), ``starttls`` (587), ``none`` (loopback relays)."""

    host: str
    port: int
    sender: str
    sender_name: str = "calwarden"
    tls: str = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def smtp_mailer(smtp: Smtp) -> Mailer:
    """Hands each mail over in a conversation of its own. Raises MailUnavailable, whatever went wrong."""
    domain = smtp.sender.rpartition("@")[2] or None

    async def send(mail: Mail) -> None:
        try:
            await aiosmtplib.send(
                compose(mail, smtp, domain),
                hostname=smtp.host,
                port=smtp.port,
                username=smtp.username,
                password=smtp.password,
                use_tls=smtp.tls == "implicit",
                start_tls=smtp.tls == "starttls",
                tls_context=None if smtp.tls == "none" else ssl.create_default_context(),
                timeout=_PATIENCE,
            )
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise MailUnavailable(f"the mail server did not take it: {type(error).__name__}") from error

    return send


class SignInRefused(MailUnavailable):
    """The mail server does not know this user name, or not with this password."""


async def try_smtp(smtp: Smtp) -> None:
    """Connect and sign in as for a mail, and send none. Raises MailUnavailable; SignInRefused."""
    client = aiosmtplib.SMTP(
        hostname=smtp.host,
        port=smtp.port,
        use_tls=smtp.tls == "implicit",
        start_tls=smtp.tls == "starttls",
        tls_context=None if smtp.tls == "none" else ssl.create_default_context(),
        timeout=_PATIENCE,
    )
    try:
        async with client:
            if smtp.username:
                await client.login(smtp.username, smtp.password or "")
    except aiosmtplib.SMTPAuthenticationError as error:
        raise SignInRefused("the mail server refuses the user name or password") from error
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise MailUnavailable(f"the mail server does not answer as it should: {type(error).__name__}") from error


def compose(mail: Mail, smtp: Smtp, domain: str | None) -> EmailMessage:
    """One plain text message. Raises ValueError for line breaks in a header: nothing is added by an address."""
    message = EmailMessage()
    message["From"] = formataddr((smtp.sender_name, smtp.sender))
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Message-ID"] = make_msgid(domain=domain)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message.set_content(mail.text)
    return message


def logging_mailer() -> Mailer:
    """For development alone: whoever reads the log can use the links in it. Sends nothing.

    The link, which comes last in every mail that has one, is shown by itself too: a log writes line breaks as escapes.
    """
    log = structlog.get_logger("calwarden.mail")

    async def show(mail: Mail) -> None:
        link = next((word for word in reversed(mail.text.split()) if word.startswith(("http://", "https://"))), None)
        said = {"to": mail.to, "subject": mail.subject, "link": link, "text": mail.text}
        log.warning("mail not sent: no mail server is configured", **said)

    return show
