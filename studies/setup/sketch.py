"""A sketch of a trial: where the photo, the maps and the answers stand. Drawn, so that no page needs maps to show what is asked."""

from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

SIDE, GAP, BUTTON = 60, 10, 24
Drawn = tuple[str, float, float, float, float, str]
"""What is in a box, its left, top, width and height, and its words."""


def sketch(maps: int, answers: Sequence[str]) -> SafeString:
    """An SVG of the photo, `maps` pictures beside it (0: one picture of four lettered maps) and the answers below."""
    step = SIDE + GAP
    boxes: list[Drawn] = [("photo", 0, 0, SIDE, SIDE, "photo")]
    if maps:
        words = ["map"] if maps == 1 else [chr(65 + number) for number in range(maps)]
        boxes += [("map", (number + 1) * step, 0, SIDE, SIDE, word) for number, word in enumerate(words)]
    else:
        half = SIDE / 2
        boxes += [
            ("map", step + number % 2 * half, number // 2 * half, half - 2, half - 2, "ABCD"[number])
            for number in range(4)
        ]
    wide = max(boxes[-1][1] + boxes[-1][3], 46.0 * len(answers))
    each = wide / len(answers)
    boxes += [
        ("button", number * each + 2, step, each - 4, BUTTON, word) for number, word in enumerate(answers)
    ]
    drawn = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="4"/><text x="{}" y="{}">{}</text>',
        ((kind, x, y, w, h, x + w / 2, y + h / 2 + 4, word) for kind, x, y, w, h, word in boxes),
    )
    return format_html(
        '<svg class="sketch" viewBox="0 0 {} {}" width="{}" height="{}" aria-hidden="true">{}</svg>',
        *(wide, step + BUTTON) * 2,
        drawn,
    )
