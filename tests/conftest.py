"""What holds for every test."""

from hypothesis import HealthCheck, settings

# Nothing is asserted by the clock: a busy machine is no bug.
settings.register_profile("calwarden", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("calwarden")
