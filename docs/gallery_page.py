"""Writes docs/gallery.md, the designs that the set-up offers, from the same list. Run: PYTHONPATH=. python docs/gallery_page.py"""

from pathlib import Path

import django

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/gallery.md"
HEAD = """# Published designs

Designs that the literature uses, ready to run on the sample photos and then on one's own: *New study*, *Published designs*, *Use this*; or
`manage.py create_study FILE`. How each is scored: [what can be asked](what-is-asked.md). How many people it takes for a given power depends on what
there is to find: the step *Design*, or `manage.py power FILE`, simulates it. Facts of the papers are in our words.
"""


def page() -> str:
    from studies.setup.published_designs import DESIGNS
    from studies.trials import minutes_for

    parts = [HEAD]
    for design in DESIGNS:
        source = design.source()
        trials = source["design"]["trials_per_participant"]
        parts.append(
            f"""## {design.title}

{design.question}

| | |
|---|---|
| People see | {design.seen} |
| Arms here | {", ".join(design.arms())} |
| Asks of each person | {trials} trials, about {minutes_for(trials)} minutes |
| Used by | {"; ".join(design.used_by)} |
| What we chose | {design.ours} |
| Protocol | [{design.protocol}.toml](protocols/{design.protocol}.toml), `task = "{source["task"]}"` |
"""
        )
    return "\n".join(parts)


if __name__ == "__main__":
    django.setup()
    PAGE.write_text(page(), "utf-8")
