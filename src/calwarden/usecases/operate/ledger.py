"""The audit chains against an earlier export: what was cut off the end shows there and nowhere else (security 10.4)."""

from collections.abc import Iterable, Mapping

from calwarden.domain.ids import AccountId
from calwarden.usecases.kit import Kit


def compare_with_export(kit: Kit, records: Iterable[Mapping[str, object]]) -> list[str]:
    """Problems of the chains as they are now, and every entry of the export that is gone or another one by now."""
    exported = [one for one in records if one.get("kind") in {"entry", "head"}]
    with kit.store.read() as uow:
        problems = list(uow.audit.verify())
        for name in dict.fromkeys(str(one.get("account_id")) for one in exported):
            held = {one["sequence"]: one["hash"] for one in uow.audit.export(AccountId(name)) if one["kind"] == "entry"}
            for one in exported:
                if one.get("account_id") != name or (one.get("kind") == "head" and one.get("sequence") == 0):
                    continue
                if held.get(one.get("sequence")) != one.get("hash"):
                    problems.append(f"{name}: entry {one.get('sequence')} of the export is not in the ledger")
    return list(dict.fromkeys(problems))
