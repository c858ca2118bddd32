"""A server's kit on the store in memory, with a clock that is set by hand and ids that count."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import count
from urllib.parse import parse_qs, urlencode, urlsplit

from calwarden.domain.application import Application
from calwarden.domain.audit import AuditEntry
from calwarden.domain.grant import Grant, GrantState
from calwarden.domain.ids import AccountId, ApplicationId, AuthorizationId, ProfileId, SecretId
from calwarden.domain.times import Instant
from calwarden.oauth.tokens import hash_token
from calwarden.store import open_memory
from calwarden.usecases.authorize import Begun, TokenAnswer, approve, begin, exchange_code
from calwarden.usecases.kit import Kit, Limits
from calwarden.usecases.people import NewAccount, create_account
from calwarden.usecases.people.passwords import hash_password

REDIRECT = "https://app.example.org/cb"
ISSUER = "https://cal.example.net"
PASSWORD = "a password of jane"
LOOPBACK = "http://127.0.0.1:5000/cb"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
SECRET = "the-secret-of-the-demo-application"


@lru_cache
def hashed(password: str) -> str:
    """Its hash, made once: the work that passwords are hashed with is the point of it, and not of most tests."""
    return hash_password(password, "the salt of all tests")


class HandClock:
    def __init__(self) -> None:
        self.now = Instant(1_900_000_000)

    def __call__(self) -> Instant:
        return self.now

    def advance(self, seconds: int) -> None:
        self.now = Instant(self.now + seconds)


class Counting:
    """Ids in a row: readable in failures, equal in every run."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = count(1)

    def token(self) -> str:
        return f"token-{next(self._numbers):0>26}"

    def hex24(self) -> str:
        return f"{next(self._numbers):0>24x}"

    def account_id(self) -> AccountId:
        return AccountId(f"acc_{self.hex24()}")

    def profile_id(self) -> ProfileId:
        return ProfileId(f"pro_{next(self._numbers)}")


class World:
    """One application, one public application, one person."""

    def __init__(self, **limits: int) -> None:
        self.clock = HandClock()
        self.store = open_memory()
        self.kit = Kit(self.store, self.clock, Counting(), Limits(**limits), ISSUER)
        self.app = Application(ApplicationId("demo"), "Demo Booking", (REDIRECT,), self.clock())
        self.public = Application(
            ApplicationId("native"), "Native", ("http://127.0.0.1/cb",), self.clock(), public=True
        )
        with self.store.write() as uow:
            uow.applications.add(self.app)
            uow.applications.add(self.public)
            uow.applications.add_secret(self.app.application_id, SecretId("one"), SECRET, self.clock())
        jane = create_account(self.kit, NewAccount("jane@example.org", "Jane Doe", "Europe/Paris"))
        with self.store.write() as uow:
            uow.accounts.save(replace(jane, password_hash=hashed(PASSWORD)))
        self.jane = jane.account_id

    def begin(self, **changes: str) -> AuthorizationId:
        begun = begin(self.kit, self.query(**changes))
        assert isinstance(begun, Begun), begun
        return begun.authorization_id

    def query(self, **changes: str) -> str:
        values = {"response_type": "code", "client_id": "demo", "redirect_uri": REDIRECT, "scope": "free_busy_write"}
        return urlencode({name: value for name, value in {**values, **changes}.items() if value})

    def code(self, **changes: str) -> str:
        settled = approve(self.kit, self.begin(**changes), self.jane)
        return answer_of(settled.location)["code"]

    def tokens(self, **changes: str) -> TokenAnswer:
        return exchange_code(self.kit, self.app, self.code(**changes), REDIRECT)

    def live(self, access_token: str) -> Grant | None:
        """The Grant behind a token, while it is one."""
        with self.store.read() as uow:
            found = uow.tokens.find(hash_token(access_token))
        return None if found is None or found[1].state is not GrantState.ACTIVE else found[1]

    def ledger(self) -> list[AuditEntry]:
        with self.store.read() as uow:
            return list(uow.audit.entries(self.jane))


def answer_of(location: str) -> dict[str, str]:
    """The parameters of a redirect."""
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query, keep_blank_values=True).items()}
