"""Answers that take more than one press: a form's fields say parts of it, and their sum is the shown value.

A field that says a part has a name that begins with PART, and is a radio button or a selection, `required`, so that the form works
without scripts. The part of the page that holds them has `data-script`: the address of a module in static/js that exports
`compose(root, changed)` (static/js/parts.js), through which static/js/trial.js reads the answer and hands on keys; maps carry `data-map`
(their place) and `data-key`. One button of the class `option` sends it.
"""

import re
from collections.abc import Mapping

from .base import Page

PART = "part-"
ONE_PART = re.compile("[0-9]{1,9}")  # longer ones add up to numbers that nothing can write


class ComposedPage(Page):
    """A page on which several presses make one answer."""

    def sent(self, form: Mapping[str, str], shown: int) -> str | None:
        """The sum of the parts; `value` itself where a program sends that. None where a part is no small number."""
        if "value" in form:
            return form["value"]
        parts = [said for name, said in form.items() if name.startswith(PART)]
        if not parts or not all(ONE_PART.fullmatch(said) for said in parts):
            return None
        return str(self.put_together([*map(int, parts)], shown))

    def put_together(self, parts: list[int], shown: int) -> int:
        """The shown value that these parts say, whether there is such an answer or not."""
        return sum(parts)
