"""Recurrence on the wire (contract events 4.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from calwarden.domain.draft import UNSET, DraftRule, Unset
from calwarden.httpkit.shapes import ABSENT, Choice, Items, Problems, Read, Record, Schema, Shape, Stated, Whole
from calwarden.timetable.wiretime import parse_day

_DAYS: Final = {
    "monday": "MO",
    "tuesday": "TU",
    "wednesday": "WE",
    "thursday": "TH",
    "friday": "FR",
    "saturday": "SA",
    "sunday": "SU",
}
_MOST_COUNT = 5_000  # occurrences that are ever expanded (security 7.6)
_NAME: Final = Choice(tuple(_DAYS))
_NTH: Final = Record({"day": Stated(_NAME, required=True), "nth_of_period": Stated(Whole(-53, 53))})


@dataclass(frozen=True, slots=True)
class _ByDay:
    """A weekday by name, or an object that also says which one of the period; gives the iCalendar code."""

    def read(self, value: object, at: str, wrong: Problems) -> Any:
        if not isinstance(value, dict):
            day = _NAME.read(value, at, wrong)
            return ABSENT if day is ABSENT else _DAYS[day]
        said = _NTH.read(value, at, wrong)
        if said.get("nth_of_period") == 0:
            return wrong.add(f"{at}.nth_of_period", "errors.invalid_format", "must not be 0")
        return f"{said.get('nth_of_period', '')}{_DAYS[said['day']]}" if "day" in said else ABSENT

    def schema(self) -> Schema:
        return {"anyOf": [_NAME.schema(), _NTH.schema()]}


_BY_DAY: Final[Shape] = _ByDay()
_RULE: Final = Record(
    {
        "frequency": Stated(Choice(("daily", "weekly", "monthly", "yearly")), required=True),
        "interval": Stated(Whole(1, 1_000)),
        "by_day": Stated(Items(_BY_DAY, 14)),
        "count": Stated(Whole(1, _MOST_COUNT)),
        "until": Stated(Read(parse_day, "errors.must_be_date", "2031-06-30", most=40)),
    }
)
RECURRENCE: Final = Record(
    {"rules": Stated(Items(_RULE, 1, key="errors.max_recurrence_rules_exceeded"), required=True)}
)
"""One rule at most."""


def rule_of(said: Mapping[str, Any], wrong: Problems) -> DraftRule | Unset | None:
    """The rule that ``recurrence`` states; None stops recurring. What is wrong with it as a whole is noted."""
    rules = said.get("recurrence", {}).get("rules")
    if rules is None:
        return UNSET
    if not rules:
        return None
    (rule,) = rules
    at = "recurrence.rules[0]"
    if "count" in rule and "until" in rule:
        wrong.add(at, "errors.not_supported_count_until_combination", "state count or until, not both")
    by_day = tuple(rule.get("by_day", ()))
    if "frequency" not in rule:
        return UNSET
    if by_day and not _fits(rule["frequency"], by_day):
        wrong.add(
            f"{at}.by_day", "errors.not_supported", "weekdays go with weekly, the nth of them with monthly or yearly"
        )
    return DraftRule(rule["frequency"], rule.get("interval", 1), by_day, rule.get("count"), rule.get("until"))


def _fits(frequency: str, by_day: tuple[str, ...]) -> bool:
    numbered = [one for one in by_day if len(one) > len("MO")]
    if frequency == "weekly":
        return not numbered
    return frequency in {"monthly", "yearly"} and len(numbered) == len(by_day)
