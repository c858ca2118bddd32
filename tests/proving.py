"""Whether this run is `make proof`, which leaves nothing out, or the suite, which has to end soon."""

from hypothesis import settings

PROVING = settings.get_current_profile_name() == "proof"
