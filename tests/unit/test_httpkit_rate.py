"""The rate gate: per application, per second and per minute."""

from threading import Thread

import pytest

from calwarden.domain.errors import Throttled
from calwarden.domain.ids import ApplicationId
from calwarden.domain.times import Instant
from calwarden.httpkit import RateGate
from calwarden.usecases.kit import Limits

ONE, OTHER = ApplicationId("one"), ApplicationId("other")
NOW = Instant(1_000_000)


def passed(gate: RateGate, app: ApplicationId, now: int, attempts: int) -> int:
    count = 0
    for _ in range(attempts):
        try:
            gate.pass_through(app, Instant(now))
        except Throttled:
            continue
        count += 1
    return count


def test_a_second_and_a_minute_have_their_limits_and_one_application_never_slows_another() -> None:
    gate = RateGate(Limits(requests_per_second=3, requests_per_minute=5))
    assert passed(gate, ONE, NOW, 10) == 3
    assert passed(gate, OTHER, NOW, 10) == 3
    assert passed(gate, ONE, NOW + 1, 10) == 2
    assert passed(gate, ONE, NOW + 59, 10) == 0
    assert passed(gate, ONE, NOW + 60, 10) == 3
    assert passed(gate, ONE, NOW + 61, 10) == 2


def test_the_answer_says_when_to_come_back() -> None:
    gate = RateGate(Limits(requests_per_second=2, requests_per_minute=3))
    passed(gate, ONE, NOW, 2)
    with pytest.raises(Throttled) as caught:
        gate.pass_through(ONE, NOW)
    assert caught.value.retry_after == 1
    passed(gate, ONE, NOW + 20, 1)
    with pytest.raises(Throttled) as caught:
        gate.pass_through(ONE, Instant(NOW + 20))
    assert caught.value.retry_after == 40


def test_any_minute_counts_and_not_only_those_of_the_clock() -> None:
    gate = RateGate(Limits(requests_per_second=100, requests_per_minute=10))
    assert passed(gate, ONE, 119, 10) == 10
    assert passed(gate, ONE, 120, 10) == 0


def test_a_clock_set_back_locks_nobody_out() -> None:
    gate = RateGate(Limits(requests_per_second=5, requests_per_minute=5))
    assert passed(gate, ONE, NOW, 10) == 5
    assert passed(gate, ONE, NOW - 3_600, 10) == 5


def test_memory_is_bounded_whoever_asks() -> None:
    gate = RateGate(Limits())
    for number in range(5_000):
        gate.pass_through(ApplicationId(f"app-{number}"), NOW)
    assert len(gate._counts) <= 1_024


def test_threads_share_one_count() -> None:
    gate = RateGate(Limits(requests_per_second=100, requests_per_minute=100))
    counts: list[int] = []
    threads = [Thread(target=lambda: counts.append(passed(gate, ONE, NOW, 60))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 100
