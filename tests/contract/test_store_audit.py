"""The ledger: its chain, its counters, and what verification finds."""

import base64
import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text

from calwarden.domain.audit import Actor, AuditEntry, Looked, Outcome
from calwarden.domain.errors import NotFound
from calwarden.domain.ids import AccountId, ApplicationId, CalendarId
from calwarden.domain.times import Instant
from calwarden.store import SqlStore
from contract.postgres import in_hand
from contract.store_world import APP, JANE, MARCEL, NOW, OTHER, WORK, at_once, hold

HOUR = Instant(NOW - NOW % 3600)


def entry(number: int, account_id: AccountId = JANE) -> AuditEntry:
    return AuditEntry(
        account_id,
        Instant(NOW + number),
        Actor.APPLICATION,
        "event.upsert",
        Outcome.REFUSED,
        APP,
        "scope_missing",
        {"calendar": WORK, "number": str(number)},
    )


def record(store: SqlStore, *entries: AuditEntry) -> None:
    for one in entries:
        with store.write() as uow:
            uow.audit.append(one)


def problems(store: SqlStore) -> list[str]:
    with store.read() as uow:
        return list(uow.audit.verify())


def test_entries_come_back_newest_first(store: SqlStore) -> None:
    hold(store, JANE, MARCEL)
    record(store, entry(1), entry(2), entry(1, MARCEL), entry(3))
    with store.read() as uow:
        assert list(uow.audit.entries(JANE)) == [entry(3), entry(2), entry(1)]
        assert list(uow.audit.entries(JANE, 2)) == [entry(3), entry(2)]
        assert list(uow.audit.entries(JANE, 1, skip=1)) == [entry(2)]
        assert list(uow.audit.entries(JANE, skip=2)) == [entry(1)]
        assert list(uow.audit.entries(JANE, 5, skip=3)) == []
        assert list(uow.audit.entries(MARCEL)) == [entry(1, MARCEL)]
        assert list(uow.audit.entries(AccountId("acc_nobody"))) == []
    assert problems(store) == []


def test_the_ledger_of_an_account_that_never_was_cannot_be_written(store: SqlStore) -> None:
    with pytest.raises(NotFound), store.write() as uow:
        uow.audit.append(entry(1))


def test_entries_appended_at_once_stand_in_one_chain(store: SqlStore) -> None:
    hold(store)
    at_once(8, lambda number: record(store, entry(number)))
    with store.read() as uow:
        assert len(uow.audit.entries(JANE)) == 8
    assert problems(store) == []


def test_reads_become_one_entry_for_each_closed_hour(store: SqlStore) -> None:
    hold(store)
    with store.write(durable=False) as uow:
        for second in (0, 1, 3599):
            uow.audit.count_read(JANE, APP, WORK, "events", Instant(HOUR + second), looked=Looked())
        uow.audit.count_read(JANE, APP, WORK, "free_busy", HOUR, looked=Looked())
        uow.audit.count_read(JANE, OTHER, CalendarId(""), "refused:scope_missing", HOUR, looked=Looked())
        uow.audit.count_read(JANE, APP, WORK, "events", Instant(HOUR + 3600), looked=Looked())
    with store.write() as uow:
        uow.audit.close_hours(Instant(HOUR + 3599))
        assert list(uow.audit.entries(JANE)) == []
        uow.audit.close_hours(Instant(HOUR + 3600))
        uow.audit.close_hours(Instant(HOUR + 3600))
        found = {(one.what, one.application_id, one.on.get("level")): one for one in uow.audit.entries(JANE)}
    assert set(found) == {("read", APP, "events"), ("read", APP, "free_busy"), ("read.refused", OTHER, "refused")}
    events = found["read", ApplicationId(APP), "events"]
    hour = "2030-03-17T17:00:00Z"
    assert events.on == {"calendar": WORK, "level": "events", "hour": hour, "reads": "3", "events": "0"}
    assert (events.at, events.outcome, events.reason) == (HOUR + 3600, Outcome.ALLOWED, None)
    refused = found["read.refused", ApplicationId(OTHER), "refused"]
    assert (refused.outcome, refused.reason, "calendar" in refused.on) == (Outcome.REFUSED, "scope_missing", False)
    with store.write() as uow:
        uow.audit.close_hours(Instant(HOUR + 7200))
        assert len(uow.audit.entries(JANE)) == 4
    assert problems(store) == []


