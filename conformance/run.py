"""One run of the kit: everything that is wanted, and cleaning up whatever happens."""

from collections.abc import Sequence

from conformance.checks import GROUPS
from conformance.client import CannotRun, NotTried
from conformance.config import Config
from conformance.expected import columns
from conformance.matrix import Matrix
from conformance.report import Report
from conformance.world import World


def run(config: Config, only: Sequence[str] = (), chosen: Sequence[str] = ()) -> Report:
    """Everything, or what ``only`` names; the matrix in the ``chosen`` columns. Raises CannotRun."""
    unknown = sorted(set(chosen) - set(columns()))
    if unknown:
        raise CannotRun(f"no such column: {', '.join(unknown)}")
    report = Report(only)
    world = World.open(config)
    try:
        for group, check in GROUPS:
            if not report.wants(group):
                continue
            try:
                check(world, report)
            except NotTried as error:
                report.skip(group, str(error))
        if report.wants("matrix"):
            Matrix(world, report, chosen or tuple(columns())).run()
    finally:
        try:
            report.left = world.leave()
        except CannotRun as error:
            report.left = [f"everything titled kit{world.run}-...: {error}"]
        world.close()
    if not report.tried:
        raise CannotRun(f"nothing was tried: {'; '.join(report.skipped.values()) or 'no check has such a name'}")
    return report
