"""What the server is reached by and what it reaches: the public address, mail, calendar services."""

import asyncio
import ssl
from collections.abc import Iterator
from enum import Enum, auto
from http import HTTPStatus

import httpx

from calwarden.cli.doctor.finding import Code, Finding, fine, problem, warning
from calwarden.outbound.mail import SignInRefused
from calwarden.ports.mail import MailUnavailable
from calwarden.settings import Settings, SettingsError, SmtpTls, is_loopback
from calwarden.usecases.people import SignUpMode
from calwarden.wiring.post import try_mail

_PATIENCE = 3  # seconds
_METADATA = "/.well-known/oauth-authorization-server"


class _Answer(Enum):
    OURS = auto()
    OTHER = auto()
    UNTRUSTED = auto()
    NONE = auto()


def public_url(settings: Settings) -> Iterator[Finding]:
    """Whether it leads here, and through whom."""
    check, url = "public url", settings.public_url
    if settings.development:
        message = f"{url} is a development server: browsers on this machine alone reach it"
        fix = "set CALWARDEN_PUBLIC_URL to an https:// address for people"
        yield warning(check, Code.PUBLIC_URL_LOCAL, message, fix)
    match _ask(settings):
        case _Answer.OURS:
            yield fine(check, f"{url} leads to this server")
        case _Answer.OTHER:
            fix = "correct CALWARDEN_PUBLIC_URL, or the reverse proxy"
            yield problem(check, Code.PUBLIC_URL_ELSEWHERE, f"at {url} something else answers", fix)
        case _Answer.UNTRUSTED:
            message = f"the certificate of {url} is not trusted on this machine, has another name, or has expired"
            fix = "renew it, or add its authority to those that this machine trusts"
            yield problem(check, Code.PUBLIC_URL_CERTIFICATE, message, fix)
        case _Answer.NONE:
            fix = "start the server; if it runs, look at the reverse proxy"
            yield warning(check, Code.PUBLIC_URL_SILENT, f"{url} does not answer from here", fix)
    yield from _proxy(settings)


def _ask(settings: Settings) -> _Answer:
    """Whether our own metadata is found at the public address. The address is the operator's."""
    trusted = ssl.create_default_context()  # what the machine trusts, a private authority included
    try:
        answer = httpx.get(f"{settings.public_url}{_METADATA}", timeout=_PATIENCE, trust_env=False, verify=trusted)
        ours = answer.status_code == HTTPStatus.OK and answer.json().get("issuer") == settings.public_url
    except httpx.HTTPError as error:
        return _Answer.UNTRUSTED if "CERTIFICATE_VERIFY_FAILED" in str(error) else _Answer.NONE
    except (ValueError, AttributeError):
        return _Answer.OTHER
    return _Answer.OURS if ours else _Answer.OTHER


def _proxy(settings: Settings) -> Iterator[Finding]:
    if not settings.public_url.startswith("https://"):
        return  # nobody stands before it
    if not settings.trusted_proxies:
        message = "everybody seems to ask from the address of the reverse proxy, and shares its limits"
        fix = "set CALWARDEN_TRUSTED_PROXIES to the address it comes from, such as 127.0.0.1"
        yield warning("proxy", Code.PROXY_NOT_TRUSTED, message, fix)
    if not is_loopback(f"http://{_bracketed(settings.host)}"):
        message = f"whoever can reach {settings.host}, port {settings.port}, speaks to the server without TLS"
        fix = "set CALWARDEN_HOST to 127.0.0.1, or let a firewall admit the reverse proxy alone"
        yield warning("proxy", Code.LISTENS_OPENLY, message, fix)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def mail(settings: Settings) -> Iterator[Finding]:
    """Whether mails can be sent; signs in at the mail server, and sends none."""
    if settings.smtp_host:
        yield from _mail_server(settings)
    elif settings.development:
        fix = "set CALWARDEN_SMTP_HOST for real ones"
        yield warning("mail", Code.MAIL_IN_LOG, "mails are shown in the log", fix)
    elif settings.sign_up is SignUpMode.CLOSED:
        fix = "set CALWARDEN_SMTP_HOST and CALWARDEN_SMTP_FROM"
        yield warning("mail", Code.MAIL_MISSING, "nobody can reset a password", fix)
    else:
        message = "nobody can sign up, since no mail can be sent"
        yield problem("mail", Code.MAIL_MISSING, message, "set CALWARDEN_SMTP_HOST and CALWARDEN_SMTP_FROM")


def _mail_server(settings: Settings) -> Iterator[Finding]:
    where = f"{settings.smtp_host}:{settings.smtp_port}"
    if settings.smtp_tls is SmtpTls.NONE and settings.smtp_host not in {"localhost", "127.0.0.1", "::1"}:
        yield problem("mail", Code.MAIL_IN_CLEAR, "mails cross the network in the clear", "set CALWARDEN_SMTP_TLS")
        return  # nor does a password, to find out more
    try:
        asyncio.run(try_mail(settings))
    except SignInRefused as error:
        fix = "correct CALWARDEN_SMTP_USERNAME and what CALWARDEN_SMTP_PASSWORD_FILE holds"
        yield problem("mail", Code.MAIL_PASSWORD, f"{where}: {error}", fix)
    except MailUnavailable as error:
        fix = "see that CALWARDEN_SMTP_HOST, _PORT and _TLS are right, and that it can be reached from here"
        yield problem("mail", Code.MAIL_UNREACHABLE, f"{where}: {error}", fix)
    except SettingsError as error:
        for one in error.complaints:
            yield problem("mail", Code.SETTING_INVALID, f"{one.variable} {one.problem}", one.fix)
    else:
        yield fine("mail", f"{where} takes mails")


def outbound(settings: Settings) -> Iterator[Finding]:
    """Which addresses are spoken to."""
    if not settings.outbound_allow:
        how = "" if settings.development else " over https"
        yield fine("outbound", f"only public addresses are spoken to{how}")
        return
    listed = ", ".join(sorted(settings.outbound_allow))
    yield fine("outbound", f"public addresses are spoken to, and by exception {listed}")


def operator_grants(settings: Settings) -> Iterator[Finding]:
    """Whether people's consent can be stood in for."""
    if settings.allow_operator_grants and not settings.development:
        message = "the operator may give access in people's stead"
        yield warning("grants", Code.OPERATOR_GRANTS, message, "unset CALWARDEN_ALLOW_OPERATOR_GRANTS")
