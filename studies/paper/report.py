"""The paper's figures beside ours as one HTML file that needs nothing else, and the command behind each of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone

from explain.core.commands import Bar
from explain.evaluation import AUTHORS_CODE, VISIBLE, Pair, compare, find_protocol
from explain.photos import find_set
from studies import results
from studies.exports import styles
from studies.lifecycle import code_version
from studies.models import Study
from studies.protocol import remarks_on_source
from studies.results import Summary, summary_of
from studies.trial_types import ContrastRow, trial_type_of

from . import printed, stages, zoo
from .costs import timed
from .differences import Difference, rows_on_tables, weights_in_words, weights_of_today
from .figures import figure_parts, layers_part
from .inputs import READINGS, Inputs
from .protocols import METHOD_CHOICE, Adapted
from .readings import baselines_only, identities, nearness, verdict
from .study_differences import people_in_words, rows_on_study
from .tables import Beside, beside

Measured = Mapping[str, Sequence[dict]]
STANDS_FOR = ("ResNet-50", "VGG-16")
ALPHA = 0.05
SHARES = "0.05,0.1,0.2,0.3,0.5,0.8"  # around the 20 % of section 4.1.1


@dataclass(frozen=True)
class StudyPart:
    """One study of the two: what was made, what came out, the paper's figure for it, and what of the design differs.

    planned  the comparisons that a choice study declared; whether two arms differ is theirs to say, and not whether the
             intervals of their scores overlap
    remarks  what the page of its photos says of the choice: so few photos for so many people, classes that tie
    """

    protocol: Adapted
    why_not: str
    study: Study | None
    result: Summary | None
    chart: str
    printed: Mapping[str, float]
    differences: tuple[Difference, ...] = ()
    planned: tuple[ContrastRow, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def people(self) -> str:
        """Who answered, to be named beside every figure of the study."""
        return people_in_words(self.result)

    @property
    def comparisons(self) -> list[dict[str, Any]]:
        """The planned comparisons in the unit of the scores, each with what the answers say: who is preferred, or nothing."""
        items = self.result.items if self.result is not None else 0
        return [
            {
                "first": row.first,
                "second": row.second,
                "found": row.found.scaled(items),
                "p_holm": row.p_holm,
                "preferred": _preferred(row),
            }
            for row in self.planned
        ]

    @property
    def printed_share(self) -> dict[str, float] | None:
        """The printed score of Pixel Ablation-CAM as shares: of all, and of those who preferred a map; None for ratings."""
        if self.protocol.of is not METHOD_CHOICE:
            return None
        score, same = self.printed[printed.PIXEL], self.printed["same"]
        preferring = printed.ITEMS - same
        return {
            "score": score,
            "same": same,
            "preferring": preferring,
            "of_all": score / printed.ITEMS,
            "of_preferring": score / preferring,
        }


def paper_report(
    inputs: Inputs, made: Sequence[tuple[Adapted, str]], times: Measured, costs: Measured
) -> str:
    """The report as HTML. `times`: the settings of Ablation-CAM++ by network; `costs`: what ablation costs, by layer."""
    image_set = find_set(inputs.set_name)
    tables = _tables(inputs)
    studies = [_study_part(one, why) for one, why in made]
    networks = stages.all_networks(inputs)
    slugs = [one.slug for one, _ in made]
    found = zoo.points(image_set=image_set, networks=networks, slugs=slugs)
    stands_for = list(zip(networks, STANDS_FOR, strict=False))
    differences = rows_on_tables(image_set, stands_for, [find_protocol(name) for name in inputs.protocols])
    pairs = _pairs(inputs)
    same = identities(pairs, _masked(tables))
    near = nearness(tables, same)
    context = {
        "inputs": inputs,
        "image_set": image_set,
        "photos": image_set.images.count(),
        "classes": image_set.images.order_by().values("class_name").distinct().count(),
        "boxed": image_set.images.exclude(boxes=[]).count(),
        "networks": networks,
        "stands_for": stands_for,
        "stamp": _stamp(inputs, studies, differences),
        "stamp_of_tables": _stamp(inputs, (), differences),
        "stamp_of_studies": _stamp(inputs, studies, ()),
        "brief": _brief(inputs, studies, differences),
        "brief_of_tables": _brief(inputs, (), differences),
        "differences": differences,
        "further_networks": [weights_in_words(one) for one in networks[2:]],
        "weights_of_today": weights_of_today(),
        "tables": [_tables_part(inputs, name, rows) for name, rows in tables.items()],
        "shares": _of_the_three(inputs, "--share", SHARES, "--plot", "shares.svg"),
        "figures": figure_parts(inputs),
        "readings": READINGS,
        "near": near,
        "verdict": verdict(near, same),
        "left_out": baselines_only(near, same),
        "alike_readings": identities(pairs, _masked(tables), others=READINGS),
        "pairs": pairs,
        "visible": VISIBLE,
        "times": timed(times),
        "costs": timed(costs),
        "by_layer": layers_part(inputs),
        "studies": studies,
        "points": found,
        "rated": sum(point.reliability is not None for point in found),
        "zoo_chart": zoo.chart(found),
        "printed": printed,
        "styles": styles(),
        "made_at": timezone.now(),
        "code_version": code_version(),
    }
    return render_to_string("studies/paper/paper.html", context)


def _tables_part(inputs: Inputs, protocol: str, rows: Sequence[Beside]) -> dict[str, Any]:
    """The tables under a protocol, and the commands that give them and the rows behind them."""
    of_the_three = stages.evaluate_words(inputs, protocol, printed.METHODS)
    return {
        "protocol": find_protocol(protocol),
        "tables": rows,
        "beside": _beside_the_three(rows),
        "command": _command(stages.evaluate_words(inputs, protocol), rows_to=protocol),
        "of_the_three": _command(of_the_three, rows_to=f"{protocol}-three"),
        "steps": _of_the_three(inputs, "--steps") if protocol == AUTHORS_CODE else "",
    }


def _of_the_three(inputs: Inputs, *options: str) -> str:
    """A command that evaluates the paper's three methods in another way than by one protocol."""
    networks, methods = ",".join(inputs.networks[:2]), ",".join(printed.METHODS)
    words = ["evaluate", inputs.set_name, "--networks", networks, "--methods", methods, *options]
    return f"python manage.py {' '.join(words)}"


