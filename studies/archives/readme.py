"""README.md of an archive: what is in it, what was left out, who could be found by their answers, how to compute it again. No Django."""

from collections.abc import Sequence
from dataclasses import dataclass

from .facts import About, Packed
from .small_cells import K, SmallCell

SHOWN = 20


@dataclass(frozen=True)
class Told:
    """What the README says besides the list of files."""

    withheld: tuple[str, ...]  # sentences
    taken_along: tuple[str, ...]  # that are left out unless asked for
    questions: tuple[str, ...]  # by which small cells were looked for
    small: tuple[SmallCell, ...]
    small_groups: tuple[SmallCell, ...]
    recompute: str  # the command; empty: there are no answers
    notes: tuple[str, ...]


def readme(about: About, files: Sequence[Packed], told: Told) -> str:
    """The text, as Markdown."""
    parts = [
        f"# {_plain(about.title)}",
        _plain(about.description),
        f"Written on {about.made_at:%-d %B %Y, %H:%M} UTC by Blindsight {about.code_version}. SHA-256 of the protocol: "
        f"`{about.protocol_sha256 or 'not frozen yet'}`.",
        *map(_plain, told.notes),
        f"## Licence\n\n{about.licence.in_words}",
        f"## How to cite\n\n{_plain(about.citation)} `CITATION.cff` says it for programs, `methods.bib` has the methods that are compared.",
        "## What was left out\n\n" + _list(told.withheld),
        *(
            ["## What was taken along because somebody asked for it\n\n" + _list(told.taken_along)]
            if told.taken_along
            else []
        ),
        "## Small cells\n\n" + _small(told),
        "## To compute it again\n\n" + _again(told.recompute),
        "## Files\n\n| file | what it is | SHA-256 |\n|---|---|---|\n"
        + "\n".join(f"| `{file.path}` | {file.meaning} | `{file.sha256}` |" for file in files),
    ]
    return "\n\n".join(parts) + "\n"


def _small(told: Told) -> str:
    """Who could be found by what they told of themselves."""
    parts = []
    if not told.questions:
        parts.append("People were asked nothing about themselves that is in this archive.")
    elif not told.small:
        parts.append(
            f"Every combination of answers to {_names(told.questions)} was given by at least {K} people, or by none."
        )
    else:
        combinations = "One combination" if len(told.small) == 1 else f"{len(told.small)} combinations"
        parts.append(
            f"**{combinations} of answers to {_names(told.questions)} {'was' if len(told.small) == 1 else 'were'} given by fewer than {K} "
            "people.** Whoever knows that much of somebody who took part may find their rows. Before you publish this archive, make the answers "
            "coarser (ages in tens, say) or take these columns out."
        )
        parts.append(_shown(told.small))
    if told.small_groups:
        parts.append(f"By these invitations fewer than {K} people came:")
        parts.append(_shown(told.small_groups))
    parts.append("People who withdrew and simulated volunteers are not counted.")
    return "\n\n".join(parts)


def _shown(cells: Sequence[SmallCell]) -> str:
    more = len(cells) - SHOWN
    return _list([*(cell.in_words for cell in cells[:SHOWN]), *([f"… and {more} more"] if more > 0 else [])])


def _again(command: str) -> str:
    if not command:
        return "There are no answers yet, so there is nothing to compute."
    return (
        "With Python 3.11 or newer and numpy, in the unpacked folder:\n\n"
        f"    {command}\n\n"
        "It prints “every score agrees” where every figure of `scores.json` follows from the answers."
    )


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {_plain(line)}" for line in lines)


def _plain(text: str) -> str:
    """Text in which nothing is read as HTML, a link or a new line."""
    escaped = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return "".join(f"\\{sign}" if sign in "\\`[]|" else sign for sign in escaped)
