"""What was wrong with a form, as its page shows it: one sentence a field."""

from calwarden.domain.errors import Invalid


def problems_of(wrong: Invalid) -> dict[str, str]:
    """The first problem of each field, as a sentence."""
    return {
        field: problems[0].description[:1].upper() + problems[0].description[1:]
        for field, problems in wrong.fields.items()
        if problems
    }
