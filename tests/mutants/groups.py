"""Which tests are about which file of the core and of its guards."""

POLICY = ("unit/test_policy_matrix", "property/test_policy_enumeration")
VIEWS = (
    "usecases/test_read_busy",
    "usecases/test_read_events",
    "usecases/test_read_account",
    "usecases/test_terms",
    "usecases/test_permission_checks",
)
ASKING = ("usecases/test_request_elevation", "usecases/test_terms")
GRANTING = ("usecases/test_authorize", "usecases/test_refresh_and_revoke", "usecases/test_terms")
DELIVERING = (
    "usecases/test_deliver",
    "usecases/test_deliver_withdrawn",
    "usecases/test_deliver_calendars",
    "usecases/test_deliver_trouble",
    "usecases/test_write_delivered",
)
PAGES = ("usecases/test_read_busy_pages", "usecases/test_read_events_pages")
WRITING = (
    "usecases/test_write_own_events",
    "usecases/test_write_external_events",
    "usecases/test_write_bulk",
    "usecases/test_permission_checks",
)
SAME = "usecases/test_read_noninterference"

GROUPS: dict[str, tuple[str, ...]] = {
    "policy/decide.py": POLICY,
    "policy/decision.py": POLICY,
    "policy/scopes.py": (*POLICY, "docs/test_docs"),
    "policy/explain.py": (*POLICY, "api/test_surface"),
    "policy/elevation.py": ("unit/test_policy_elevation", *ASKING, "usecases/test_deliver"),
    "policy/view.py": (
        *VIEWS,
        "unit/test_policy_view",
        "usecases/test_write_external_events",
        "property/test_policy_laws",
        SAME,
    ),
    "usecases/access.py": (
        *VIEWS[:3],
        "usecases/test_bearers",
        "usecases/test_write_own_events",
        "usecases/test_develop",
    ),
    "usecases/reading.py": (*VIEWS, "usecases/test_tally", "usecases/test_read_events_pages"),
    "usecases/checking.py": ("usecases/test_permission_checks", "api/test_asking_what_may_be"),
    "usecases/paging.py": PAGES,
    "usecases/freebusy/periods.py": ("usecases/test_read_busy", SAME),
    "usecases/events/choosing.py": WRITING,
    "usecases/events/common.py": WRITING,
    "usecases/events/bulk.py": WRITING,
    "usecases/events/respond.py": WRITING,
    "usecases/calendars/create.py": ("usecases/test_create_calendar",),
    "usecases/authorize/consent.py": GRANTING,
    "usecases/authorize/exchange.py": GRANTING,
    "usecases/authorize/refresh.py": GRANTING,
    "usecases/authorize/narrowing.py": GRANTING,
    "usecases/authorize/granting.py": GRANTING,
    "usecases/authorize/revoke.py": GRANTING,
    "usecases/authorize/extended.py": ("usecases/test_answer_extension", *ASKING),
    "usecases/elevation/request.py": ASKING,
    "usecases/deliver/judging.py": DELIVERING,
    "usecases/ending.py": ("usecases/test_sync_calendars", "usecases/test_sync_made_again"),
    "store/grants.py": ("contract/test_store_grants", "contract/test_store_tenancy", *GRANTING),
    "oauth/redirect.py": ("unit/test_oauth_redirect",),
}
"""A file of the package, and the tests of which one has to fail for each change of it."""
