"""A study as one HTML file that needs nothing else: no server, no script, no other file.

What a reader of the paper wants to know, with the numbers filled in: what was done, who took part, what came out, how
sure that is, where every picture came from, and how to compute it all again.
"""

import hashlib
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import timezone

from studies import results
from studies.core.svg import numbered_from_one
from studies.lifecycle import seal_in_words
from studies.models import Study
from studies.protocol import fill_in
from studies.results import (
    Reading,
    analyse_further,
    break_down,
    breakdown_context,
    extremes_of,
    flow_by_condition,
    flow_of,
    humans_context,
    item_rows,
    origins_by_item,
    part_of,
    summarise,
)
from studies.trial_types import comparison_of, trial_page_of, trial_type_of

from .columns import Export
from .contents import with_contents
from .departures import declaration_of
from .report_pictures import photo_rows, trial_picture, what_maps_leave
from .writers import csv_chunks

STYLES = ("css/base.css", "css/workspace.css", "css/report.css")
EXTREMES = 3  # photos about which people agreed most, and as many about which they differed most


def report_html(study: Study, who: str | None = None) -> str:
    """The report as HTML. `who`: whose answers, as in results.part_of()."""
    with numbered_from_one():
        return with_contents(render_to_string("studies/exports/report.html", _context(study, who)))


def _context(study: Study, who: str | None) -> dict[str, Any]:
    reading = Reading(study, part_of(study, who))
    part, result = reading.part, summarise(reading)
    kind = trial_type_of(study)
    maps, flow = origins_by_item(study), flow_of(study, part)
    rows, columns = item_rows(reading), kind.results.item_columns(result.arms)
    extremes = extremes_of(rows, EXTREMES)
    return {
        "study": study,
        "seal": seal_in_words(study),
        "question": fill_in(kind.page.question(study.wording), **{"class": "[what is in the photo]"}),
        "result": result,
        "details": analyse_further(reading, result),
        "flow": flow,
        "by_condition": flow_by_condition(study, part),
        "declaration": declaration_of(study, part, flow),
        "arms": results.competing_arms(study),
        "maps_shown": reading.maps_shown,
        "versions": study.versions.all(),
        "classes": study.items.values("image__class_name").distinct().count(),
        "items": [(row, maps.get(row.index, [])) for row in rows],
        "trial": trial_picture(study),
        "agreed": photo_rows(study, extremes.agreed, columns),
        "disagreed": photo_rows(study, extremes.disagreed, columns),
        "leaves": [
            leaves
            for row in (*extremes.disagreed[:1], *extremes.agreed[:1])
            if (leaves := what_maps_leave(study, row.index))
        ],
        "main_chart": results.main_chart(result),
        "spread_chart": results.spread_chart(result),
        "item_columns": columns,
        "names_its_class": not kind.asked.network_speaks,
        "offered": kind.asked.answers_offered(study.wording, reading.maps_shown),
        "comparison": comparison_of(study),
        "page_in_words": trial_page_of(study).in_words,
        "position_chart": results.position_bars(result),
        **humans_context(reading),
        **breakdown_context(break_down(reading)),
        "columns": Export(study).columns,
        "answers_sha256": answers_sha256(study),
        "styles": styles(),
        "made_at": timezone.now(),
    }


def styles() -> str:
    """The pages' own style sheets, to stand in the file."""
    paths = [finders.find(name) for name in STYLES]
    return "\n".join(Path(path).read_text("utf-8") for path in paths if isinstance(path, str))


def answers_sha256(study: Study) -> str:
    """SHA-256 of answers.csv as it would be exported now."""
    digest = hashlib.sha256()
    for chunk in csv_chunks(study):
        digest.update(chunk)
    return digest.hexdigest()
