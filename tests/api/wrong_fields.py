"""Every way to state a field of an event wrongly."""

from typing import Any

INVITED = {"email": "lou@example.org", "display_name": "Lou"}

WRONG: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"summary": ...}, {"summary": "required"}),
    ({"start": ..., "end": None}, {"start": "required", "end": "required"}),
    ({"event_id": ...}, {"event_id": "required"}),
    ({"event_id": "x" * 513}, {"event_id": "invalid_format"}),
    ({"event_id": 7}, {"event_id": "invalid_format"}),
    ({"event_id": "a\ud800"}, {"event_id": "invalid_format"}),
    ({"summary": "x" * 1025}, {"summary": "invalid_format"}),
    ({"summary": 5}, {"summary": "invalid_format"}),
    ({"summary": "a\0b"}, {"summary": "invalid_format"}),
    ({"summary": "a\u2028b"}, {"summary": "invalid_format"}),
    ({"description": "x" * 8193}, {"description": "invalid_format"}),
    ({"description": ["x"]}, {"description": "invalid_format"}),
    ({"start": "yesterday"}, {"start": "invalid_format"}),
    ({"start": "2030-04-05T15:30:00"}, {"start": "invalid_format"}),
    ({"start": "2030-04-05T15:30:00.5Z"}, {"start": "invalid_format"}),
    ({"start": "2030-02-30"}, {"start": "invalid_format"}),
    ({"start": "1969-12-31T00:00:00Z"}, {"start": "invalid_format"}),
    ({"end": "2200-01-01T00:00:00Z"}, {"end": "invalid_format"}),
    ({"start": 1_900_000_000}, {"start": "invalid_format"}),
    ({"start": {}}, {"start.time": "required"}),
    ({"start": {"time": 5, "tzid": "X"}}, {"start.time": "invalid_format", "start.tzid": "tzid_unrecognized"}),
    ({"end": "2030-03-18T08:59:59Z"}, {"end": "invalid_time_pair"}),
    ({"end": "2030-03-19"}, {"end": "invalid_time_pair"}),
    ({"start": "2030-03-18", "end": "2030-03-18"}, {"end": "invalid_time_pair"}),
    ({"end": "2041-03-18T09:00:00Z"}, {"end": "invalid_time_pair"}),
    ({"tzid": "Mars/Olympus"}, {"tzid": "tzid_unrecognized"}),
    ({"tzid": "../../etc/passwd"}, {"tzid": "tzid_unrecognized"}),
    ({"tzid": "europe/paris"}, {"tzid": "tzid_unrecognized"}),
    ({"location": "Hall"}, {"location": "invalid_format"}),
    ({"location": {"lat": "1"}}, {"location": "invalid_format"}),
    ({"location": {"lat": "91", "long": "x"}}, {"location.lat": "invalid_format", "location.long": "invalid_format"}),
    ({"url": "not a uri"}, {"url": "invalid_format"}),
    ({"url": "javascript:alert(1)"}, {"url": "invalid_format"}),
    ({"url": "https://a.example/" + "x" * 2048}, {"url": "invalid_format"}),
    ({"reminders": [{"minutes": 1}] * 6}, {"reminders": "invalid_format"}),
    ({"reminders": [{"minutes": -1}]}, {"reminders[0].minutes": "invalid_format"}),
    (
        {"reminders": [{}, {"minutes": True}]},
        {"reminders[0].minutes": "required", "reminders[1].minutes": "invalid_format"},
    ),
    ({"reminders_create_only": "yes"}, {"reminders_create_only": "must_be_boolean"}),
    ({"transparency": "glass"}, {"transparency": "not_recognized"}),
    ({"extended_transparency": "unknown"}, {"extended_transparency": "not_recognized"}),
    ({"color": "red"}, {"color": "invalid_format"}),
    ({"event_private": "true"}, {"event_private": "must_be_boolean"}),
    ({"attendees": {"invite": [INVITED, {"email": "nobody"}]}}, {"attendees.invite[1].email": "invalid_email"}),
    ({"attendees": {"invite": [{"display_name": "X"}]}}, {"attendees.invite[0].email": "required"}),
    ({"attendees": {"reject": [{"email": "a@b\r\nX: y"}]}}, {"attendees.reject[0].email": "invalid_email"}),
    ({"attendees": {"invite": [INVITED] * 201}}, {"attendees.invite": "invalid_format"}),
    ({"attendees": []}, {"attendees": "invalid_format"}),
    (
        {"conferencing": {"profile_id": "integrated"}},
        {"conferencing.profile_id": "integrated_conferencing_not_available"},
    ),
    ({"conferencing": {"profile_id": "default"}}, {"conferencing.profile_id": "integrated_conferencing_not_available"}),
    ({"conferencing": {"profile_id": "pro_zoom"}}, {"conferencing.profile_id": "not_recognized"}),
    ({"conferencing": {"profile_id": "explicit"}}, {"conferencing.join_url": "required"}),
    ({"conferencing": {"profile_id": "explicit", "join_url": "tel:1"}}, {"conferencing.join_url": "invalid_format"}),
    ({"conferencing": {}}, {"conferencing.profile_id": "required"}),
    ({"subscriptions": [{"type": "webhook"}]}, {"subscriptions": "not_supported"}),
    ({"attachments": [{"attachment_id": "att_1"}]}, {"attachments": "not_supported"}),
    ({"recurrence": {}}, {"recurrence.rules": "required"}),
    ({"recurrence": {"rules": [{"frequency": "daily"}] * 2}}, {"recurrence.rules": "max_recurrence_rules_exceeded"}),
    ({"recurrence": {"rules": [{"frequency": "secondly"}]}}, {"recurrence.rules[0].frequency": "not_recognized"}),
    (
        {"recurrence": {"rules": [{"frequency": "daily", "interval": 0}]}},
        {"recurrence.rules[0].interval": "must_be_integer_greater_than_zero"},
    ),
    (
        {"recurrence": {"rules": [{"frequency": "daily", "count": 2, "until": "2031-01-01"}]}},
        {"recurrence.rules[0]": "not_supported_count_until_combination"},
    ),
    (
        {"recurrence": {"rules": [{"frequency": "daily", "by_day": ["monday"]}]}},
        {"recurrence.rules[0].by_day": "not_supported"},
    ),
    (
        {
            "recurrence": {
                "rules": [{"frequency": "monthly", "by_day": [{"day": "monday", "nth_of_period": 0}, "moonday"]}]
            }
        },
        {
            "recurrence.rules[0].by_day[0].nth_of_period": "invalid_format",
            "recurrence.rules[0].by_day[1]": "not_recognized",
        },
    ),
]
"""What is changed of a body that can be written, and the key that each field is named with."""
