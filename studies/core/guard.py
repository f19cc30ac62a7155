"""Text in CSV that a spreadsheet would run as a formula: an apostrophe before it, and the same taken away again."""

FORMULA_STARTS = tuple("=+-@|%\t\r\n")


def guarded(text: str) -> str:
    """With an apostrophe before it, if a spreadsheet would run it as a formula.

    What looks guarded already gets one more, so that `unguarded` gives back every text as it was.

    >>> guarded("=1+1"), guarded("'=1+1"), guarded("hammer-1.jpg")
    ("'=1+1", "''=1+1", 'hammer-1.jpg')
    """
    return f"'{text}" if _begins_like_a_formula(text) else text


def unguarded(text: str) -> str:
    """The text that `guarded` was given.

    >>> unguarded("'=1+1"), unguarded("''=1+1"), unguarded("'quoted'")
    ('=1+1', "'=1+1", "'quoted'")
    """
    return text[1:] if text.startswith("'") and _begins_like_a_formula(text) else text


def _begins_like_a_formula(text: str) -> bool:
    return text.lstrip("'")[:1] in FORMULA_STARTS
