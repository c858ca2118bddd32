"""``calwarden doctor``: looks at everything the server stands on, and says what to do. Changes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import asdict

import typer

from calwarden.cli.console import AsJson
from calwarden.cli.doctor.finding import MEANING, Code, Finding, Status, fine, problem
from calwarden.cli.doctor.machine import clock, data_folder, keys
from calwarden.cli.doctor.reach import mail, operator_grants, outbound, public_url
from calwarden.cli.doctor.storage import database
from calwarden.cli.doctor.upkeep import content
from calwarden.cli.failures import answering
from calwarden.settings import Settings, SettingsError
from calwarden.wiring.logs import set_up_logs
from calwarden.wiring.system import read_settings

__all__ = ["MEANING", "Code", "Finding", "Status", "doctor", "examine"]

_CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    data_folder, keys, database, content, clock, public_url, mail, outbound, operator_grants,
)  # fmt: skip


def doctor(as_json: AsJson = False) -> None:
    """Look at settings, keys, database, syncs, ledger, clock, public address and mail; say what to do. Changes nothing.

    Exit status 1 if there is a problem; warnings alone leave it 0.
    """
    with answering(as_json) as console:
        findings = list(examine())
        ok = not any(one.status is Status.PROBLEM for one in findings)
        console.show({"ok": ok, "findings": [asdict(one) for one in findings]}, _lines(findings))
    if not ok:
        raise typer.Exit(1)


def examine() -> Iterator[Finding]:
    """Every finding, in the order of what depends on what."""
    try:
        settings = read_settings()
    except SettingsError as error:
        for one in error.complaints:
            yield problem("configuration", Code.SETTING_INVALID, f"{one.variable} {one.problem}", one.fix)
        return
    set_up_logs(settings.log_format, development=settings.development)
    yield fine("configuration", "every setting can be used")
    for check in _CHECKS:
        yield from check(settings)


def _lines(findings: list[Finding]) -> Iterator[str]:
    for one in findings:
        yield f"{one.status.upper():<8} {one.check:<14} {one.message}"
        if one.fix:
            yield f"{'':<23} -> {one.fix}"
