"""What every use case is handed: the store, the clock, randomness and the limits in force."""

from dataclasses import dataclass

from calwarden.ports.connector import CollectionNaming, Naming
from calwarden.ports.store import Store
from calwarden.ports.system import Clock, Gate, OpenGate, Random
from calwarden.timetable.rules import RuleLibrary, by_library
from calwarden.usecases.tally import DirectTally, Tally


@dataclass(frozen=True, slots=True)
class Limits:
    """Numbers an operator may change; the defaults are the documented ones (ruling 18). Times in seconds."""

    access_token_life: int = 3_600
    code_life: int = 60
    authorization_life: int = 3_600  # how long a person may take to answer a consent page
    elevation_life: int = 3_600
    session_life: int = 14 * 86_400
    link_life: int = 86_400  # mailed links
    listing_life: int = 3_600
    window_back_days: int = 42
    window_ahead_days: int = 201
    window_most_days: int = 400
    events_per_page: int = 300
    busy_per_page: int = 1_000
    sync_interval: int = 300
    stale_after: int = 3_600  # free/busy is ``unknown`` for a Profile not synced for so long
    calendar_wait: int = 10
    calendars_per_elevation: int = 50
    sign_in_attempts: int = 10  # per address and quarter of an hour
    client_failures: int = 60  # failed client authentications a minute
    requests_per_second: int = 50  # of one application
    requests_per_minute: int = 500
    applications_per_account: int = 20
    secrets_per_application: int = 5


@dataclass(frozen=True, slots=True)
class Kit:
    store: Store
    clock: Clock
    random: Random
    limits: Limits
    public_url: str  # the issuer: scheme, host, port, no final slash
    gate: Gate = OpenGate()
    naming: Naming = CollectionNaming()
    tally: Tally = DirectTally()
    library: RuleLibrary = by_library  # works recurrence rules out, which strangers wrote
