"""How much a run leaves out: nothing in `make proof`, little in the suite, much in `make mutants`, which runs tests a
thousand times.
"""

from hypothesis import settings

PROVING = settings.get_current_profile_name() == "proof"
SWIFT = settings.get_current_profile_name() == "swift"