def test_what_reads_gave_adds_up_and_their_times_span_all_of_them(store: SqlStore) -> None:
    hold(store)
    first = (
        Looked(1, 4, Instant(100), Instant(200)),
        Looked(2, 1, Instant(50), Instant(150)),
        Looked(1, 3),
    )
    with store.write(durable=False) as uow:
        for one in first:
            uow.audit.count_read(JANE, APP, WORK, "events", HOUR, looked=one)
        uow.audit.count_read(JANE, APP, WORK, "free_busy", HOUR, looked=Looked(1, 2))
        uow.audit.count_read(JANE, APP, WORK, "free_busy", HOUR, looked=Looked(1, 2, Instant(7), Instant(9)))
    with store.write() as uow:
        uow.audit.close_hours(Instant(HOUR + 3600))
        found = {one.on["level"]: one.on for one in uow.audit.entries(JANE)}
    assert sum(first[1:], first[0]) == Looked(4, 8, Instant(50), Instant(200))
    events, busy = found["events"], found["free_busy"]
    assert (events["reads"], events["events"]) == ("4", "8")
    assert (events["from"], events["to"]) == ("1970-01-01T00:00:50Z", "1970-01-01T00:03:20Z")
    assert (busy["reads"], busy["events"], busy["from"]) == ("2", "4", "1970-01-01T00:00:07Z")


def test_a_ledger_is_read_chapter_by_chapter(store: SqlStore) -> None:
    hold(store, JANE, MARCEL)
    record(store, *(entry(number) for number in range(5)), entry(9, MARCEL))
    with store.read() as uow:
        chapters = [uow.audit.chapter(JANE, after, 2) for after in (0, 2, 4, 5)]
        exported = list(uow.audit.export(JANE))
        head = uow.audit.head(JANE)
    assert [len(one) for one in chapters] == [2, 2, 1, 0]
    assert [*(line for one in chapters for line, _, _ in one), head] == exported
    assert [one.on["number"] for each in chapters for _, _, one in each] == ["0", "1", "2", "3", "4"]


def test_an_export_can_be_checked_by_anybody(store: SqlStore) -> None:
    hold(store, JANE, MARCEL)
    record(store, entry(1), entry(2), entry(1, MARCEL))
    with store.read() as uow:
        everything = list(uow.audit.export())
        janes = list(uow.audit.export(JANE))
    assert [one["account_id"] for one in everything] == [JANE] * 3 + [MARCEL] * 2
    assert janes == everything[:3]
    first, second, head = janes
    assert (first["sequence"], first["previous"], second["previous"]) == (1, "0" * 64, first["hash"])
    assert (head["kind"], head["sequence"], head["hash"]) == ("head", 2, second["hash"])
    assert isinstance(first["content"], dict)
    assert first["content"]["on"] == {"calendar": WORK, "number": "1"}
    header = f'["{JANE}",1,{NOW + 1},"{"0" * 64}"]'.encode()
    sealed = base64.b64decode(str(first["sealed"]))
    assert hashlib.sha256(len(header).to_bytes(4, "big") + header + sealed).hexdigest() == first["hash"]


def test_anybody_can_check_the_head_with_the_public_key(store: SqlStore) -> None:
    hold(store)
    record(store, entry(1), entry(2))
    with store.read() as uow:
        head, key = uow.audit.head(JANE), uow.audit.public_key()
    assert head is not None
    assert head["public_key"] == key
    message = f'["{JANE}",2,"{head["hash"]}"]'.encode()
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
    public.verify(bytes.fromhex(str(head["signature"])), message)
    with pytest.raises(InvalidSignature):
        public.verify(bytes.fromhex(str(head["signature"])), message.replace(b",2,", b",1,"))


def test_a_head_of_the_version_before_is_good_until_the_next_entry(store: SqlStore) -> None:
    hold(store)
    record(store, entry(1))
    with store.read() as uow:
        head = uow.audit.head(JANE)
    assert head is not None
    message = f'["{JANE}",1,"{head["hash"]}"]'.encode()
    run(store, f"UPDATE audit_heads SET signature = '{store._cache.keyring.mac('audit-head', message).hex()}'")
    assert problems(store) == []


