"""Numbers with what they count."""


def many(count: int, one: str, more: str = "") -> str:
    """Write a number with what it counts; `more` where an `s` does not do."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"
