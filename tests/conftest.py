"""What holds for every test."""

import pytest
from hypothesis import HealthCheck, settings

# Nothing is asserted by the clock: a busy machine is no bug. One commit is tested with the same examples everywhere;
# `make fuzz` looks for new ones, `make proof` for many.
usual = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("calwarden", usual, derandomize=True)
settings.register_profile("fuzz", usual, derandomize=False, print_blob=True)
settings.register_profile("proof", usual, derandomize=False, print_blob=True, max_examples=1_000)
settings.register_profile("swift", usual, derandomize=True, max_examples=20)
settings.load_profile("calwarden")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="what the acceptance tests' server stores in",
    )