@pytest.mark.parametrize("signature", ["", "nonsense", "00" * 64, "00" * 32])
def test_a_head_with_another_signature_is_told(store: SqlStore, signature: str) -> None:
    hold(store)
    record(store, entry(1))
    run(store, f"UPDATE audit_heads SET signature = '{signature}'")
    assert problems(store) == [f"{JANE}: the head of the ledger is not signed by this server"]


def test_the_ledger_of_an_erased_account_verifies_and_is_unreadable(store: SqlStore) -> None:
    hold(store, JANE, MARCEL)
    record(store, entry(1), entry(2), entry(1, MARCEL))
    with store.write() as uow:
        uow.accounts.delete(JANE)
    assert problems(store) == []
    with store.read() as uow:
        assert list(uow.audit.entries(JANE)) == []
        exported = list(uow.audit.export(JANE))
    assert [one["kind"] for one in exported] == ["entry", "entry", "head"]
    assert not any("content" in one for one in exported)
    with pytest.raises(NotFound):
        record(store, entry(3))


def run(store: SqlStore, *statements: str) -> None:
    """What somebody with the database in hand does."""
    with in_hand(store) as connection:
        for statement in statements:
            connection.execute(text(statement))


JANES = f"audit_entries WHERE account_id = '{JANE}'"
MARCELS = f"audit_entries WHERE account_id = '{MARCEL}'"
HEAD = f"audit_heads WHERE account_id = '{JANE}'"


def change(column: str, value: str, sequence: int) -> str:
    return f"UPDATE audit_entries SET {column} = {value} WHERE account_id = '{JANE}' AND sequence = {sequence}"


def delete(sequence: int) -> str:
    return f"DELETE FROM {JANES} AND sequence = {sequence}"


def move_head(sequence: int) -> str:
    hash_ = f"SELECT hash FROM {JANES} AND sequence = {sequence}"
    return f"UPDATE audit_heads SET sequence = {sequence}, hash = ({hash_}) WHERE account_id = '{JANE}'"


TAMPERING = {
    "a changed time": ("entry 2 was changed", change("at", "at + 1", 2)),
    "changed content": ("entry 3 was changed", change("sealed", f"(SELECT sealed FROM {JANES} AND sequence = 1)", 3)),
    "a deletion in the middle": ("entries 2 to 2 are missing", delete(2)),
    "a deletion at the start": ("entries 1 to 1 are missing", delete(1)),
    "a deletion with new numbers": (
        "entry 2 does not follow the one before it",
        delete(2),
        change("sequence", "2", 3),
    ),
    "a reordering": (
        "entry 1 does not follow the one before it",
        change("sequence", "9", 1),
        change("sequence", "1", 2),
        change("sequence", "2", 9),
    ),
    "a truncation": ("the ledger ends at entry 2, its head names entry 3", delete(3)),
    "a truncation with a new head": (
        "the head of the ledger is not signed by this server",
        delete(3),
        move_head(2),
    ),
    "an insertion": (
        "entry 4 was changed",
        f"INSERT INTO audit_entries SELECT account_id, 4, at, hash, hash, sealed FROM {JANES} AND sequence = 3",
    ),
    "an entry of somebody else": (
        "entry 1 was changed",
        delete(1),
        f"INSERT INTO audit_entries SELECT '{JANE}', 1, at, previous, hash, sealed FROM {MARCELS}",
    ),
    "everything of one account": ("the ledger has lost its head", f"DELETE FROM {JANES}", f"DELETE FROM {HEAD}"),
    "a lost head": ("the ledger has lost its head", f"DELETE FROM {HEAD}"),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_verification_finds(what: str, store: SqlStore) -> None:
    finding, *statements = TAMPERING[what]
    hold(store, JANE, MARCEL)
    record(store, entry(1), entry(2), entry(3), entry(1, MARCEL))
    assert problems(store) == []
    run(store, *statements)
    assert f"{JANE}: {finding}" in problems(store)


def test_an_untouched_ledger_of_somebody_else_stays_without_findings(store: SqlStore) -> None:
    hold(store, JANE, MARCEL)
    record(store, entry(1), entry(1, MARCEL))
    run(store, change("at", "0", 1))
    assert all(problem.startswith(f"{JANE}:") for problem in problems(store))


def test_a_truncated_ledger_does_not_heal_by_going_on(store: SqlStore) -> None:
    hold(store)
    record(store, entry(1), entry(2))
    run(store, delete(2))
    record(store, entry(3))
    assert f"{JANE}: entries 2 to 2 are missing" in problems(store)
