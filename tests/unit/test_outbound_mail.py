"""Mail, handed over to a server on loopback that speaks just enough SMTP (RFC 5321)."""

import asyncio
import re
import socketserver
import threading
from email import message_from_string
from email.policy import default

import pytest

from calwarden.outbound.mail import Smtp, logging_mailer, smtp_mailer
from calwarden.ports.mail import Mail, MailUnavailable

MAIL = Mail("rosa@example.org", "Bestätigen", "Open this page:\nhttps://cal.example.net/verify/x\n")


class _Session(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline().decode():
            word = line[:4].upper()
            if word == self.server.refuse:
                self.wfile.write(b"550 no\r\n")
            elif word == "DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.got.append(b"".join(lines).decode())
                self.wfile.write(b"250 taken\r\n")
            else:
                self.server.got.append(line)
                self.wfile.write(b"221 bye\r\n" if word == "QUIT" else b"250 fine\r\n")


class _Server(socketserver.ThreadingTCPServer):
    def __init__(self, refuse: str) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.refuse, self.got = refuse, list[str]()


def exchanged(mail: Mail, refuse: str = "") -> list[str]:
    """What the server got."""
    with _Server(refuse) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            port = server.server_address[1]
            asyncio.run(smtp_mailer(Smtp("127.0.0.1", port, "calwarden@cal.example.net", tls="none"))(mail))
        finally:
            server.shutdown()
            thread.join()
    return server.got


def test_a_mail_arrives_as_it_was_meant() -> None:
    got = exchanged(MAIL)
    message = message_from_string(next(part for part in got if part.startswith("From")), policy=default)
    assert (message["To"], message["Subject"]) == ("rosa@example.org", "Bestätigen")
    assert message["From"] == "calwarden <calwarden@cal.example.net>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "https://cal.example.net/verify/x" in message.get_content()
    assert any("RCPT TO:<rosa@example.org>" in line for line in got)


@pytest.mark.parametrize("refuse", ["MAIL", "RCPT", "DATA"])
def test_whatever_the_server_refuses_is_one_failure(refuse: str) -> None:
    with pytest.raises(MailUnavailable):
        exchanged(MAIL, refuse)


def test_nobody_there_is_the_same_failure() -> None:
    with pytest.raises(MailUnavailable):
        asyncio.run(smtp_mailer(Smtp("127.0.0.1", 1, "a@example.org", tls="none"))(MAIL))


def test_a_line_break_in_an_address_or_subject_adds_no_header() -> None:
    for mail in (
        Mail("a@example.org\nBcc: b@example.org", "x", "x"),
        Mail("a@example.org", "x\r\nBcc: b@example.org", "x"),
    ):
        with pytest.raises(MailUnavailable):
            exchanged(mail)


def test_a_development_server_shows_the_mail_in_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(logging_mailer()(MAIL))
    assert "/verify/x" in "".join(capsys.readouterr())


def test_the_link_of_a_mail_in_the_log_stands_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """In the text of the mail an escaped line break follows it, which whoever copies it takes along."""
    asyncio.run(logging_mailer()(MAIL))
    link = re.search(r"link=\W*(http[^\s\"']+)", "".join(capsys.readouterr()))
    assert link is not None
    assert link[1] in MAIL.text.split()


def test_the_password_of_the_mail_server_is_not_printed() -> None:
    assert "hunter2" not in repr(Smtp("h", 25, "a@example.org", password="hunter2"))
