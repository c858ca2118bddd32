"""Rules are worked out in a process apart: what is too much for it ends it, and nothing else (security 7.6)."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest

from calwarden.timetable.rules import Rule, RuleLibrary, TooMuch, by_library, parse_rule
from calwarden.wiring.rules import RulesApart

START = datetime(2020, 1, 31, 9)  # noqa: DTZ001  # wall times
FIRST, LAST = datetime(2030, 1, 1), datetime(2032, 1, 1)  # noqa: DTZ001  # wall times
HEALTHY = parse_rule("FREQ=MONTHLY;BYDAY=2TU")

_HOSTILE = """
import sys, time
import calwarden.wiring.rules_child as child
real = child.by_library
def by_library(rule, *more):
    what = rule.parts.get("BYMONTH")
    if what == "1":
        while True: pass
    if what == "2":
        time.sleep(60)
    if what == "3":
        sys.exit(3)
    if what == "4":
        return [bytearray(2_000_000_000)]
    return real(rule, *more)
child.by_library = by_library
child.main(sys.stdin.buffer, sys.stdout.buffer)
"""
ENDLESS, SILENT, DYING, GREEDY = (parse_rule(f"FREQ=YEARLY;BYMONTH={month}") for month in range(1, 5))


@pytest.fixture
def apart() -> Iterator[RulesApart]:
    apart = RulesApart()
    yield apart
    apart.close()


@pytest.fixture
def hostile() -> Iterator[RulesApart]:
    """Its process does, for some rules, what a library with a mistake would."""
    apart = RulesApart((sys.executable, "-c", _HOSTILE), patience=3)
    yield apart
    apart.close()


def outcome(library: RuleLibrary, rule: Rule) -> list[datetime] | None:
    try:
        return list(library(rule, START, FIRST, LAST))
    except (TooMuch, ValueError):
        return None


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=MONTHLY;BYDAY=2TU",
        "FREQ=MONTHLY",
        "FREQ=YEARLY;COUNT=12",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYDAY=XX",
        "FREQ=DAILY;BYHOUR=0,6,12,18;BYMINUTE=0,5,10,15,20,25,30,35,40,45,50,55",
    ],
)
def test_it_says_what_the_library_says_here(apart: RulesApart, text: str) -> None:
    rule = parse_rule(text)
    assert outcome(apart, rule) == outcome(by_library, rule)


@pytest.mark.parametrize("rule", [ENDLESS, SILENT, DYING, GREEDY], ids=["endless", "silent", "dying", "greedy"])
def test_what_is_too_much_is_given_up_and_the_next_rule_is_none_the_worse(hostile: RulesApart, rule: Rule) -> None:
    begun = time.process_time()
    with pytest.raises(TooMuch):
        hostile(rule, START, FIRST, LAST)
    assert outcome(hostile, HEALTHY) == outcome(by_library, HEALTHY)
    assert time.process_time() - begun < 1  # the work was not done here


def test_an_endless_rule_takes_a_second_of_cpu_and_no_more(hostile: RulesApart) -> None:
    hostile(HEALTHY, START, FIRST, LAST)
    first, before = hostile.process, os.times().children_user
    with pytest.raises(TooMuch):
        hostile(ENDLESS, START, FIRST, LAST)
    hostile(HEALTHY, START, FIRST, LAST)
    assert hostile.process != first
    assert 0.5 < os.times().children_user - before < 2.5


def test_it_works_with_any_number_of_files_open(apart: RulesApart) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4_096) if hard > 0 else 4_096, hard))
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(1_100)]
    try:
        assert outcome(apart, HEALTHY) == outcome(by_library, HEALTHY)
        assert apart.process is not None
    finally:
        for one in held:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_an_answer_is_never_left_for_the_next_rule(apart: RulesApart, monkeypatch: pytest.MonkeyPatch) -> None:
    apart(HEALTHY, START, FIRST, LAST)
    first = apart.process

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("calwarden.wiring.rules._read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        apart(parse_rule("FREQ=MONTHLY;BYDAY=3FR"), START, FIRST, LAST)
    monkeypatch.undo()
    assert outcome(apart, HEALTHY) == outcome(by_library, HEALTHY)
    assert apart.process != first


def test_many_threads_take_turns(hostile: RulesApart) -> None:
    rules = [HEALTHY, DYING, *[parse_rule(f"FREQ=MONTHLY;BYDAY={n}TU") for n in range(1, 5)]] * 4
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda rule: outcome(hostile, rule), rules))
    assert found == [None if rule is DYING else outcome(by_library, rule) for rule in rules]


def test_nothing_is_started_before_it_is_needed_and_nothing_is_left(apart: RulesApart) -> None:
    assert apart.process is None
    apart(HEALTHY, START, FIRST, LAST)
    process = apart.process
    apart.close()
    assert apart.process is None
    assert process is not None
    assert not Path(f"/proc/{process}").exists()


@pytest.mark.parametrize("command", [("/nowhere/python",), (sys.executable, "-c", ""), ("/bin/sleep", "60")])
def test_where_no_process_works_it_is_done_without(command: tuple[str, ...]) -> None:
    """No rule is given up for it: what is here has bounds of its own."""
    apart = RulesApart(command, patience=0.5)
    assert outcome(apart, HEALTHY) == outcome(by_library, HEALTHY)
    assert apart.process is None


_PARENT = """
import sys, time
from datetime import datetime
from calwarden.timetable.rules import parse_rule
from calwarden.wiring.rules import RulesApart
apart = RulesApart()
apart(parse_rule("FREQ=MONTHLY;BYDAY=2TU"), datetime(2020, 1, 1), datetime(2030, 1, 1), datetime(2032, 1, 1))
print(apart.process, flush=True)
time.sleep(60)
"""


def test_it_does_not_outlive_who_started_it() -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        process = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while _is_there(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _is_there(process)


def _is_there(process: int) -> bool:
    with suppress(OSError):
        return "Z" not in Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    return False