def _tables(inputs: Inputs) -> dict[str, list[Beside]]:
    image_set = find_set(inputs.set_name)
    return {
        name: [
            beside(image_set=image_set, asked=one, stands_for=stands_for)
            for one, stands_for in zip(stages.asked(inputs, name), STANDS_FOR, strict=True)
        ]
        for name in inputs.protocols
    }


def _pairs(inputs: Inputs) -> dict[str, list[Pair]]:
    image_set, found = find_set(inputs.set_name), {}
    for one in stages.asked(inputs, "paper"):
        with Bar("photos compared") as bar:
            found[one.network.name] = compare(image_set=image_set, asked=one, report=bar)
    return found


def _study_part(protocol: Adapted, why_not: str) -> StudyPart:
    study = Study.objects.filter(slug=protocol.slug).first()
    result = summary_of(study) if study is not None else None
    answered = result is not None and bool(result.responses)
    chart = results.main_chart(result) if answered and result else ""
    rows = rows_on_study(protocol.of, protocol.slug, study, result, is_papers=protocol.is_papers)
    printed_figures = protocol.of.printed if protocol.is_papers else {}
    planned = _planned(protocol, study)
    remarks = tuple(remarks_on_source(study.protocol)) if study is not None else ()
    return StudyPart(protocol, why_not, study, result, chart, printed_figures, tuple(rows), planned, remarks)


def _planned(protocol: Adapted, study: Study | None) -> tuple[ContrastRow, ...]:
    """The declared comparisons of the choice study, where it has answers; the mean rating is a comparison itself."""
    if study is None or protocol.of is not METHOD_CHOICE:
        return ()
    reading = results.Reading(study, results.part_of(study))
    if not len(reading.answers):
        return ()
    rows = trial_type_of(study).results.contrast_rows(reading.answers, reading.compared)
    return tuple(row for row in rows if row.planned)


def _preferred(row: ContrastRow) -> str:
    """The arm that the comparison finds ahead, corrected over all that were planned; empty where it leaves that open."""
    if row.p_holm is None or row.p_holm > ALPHA:
        return ""
    return row.first if row.found.estimate > 0 else row.second


def _beside_the_three(tables: Sequence[Beside]) -> dict[str, list[str]]:
    """By method of the printed tables, those whose wins are counted in its place; empty where no wins are counted."""
    beside_it: dict[str, list[str]] = {}
    for row in tables[0].by_method if tables and tables[0].wins else ():
        if row["in_place_of"]:
            beside_it.setdefault(row["in_place_of"], []).append(row["method"])
    return beside_it


def _masked(tables: Mapping[str, Sequence[Beside]]) -> Sequence[Beside]:
    """The tables in which maps that are alike are looked for: the first whose protocol masks the photo."""
    return next((rows for rows in tables.values() if any(one.lines for one in rows)), ())


def _brief(inputs: Inputs, studies: Sequence[StudyPart], differences: Iterable[Difference]) -> str:
    """What stands in every caption where it is not the paper's data or where people are simulated."""
    parts = ["sample photos and sample networks"] if inputs.samples else []
    if not inputs.samples and any(row.brief for row in differences):
        parts.append("other photos, networks or masks than the paper’s")
    if any(part.result is not None and part.result.simulated for part in studies):
        parts.append("simulated people")
    return " · ".join(parts)


def _stamp(inputs: Inputs, studies: Sequence[StudyPart], differences: Iterable[Difference]) -> str:
    """Everything that differs from the paper, named: of the tables, then of each study."""
    parts = ["sample photos and sample networks"] if inputs.samples else []
    parts += [row.brief for row in differences if row.brief]
    for part in studies:
        differing = ", ".join(row.brief for row in part.differences if row.brief)
        if differing:
            parts.append(f"{part.protocol.slug}: {differing}")
    return " · ".join(parts)


def _command(words: Sequence[str], rows_to: str) -> str:
    return f"python manage.py {' '.join(words)} --rows {rows_to}-rows.csv"
