"""How a study's photos were chosen: F1 by class, the steps, what was taken, and why each other photo was left out."""

from collections.abc import Sequence

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from explain.selection import Choice, ClassChoice, Rule
from studies.access import study_of
from studies.models import Study
from studies.protocol import ProtocolError, check_protocol, choose_photos, remarks_on

CLASSES_A_PAGE = 25
PHOTOS_A_PAGE = 50
SHOWN = {"": "all", "chosen": "chosen", "left": "left out"}


@require_safe
def photos(request: HttpRequest, slug: str) -> HttpResponse:
    """The choice, made again from what the networks say now; a study whose items differ from it says so."""
    study = study_of(request, slug)
    try:
        protocol = check_protocol(study.protocol)
        selection = choose_photos(protocol)
    except ProtocolError as error:
        return render(request, "studies/setup/photo_selection.html", {"study": study, "faults": error.lines})
    shown = request.GET.get("show", "")
    of_class = request.GET.get("class", "")
    rows = [
        photo
        for photo in selection.photos
        if of_class in ("", photo.class_name) and shown in ("", "left" if photo.reason else "chosen")
    ]
    return render(
        request,
        "studies/setup/photo_selection.html",
        {
            "study": study,
            "set": protocol.photo_set,
            "selection": selection,
            "steps": steps(selection),
            "remarks": remarks_on(protocol, selection),
            "changed": _changed(study, selection),
            "classes": Paginator(_taken_first(selection.classes), CLASSES_A_PAGE).get_page(
                request.GET.get("classes")
            ),
            "page": Paginator(rows, PHOTOS_A_PAGE).get_page(request.GET.get("page")),
            "shown": shown if shown in SHOWN else "",
            "choices": SHOWN.items(),
            "of_class": of_class,
        },
    )


def steps(selection: Choice) -> list[tuple[str, int]]:
    """What was asked, step by step, with the photos left after it."""
    rule = selection.rule
    used = [row for row in selection.classes if not row.reason]
    lines = [(f"All photos, of {len(selection.classes):,} classes", len(selection.photos))]
    if words := _classes_in_words(rule):
        lines.append((f"{words}: {len(used)} classes", sum(row.photos for row in used)))
    if rule.only_correct:
        lines.append(("Only photos that every network gets right", sum(row.correct for row in used)))
    if rule.wrong_share is not None:
        words = f"Wrong ones of the network in a share of {rule.wrong_share:g}, drawn by the seed"
        lines.append((words, len(selection.chosen)))
        return lines
    if rule.per_class is not None:
        of_each = (row.correct if rule.only_correct else row.photos for row in used)
        lines.append(
            (
                f"{rule.per_class} of each class, drawn by the seed",
                sum(min(rule.per_class, n) for n in of_each),
            )
        )
    if rule.limit is not None:
        lines.append((f"At most {rule.limit:,} in all, drawn by the seed", len(selection.chosen)))
    return lines


def _classes_in_words(rule: Rule) -> str:
    parts = []
    if rule.classes:
        parts.append("those that are listed")
    if rule.min_f1 is not None:
        parts.append(f"F1 of at least {rule.min_f1:g}")
    if rule.top_share is not None:
        parts.append(f"among the best {rule.top_share * 100:g} % of every network by F1")
    if rule.top_classes is not None:
        parts.append(f"the best {rule.top_classes} by F1")
    return f"Classes: {', '.join(parts)}" if parts else ""


def _taken_first(classes: Sequence[ClassChoice]) -> list[ClassChoice]:
    return sorted(classes, key=lambda row: bool(row.reason))


def _changed(study: Study, selection: Choice) -> int:
    """How many photos the choice of now and the study's items do not share."""
    return len(set(selection.chosen) ^ set(study.items.values_list("image_id", flat=True)))
