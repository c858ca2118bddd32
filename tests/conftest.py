"""What holds for every test."""

import pytest
from hypothesis import HealthCheck, settings

# Nothing is asserted by the clock: a busy machine is no bug.
settings.register_profile("calwarden", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("calwarden")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", "postgresql"),
        default="sqlite",
        help="what the acceptance tests' server stores in",
    )
