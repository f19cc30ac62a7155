"""Draws docs/images/house.svg: the rooms of the house, from the packages' own imports, floors and docstrings.

Run: PYTHONPATH=. python docs/house_picture.py. Arrows say who imports whom; one that follows from two others is left out.
"""

import re
from collections import defaultdict
from configparser import ConfigParser
from html import escape
from itertools import pairwise
from pathlib import Path
from textwrap import wrap

import grimp

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs/images/house.svg"
WIDTH, MARGIN, GAP, FLOOR, LINE, BOX = 1240, 20, 14, 40, 15, 86
COLOURS = {"config": "#f3d9b1", "studies": "#c9d7e8", "explain": "#d5e5cf"}
APPS = ("config", "studies", "explain")


def room_of(module: str) -> str:
    """`studies.trials` of `studies.trials.sql`; the app itself of what lies in no room of it."""
    app, *parts = module.split(".")
    is_room = bool(parts) and (ROOT / app / parts[0] / "__init__.py").is_file()
    return f"{app}.{parts[0]}" if is_room and app != "config" else app


def floors() -> list[list[str]]:
    """The rooms from the top floor down, as .importlinter has them; what is no room stands in none."""
    rules = ConfigParser()
    rules.read(ROOT / ".importlinter")
    found = [["config"]]
    for app in APPS[1:]:
        for floor in rules[f"importlinter:contract:floors-of-{app}"]["layers"].split("\n"):
            names = [f"{app}.{name.strip()}" for name in floor.split("|") if name.strip()]
            rooms = [name for name in names if (ROOT / name.replace(".", "/")).is_dir()]
            found.append([name for name in rooms if not name.endswith(("management", "templatetags"))])
    return [floor for floor in found if floor]


def imports(rooms: set[str]) -> set[tuple[str, str]]:
    """(importer, imported) between rooms, without what follows from two others."""
    graph = grimp.build_graph(*APPS)
    below: dict[str, set[str]] = defaultdict(set)
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            ends = room_of(module), room_of(other)
            if ends[0] != ends[1] and rooms >= set(ends):
                below[ends[0]].add(ends[1])

    def reach(room: str) -> set[str]:
        return below[room] | {far for near in list(below[room]) for far in reach(near)}

    return {
        (room, near)
        for room in list(below)
        for near in below[room]
        if not any(near in reach(other) for other in below[room] - {near})
    }


def purpose(room: str) -> str:
    """The first sentence of the room's docstring."""
    text = (ROOT / room.replace(".", "/") / "__init__.py").read_text("utf-8")
    said = text.split('"""')[1] if '"""' in text else ""
    return " ".join(re.split(r"[.:]\s", said)[0].rstrip(".:").split())


def places(all_floors: list[list[str]]) -> dict[str, tuple[float, float, float]]:
    """room -> left, top and width of its box."""
    found = {}
    top = MARGIN
    for floor in all_floors:
        width = min(400.0, (WIDTH - 2 * MARGIN - GAP * (len(floor) - 1)) / len(floor))
        left = (WIDTH - width * len(floor) - GAP * (len(floor) - 1)) / 2
        for number, room in enumerate(floor):
            found[room] = (left + number * (width + GAP), float(top), width)
        top += BOX + FLOOR
    return found


def box(room: str, left: float, top: float, width: float) -> str:
    colour = COLOURS[room.split(".")[0]]
    lines = wrap(purpose(room), int(width / 6.1))[:4]
    texts = "".join(
        f'<text x="{left + 8:.0f}" y="{top + 34 + LINE * n:.0f}" font-size="11">{escape(line)}</text>'
        for n, line in enumerate(lines)
    )
    return (
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{BOX}" rx="5" fill="{colour}"/>'
        f'<text x="{left + 8:.0f}" y="{top + 18:.0f}" font-size="14" font-weight="bold">{room}</text>{texts}'
    )


def arrow(start: tuple[float, float, float], end: tuple[float, float, float]) -> str:
    x1, y1, x2, y2 = start[0] + start[2] / 2, start[1] + BOX, end[0] + end[2] / 2, end[1]
    bend = (y2 - y1) / 2
    return (
        f'<path d="M{x1:.0f} {y1:.0f}C{x1:.0f} {y1 + bend:.0f} {x2:.0f} {y2 - bend:.0f} {x2:.0f} {y2:.0f}"'
        ' fill="none" stroke="#5a6775" stroke-opacity=".55" marker-end="url(#head)"/>'
    )


def drawing() -> str:
    all_floors = floors()
    place = places(all_floors)
    assert all(place[above[0]][1] < place[below[0]][1] for above, below in pairwise(all_floors))
    arrows = "".join(arrow(place[a], place[b]) for a, b in sorted(imports(set(place))))
    boxes = "".join(box(room, *place[room]) for room in place)
    height = MARGIN + len(all_floors) * (BOX + FLOOR)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" fill="#1d2733">'
        f'<title>The rooms of Blindsight and who imports whom</title><rect width="{WIDTH}" height="{height}" fill="#fff"/>'
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="#5a6775"/></marker></defs>{arrows}{boxes}</svg>\n'
    )


if __name__ == "__main__":
    PICTURE.write_text(drawing(), "utf-8")
