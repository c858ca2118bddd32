"""Parts of a request and of a sync, timed within one process on a store in a file."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from calwarden.domain.event import Component, Repeat
from calwarden.domain.times import Instant, Zoned
from calwarden.policy.decide import decide
from calwarden.policy.decision import Access, Action
from calwarden.timetable.horizon import horizon
from calwarden.timetable.recurrence import expand
from calwarden.usecases.access import Bearer, Caller, admit
from calwarden.wiring.opening import opened
from calwarden.wiring.system import read_settings


def per_call(act: Callable[[], object], seconds: float = 1.0) -> float:
    """Seconds of CPU a call, the median of ten goes."""
    act()
    goes = []
    for _ in range(10):
        count, begun = 0, time.process_time()
        while time.process_time() - begun < seconds / 10:
            act()
            count += 1
        goes.append((time.process_time() - begun) / count)
    return median(goes)


@dataclass(frozen=True)
class Admission:
    """Seconds of CPU: an empty read transaction, one that lets a caller in, and the decision alone."""

    transaction: float
    admitted: float
    decision: float


def admission(environ: Mapping[str, str], token: str) -> Admission:
    """On the database of a running server."""
    with opened(read_settings(environ)) as held:
        bearer = Bearer(token.removeprefix("Bearer "))

        def nothing() -> None:
            with held.store.read():
                pass

        def admitted() -> Caller:
            with held.store.read() as uow:
                caller = admit(held.kit, uow, bearer, Action.READ_BUSY)
            assert isinstance(caller, Caller)
            return caller

        facts = admitted().facts
        return Admission(
            per_call(nothing), per_call(admitted), per_call(lambda: decide(Action.READ_BUSY, Access(facts)))
        )


RULES = (
    "FREQ=DAILY",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH",
    "FREQ=WEEKLY;INTERVAL=2",
    "FREQ=MONTHLY;BYDAY=2TU",
    "FREQ=MONTHLY;BYMONTHDAY=-1",
    "FREQ=YEARLY",
    "FREQ=DAILY;COUNT=200",
    "FREQ=WEEKLY;BYDAY=FR;UNTIL=20301231T000000Z",
)
"""What people's series are like, weekly ones most of all."""


def occurrences_per_second() -> float:
    """Of series in a zone with summer time, within the stretch that is held."""
    now = Instant(int(time.time()))
    window = horizon(now)
    series = [
        (
            Component(
                f"{n}",
                Zoned(Instant(now - 86_400 * 300), "Europe/Paris"),
                Zoned(Instant(now - 86_400 * 300 + 3600), "Europe/Paris"),
                repeat=Repeat((rule,)),
            ),
        )
        for n, rule in enumerate(RULES)
    ]
    many = sum(len(expand(one, window, "Europe/Paris")) for one in series)
    return many / per_call(lambda: [expand(one, window, "Europe/Paris") for one in series])
