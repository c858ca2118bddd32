"""What was acknowledged outlives kill -9, wherever it falls; and a server for which that is not so is found out."""

from pathlib import Path

import pytest

from demo.icalendar import event, resource
from faults.places import DEFECT, PLACES
from faults.record import Seen, Told, Verdict, judge, title
from faults.run import torment
from faults.scene import scene

SEED, KILLS = 20261126, 4


def told(*versions: int | None, open_: tuple[int | None, ...] = ()) -> Told:
    one = Told()
    for version in versions:
        one.ask(version)
        one.hear_yes()
    for version in open_:
        one.ask(version)
    return one


@pytest.mark.parametrize(
    ("asked", "seen", "kind"),
    [
        (told(1), [1], None),
        (told(1), [], "lost"),
        (told(1), [1, 1], "doubled"),
        (told(1, 2), [1], "wrong"),
        (told(1, None), [], None),
        (told(1, None), [1], "wrong"),
        (told(1, open_=(2,)), [1], None),
        (told(1, open_=(2,)), [2], None),
        (told(1, open_=(None,)), [], None),
        (told(1, 2, open_=(None,)), [1], "wrong"),
        (told(open_=(1,)), [], None),
        (told(open_=(1, 2)), [1], None),
    ],
)
def test_the_judge(asked: Told, seen: list[int], kind: str | None) -> None:
    verdict = judge({"own-1": asked}, [Seen("own-1", version, whole=True) for version in seen])
    assert verdict == Verdict(
        **{one: ("own-1",) if one == kind else () for one in ("lost", "doubled", "wrong", "torn")}
    )
    assert bool(verdict) == (kind is not None)


def test_the_judge_knows_what_is_torn_and_what_nobody_asked_for() -> None:
    assert judge({"own-1": told(1)}, [Seen("own-1", 1, whole=False)]).torn == ("own-1",)
    assert judge({}, [Seen("own-2", 1, whole=True)]).wrong == ("own-2",)


@pytest.mark.timeout(400)
def test_killed_at_each_place_and_at_random_nothing_is_lost_doubled_or_wrong(tmp_path: Path) -> None:
    with scene(tmp_path, SEED) as where:
        tally = torment(where, KILLS, SEED)
    assert tally.reached == dict.fromkeys(PLACES, 1)
    assert tally.kills == len(PLACES) + KILLS
    assert tally.acknowledged > len(PLACES)
    assert tally.odd == []
    assert tally.at_service == Verdict((), (), (), ())
    assert tally.at_api == Verdict((), (), (), ())


@pytest.mark.timeout(200)
def test_a_server_that_says_yes_and_does_nothing_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faults.scene._SETTLES", 2.0)
    with scene(tmp_path, SEED) as where:
        where.write_for(1.0, {"DEFECT": DEFECT})
        name = next(name for name, one in where.told.items() if name.startswith("own") and one.last is not None)
        where.write_for(1.0)
        foreign = [
            resource(event(f"copy-{n}", title("own-9-9", n), ":20270101T100000Z", ":20270101T110000Z")) for n in (1, 2)
        ]
        for number, text in enumerate(foreign):
            where.put(f"copy-{number}", text)
        tally = where.settle()
    assert tally.at_service is not None
    assert name in tally.at_service.lost or name in tally.at_service.wrong
    assert tally.at_service.doubled == tally.at_service.torn == ("own-9-9",)
