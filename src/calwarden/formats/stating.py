"""Property by property: what a draft states goes into a VEVENT, everything else in it stays as it is."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from calwarden.domain import colors
from calwarden.domain.draft import UNSET, DraftPlace, DraftRule, EventDraft, Invitee, Unset
from calwarden.domain.event import Component, EventStatus, Transparency
from calwarden.domain.links import with_join, without_join
from calwarden.domain.rules import fit_until
from calwarden.domain.times import DAY_SECONDS, EventTime, Instant, Zoned, instant_day, sort_key
from calwarden.formats import content, values
from calwarden.formats.lines import Block, Line, clean, escape, make_line, plain, unescape
from calwarden.formats.reading import OUTLOOK_BUSY, address
from calwarden.formats.zones import known, to_instant, to_wall

_UTC = frozenset({"UTC", "Etc/UTC", "GMT", "Etc/GMT", "Zulu", "Etc/Zulu", "Universal", "Etc/Universal"})


def time_line(name: str, when: EventTime, *, like: Line | None = None) -> Line:
    """A DTSTART, DTEND, EXDATE or RECURRENCE-ID; in the form of ``like``, if that is a moment too.

    RFC 5545 3.8.4.4 and 3.8.5.1 ask for the value type and zone of the start it belongs to.
    """
    if not isinstance(when, Zoned):
        return make_line(name, values.write_day(when), [("VALUE", "DATE")])
    if like is not None and is_floating(like):
        return make_line(name, values.write_wall(to_wall(when.at, when.tzid)))
    if when.tzid in _UTC or when.tzid not in known():
        return make_line(name, values.write_wall(to_wall(when.at, "Etc/UTC")) + "Z")
    tzid = when.tzid if like is None else like.params.get("TZID", when.tzid)
    return make_line(name, values.write_wall(to_wall(when.at, when.tzid)), [("TZID", tzid)])


def is_floating(line: Line) -> bool:
    """Whether a property holds a wall time that belongs to no zone."""
    text = line.value.strip().upper()
    return "TZID" not in line.params and "T" in text and not text.endswith("Z")


def moved(when: EventTime, seconds: int) -> EventTime:
    """``when`` plus an exact length; a day lasts a day at least."""
    if isinstance(when, Zoned):
        return Zoned(Instant(when.at + seconds), when.tzid)
    return when + timedelta(days=max(1, seconds // DAY_SECONDS))


def placed(original: EventTime, shift: int, like: EventTime) -> EventTime:
    """``original`` moved by ``shift`` seconds, as the same kind of time as ``like``."""
    at = Instant(sort_key(original) + shift)
    return Zoned(at, like.tzid) if isinstance(like, Zoned) else instant_day(Instant(at + DAY_SECONDS // 2))


def state_times(event: Block, draft: EventDraft, held: Component | None) -> None:
    """Start, end and rule. An end is always written: some servers refuse an event without (connectors.md 2.8)."""
    start = draft.start if draft.start is not UNSET else (held.start if held is not None else None)
    if start is None:
        raise ValueError("a new event needs a start")
    end = draft.end
    if end is UNSET and held is not None:
        length = sort_key(held.end) - sort_key(held.start)
        end = held.end if start == held.start else moved(start, length)
    if held is None or start != held.start:
        event.put("DTSTART", time_line("DTSTART", start))
    changed = held is None or end != held.end
    if end is not UNSET and (changed or not (event.first("DTEND") or event.first("DURATION"))):
        event.drop("DURATION")
        event.put("DTEND", time_line("DTEND", end, like=_twin(event, end)))
    _state_rule(event, draft.rule, start, held)


def _twin(event: Block, end: EventTime) -> Line | None:
    """The start whose form an end takes on: a floating one alone."""
    start = event.first("DTSTART")
    return start if isinstance(end, Zoned) and start is not None and is_floating(start) else None


def _state_rule(event: Block, rule: DraftRule | Unset | None, start: EventTime, held: Component | None) -> None:
    if rule is None:
        event.drop("RRULE", "RDATE", "EXDATE", "EXRULE")
        return
    if held is not None and (_kind(held.start) != _kind(start) or sort_key(held.start) != sort_key(start)):
        event.drop("RDATE", "EXDATE", "EXRULE")  # they name instances that are no more
    lines = event.lines("RRULE")
    if rule is not UNSET:
        lines = [make_line("RRULE", rule_text(rule, start))]
    texts = [fit_until(line.value, start) for line in lines]
    if texts != [line.value for line in event.lines("RRULE")]:
        event.put("RRULE", *(make_line("RRULE", text) for text in texts))


def _kind(when: EventTime) -> bool:
    return isinstance(when, Zoned)


def rule_text(rule: DraftRule, start: EventTime) -> str:
    """The rule; its last day is over when it is over where the event takes place."""
    if rule.until is None or not isinstance(start, Zoned):
        return rule.text(timed=isinstance(start, Zoned))
    tzid = start.tzid if start.tzid in known() else "Etc/UTC"
    last = datetime(rule.until.year, rule.until.month, rule.until.day, 23, 59, 59)  # noqa: DTZ001  # wall time
    return rule.text(timed=True, until=values.write_wall(to_wall(to_instant(last, tzid), "Etc/UTC")) + "Z")


def state_texts(event: Block, draft: EventDraft) -> None:
    """Summary, description with the joining details, link, color."""
    if draft.summary is not UNSET:
        _set_text(event, "SUMMARY", draft.summary)
    _state_conference(event, draft)
    if draft.url is not UNSET:
        event.put("URL", *_lines("URL", draft.url, [("VALUE", "URI")] if _has_value(event, "URL") else ()))
    if draft.color is not UNSET:
        name = colors.nearest_name(draft.color) if draft.color else None
        event.put("COLOR", *_lines("COLOR", name))
        event.put(
            "X-APPLE-CALENDAR-COLOR",
            *_lines("X-APPLE-CALENDAR-COLOR", draft.color.upper() if name and draft.color else None),
        )


def _has_value(event: Block, name: str) -> bool:
    line = event.first(name)
    return line is not None and "VALUE" in line.params


def _lines(name: str, value: str | None, params: Iterable[tuple[str, str]] = ()) -> Iterable[Line]:
    return [] if not value else [make_line(name, value, params)]


def _set_text(event: Block, name: str, text: str) -> None:
    line = event.first(name)
    if line is not None and clean(unescape(line.value)) == clean(text):
        return
    event.put(name, *_lines(name, escape(text)))


def _state_conference(event: Block, draft: EventDraft) -> None:
    named = {name: event.lines(name) for name in content.CONFERENCE}
    held = content.conference(named)
    join = held if draft.join_url is UNSET else plain(draft.join_url or "") or None
    if join != held:
        event.drop(*content.CONFERENCE)
        params = [("VALUE", "URI"), ("FEATURE", "VIDEO"), ("LABEL", "Join")]
        event.put("CONFERENCE", *_lines("CONFERENCE", join, params))
    if draft.description is UNSET and join == held:
        return
    line = event.first("DESCRIPTION")
    now = "" if line is None else clean(unescape(line.value))
    had_details = now != without_join(now, held)
    text = without_join(now, held) if draft.description is UNSET else clean(draft.description)
    if draft.description is not UNSET and text != without_join(now, held):
        event.drop("X-ALT-DESC")  # Outlook's copy of the text in HTML, which it would go on showing
    # The text of a meeting made elsewhere is its maker's: details go in where we state the link, or had put them.
    _set_text(event, "DESCRIPTION", with_join(text, join) if had_details or draft.join_url is not UNSET else text)


def state_place(event: Block, place: DraftPlace | None) -> None:
    """The whole place, coordinates included; what Apple knows about an earlier one goes."""
    text = clean(place.description or "") if place is not None else ""
    line = event.first("LOCATION")
    if clean(unescape(line.value) if line is not None else "") != text:
        event.drop("X-APPLE-STRUCTURED-LOCATION")
    _set_text(event, "LOCATION", text)
    given = place is not None and place.lat is not None and place.long is not None
    event.put("GEO", *_lines("GEO", f"{place.lat};{place.long}" if given and place is not None else None))


def state_marks(event: Block, draft: EventDraft, held: Component | None) -> None:
    """Transparency, tentative, private."""
    if draft.transparency is not UNSET or draft.tentative is not UNSET:
        _translate_outlook(event, held)
    if draft.transparency is not UNSET:
        event.put("TRANSP", make_line("TRANSP", draft.transparency.upper()))
    if draft.tentative is not UNSET:
        event.put("STATUS", make_line("STATUS", "TENTATIVE" if draft.tentative else "CONFIRMED"))
    if draft.private is not UNSET and draft.private is not (event.value("CLASS").strip().upper() in content.PRIVATE):
        event.put("CLASS", make_line("CLASS", "PRIVATE" if draft.private else "PUBLIC"))


def _translate_outlook(event: Block, held: Component | None) -> None:
    """Say in standard words what Outlook's own one says, and drop that: it would contradict what is stated."""
    if held is None or event.first(OUTLOOK_BUSY) is None:
        return
    if held.transparency is not Transparency.UNKNOWN:
        event.put("TRANSP", make_line("TRANSP", held.transparency.upper()))
    if held.status is EventStatus.TENTATIVE:
        event.put("STATUS", make_line("STATUS", "TENTATIVE"))
    event.drop(OUTLOOK_BUSY)


