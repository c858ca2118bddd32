"""The conformance kit finds nothing on the real server, and finds every fault that is put into one.

Everything is real but the people: Radicale, ``calwarden serve``, consent on its pages, requests on loopback.
"""

from collections.abc import Iterator

import pytest
from conformance_bench import Bench, bench
from conformance_faults import FAULTS

from conformance.config import config_of
from conformance.run import run


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("conformance")) as made:
        yield made


def test_the_server_conforms(stand: Bench) -> None:
    with stand.server() as good:
        report = run(config_of(good.config("issue")))
    assert report.deviations == []
    assert sum(map(len, report.cells.values())) == 468
    assert set(report.skipped) == {"matrix/channel", "matrix/channel_managed"}
    assert report.left == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_caught_by_the_check_that_is_for_it(stand: Bench, name: str) -> None:
    fault = FAULTS[name]
    with stand.server(name) as wrong:
        report = run(config_of(wrong.config(patience=3)), [fault.only], fault.columns)
    found = [one.check for one in report.deviations]
    assert fault.caught in found, found
