"""A web host has what requirements-web.txt names and nothing else: every page works there."""

import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse

from explain.core.errors import BadInputError
from explain.photos.imagenet_labels import read_meta
from explain.tasks import tell
from studies.models import Study
from tests.factories import make_study, make_trials
from tests.studies.filled import fill
from tests.studies.results.test_humans_beside_metrics import evaluate
from tests.test_guards import WORKERS_ONLY

ANSWERS = [[0, 2, 1, 0], [0, 2, 1, -1], [0, 1, 1, 0], [2, 2, 1, 0]]
RATINGS = [[2, -1, 1, 0], [1, 2, 0, 1], [0, 1, 1, 2], [-1, 2, 1, 1]]
FIGURES = [[0.9, 0.2, 0.1], [0.1, 0.3, 0.8], [0.2, 0.9, 0.1], [0.5, 0.6, 0.2]]
MUST_OPEN = {
    "study-results",
    "study-results-json",
    "study-humans",
    "study-report",
    "study-watch",
    "api-study-scores",
}
LOOKS = {"looks": {"after": [0.5, 1.0], "spending": "obrien-fleming"}}
PLAN = {"analysis": {"contrasts": [["pixel-ablation-cam", "grad-cam"]]}, **LOOKS}


@pytest.fixture
def _web_host(monkeypatch):
    """Importing what only workers have fails, as where it is not installed."""
    for name in {*WORKERS_ONLY, *sys.modules}:
        if name.split(".")[0] in WORKERS_ONLY:
            monkeypatch.setitem(sys.modules, name, None)


@pytest.fixture
def studies(db):
    choice = make_study("choice", items=4, responses_per_item=8, protocol=PLAN, state=Study.State.OPEN)
    rating = make_study(
        "rating",
        task="rating",
        items=4,
        methods=("grad-cam", "ablation-cam"),
        networks=("other",),
        state=Study.State.OPEN,
    )
    make_trials(choice, ["0,1,2"])
    fill(choice, ANSWERS)
    fill(rating, RATINGS)
    evaluate(choice, FIGURES)
    return choice, rating


def patterns(resolver, space="") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        if not isinstance(pattern, URLPattern):
            yield from patterns(pattern, f"{space}{pattern.namespace}:" if pattern.namespace else space)
        elif pattern.name:
            yield space + pattern.name, pattern


def every_page(study: Study) -> Iterator[tuple[str, str]]:
    """(address, name) of each page, of the admin too, whose address can be made up from a study and its first things."""
    of_study = {"slug": study.slug, "index": 0, "number": 1, "to": "open", "step": "photos"}
    of_photos = {"pk": study.items.first().image_id, "kind": "overlay", "name": f"photos-of-{study.slug}"}
    known = {**of_study, **of_photos}
    for name, pattern in patterns(get_resolver()):
        with suppress(KeyError, NoReverseMatch):
            yield reverse(name, kwargs={part: known[part] for part in pattern.pattern.regex.groupindex}), name


@pytest.mark.usefixtures("_web_host")
def test_every_page_opens_without_what_only_workers_have(studies, admin_client):
    admin_client.raise_request_exception = False
    pages = {path: name for study in studies for path, name in every_page(study)}
    said = {}
    for path in pages:
        response = admin_client.get(path)
        b"".join(response)
        said[path] = response.status_code
    assert [path for path, status in said.items() if status >= 500] == []
    assert {said[path] for path, name in pages.items() if name in MUST_OPEN} == {200}
    assert set(pages.values()) >= MUST_OPEN


@pytest.mark.usefixtures("_web_host")
def test_the_kits_list_of_classes_is_left_to_a_worker(tmp_path):
    with pytest.raises(BadInputError, match=r"meta\.mat: is read with scipy, which this host does not have"):
        read_meta(tmp_path / "meta.mat")


def test_a_broker_that_nothing_here_can_speak_to_is_named():
    class Task:
        def delay_on_commit(self, number):
            raise ModuleNotFoundError("No module named 'sqlalchemy'")

    with pytest.raises(
        BadInputError, match=r"the broker .* cannot be reached \(No module named 'sqlalchemy'\)"
    ):
        tell(Task(), 1)