def state_reminders(event: Block, minutes: tuple[int, ...]) -> None:
    """Exactly these reminders, in this order; sounds, mails and other alarms are the person's own."""
    wanted = tuple(dict.fromkeys(minutes))
    if content.reminders(event) == wanted:
        return
    held: dict[int, Block] = {}
    for alarm in event.blocks("VALARM"):
        before = content.minutes_of(alarm)
        if before is not None:
            held.setdefault(before, alarm)
    event.items = [
        one
        for one in event.items
        if not (isinstance(one, Block) and one.name == "VALARM" and content.minutes_of(one) is not None)
    ]
    event.items.extend(held.get(before) or _alarm(before, event) for before in wanted)


def _alarm(before: int, event: Block) -> Block:
    trigger = f"-PT{before}M" if before else "PT0S"
    text = event.value("SUMMARY") or "Reminder"
    return Block(
        "VALARM", [make_line("ACTION", "DISPLAY"), make_line("DESCRIPTION", text), make_line("TRIGGER", trigger)]
    )


def state_attendees(event: Block, invite: Iterable[Invitee], remove: Iterable[str], organizer: str | None) -> None:
    """Add and remove people; who is not mentioned is left alone. An organizer stands only where attendees do."""
    gone = {email.lower() for email in remove}
    invited = [one for one in invite if one.email.lower() not in gone]
    held = event.lines("ATTENDEE")
    kept = [line for line in held if address(line).lower() not in gone]
    present = {address(line).lower() for line in kept}
    for one in invited:
        if one.email.lower() not in present:
            present.add(one.email.lower())
            kept.append(_attendee(one))
    if kept == held:
        return
    event.put("ATTENDEE", *kept)
    if not kept:
        event.drop("ORGANIZER")
    elif organizer and event.first("ORGANIZER") is None:
        event.put("ORGANIZER", make_line("ORGANIZER", f"mailto:{organizer}"))


def _attendee(one: Invitee) -> Line:
    params = [("PARTSTAT", "NEEDS-ACTION"), ("RSVP", "TRUE"), ("ROLE", "REQ-PARTICIPANT")]
    name = plain(one.name)
    return make_line("ATTENDEE", f"mailto:{one.email}", [("CN", name), *params] if name else params)
