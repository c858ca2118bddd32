"""How this server sends mail, as the settings say."""

from dataclasses import dataclass

from calwarden.outbound.mail import Smtp, logging_mailer, smtp_mailer, try_smtp
from calwarden.ports.mail import Mail, Mailer, MailUnavailable
from calwarden.settings import Complaint, Settings, SettingsError


@dataclass(frozen=True, slots=True)
class Post:
    """``in_log``: mails are shown in the log instead of being sent, and pages say so."""

    send: Mailer
    in_log: bool = False


def make_mailer(settings: Settings) -> Post:
    """The mail server if one is set; the log of a development server; else nothing can be sent.

    Raises SettingsError if the password can not be read.
    """
    if settings.smtp_host:
        return Post(smtp_mailer(_smtp(settings)))
    return Post(logging_mailer(), in_log=True) if settings.development else Post(_nowhere)


async def try_mail(settings: Settings) -> None:
    """Sign in at the mail server that is set, and send nothing. Raises MailUnavailable, SettingsError."""
    await try_smtp(_smtp(settings))


async def _nowhere(mail: Mail) -> None:
    del mail
    raise MailUnavailable("no mail server is set: CALWARDEN_SMTP_HOST")


def _smtp(settings: Settings) -> Smtp:
    password = None
    if settings.smtp_password_file is not None:
        try:
            password = settings.smtp_password_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            complaint = Complaint("CALWARDEN_SMTP_PASSWORD_FILE", "can not be read", "correct the path or its mode")
            raise SettingsError([complaint]) from error
    return Smtp(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_from,
        settings.smtp_from_name,
        settings.smtp_tls.value,
        settings.smtp_username or None,
        password,
    )
