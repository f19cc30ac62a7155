"""A researcher reads off a page, the report and the JSON whether a figure of the maps predicts what people chose."""

import json
import re

import pytest
from django.core.management import call_command
from django.urls import reverse

from explain.core.errors import BadInputError
from explain.jobs.jobs import run_job
from explain.models import Job
from studies.access.permissions import Role, give_role
from studies.core.formatting import signed
from studies.exports.report import report_html
from studies.models import Study
from studies.results.metric_agreement import FIGURES, humans_beside
from tests.factories import make_study
from tests.studies.exports.test_report import text_of
from tests.studies.filled import fill

from .test_humans_beside_metrics import evaluate

pytestmark = pytest.mark.django_db
ANSWERS = [[0, 2, 1, 0], [0, 2, 1, 1], [0, 1, 1, 0], [2, 2, 1, 0]]
LEFT = [[0.9, 0.2, 0.1], [0.1, 0.3, 0.8], [0.2, 0.9, 0.1], [0.5, 0.6, 0.2]]


@pytest.fixture
def study():
    study = make_study("which", items=4, seed=9)
    fill(study, ANSWERS)
    evaluate(study, LEFT)
    return study


def page_of(client, slug="which", **query):
    return client.get(reverse("study-humans", args=[slug]), query).content.decode()


def test_page_report_and_json_give_the_same_correlation(study, admin_client, capsys):
    comparison = humans_beside(study=study, figure="average-drop")
    low, high = comparison.within.interval
    shown = f"{signed(comparison.within.value)} {signed(low)} – {signed(high)}"
    assert comparison.within.value > 0.3
    assert shown in text_of(page_of(admin_client))
    assert shown in text_of(report_html(study))
    call_command("scores", "which", "--json")
    data = json.loads(capsys.readouterr().out)
    by_figure = {figure["figure"]: figure for figure in data["humans"]}
    assert list(by_figure) == list(FIGURES)
    drop = by_figure["average-drop"]["within_items"]
    assert drop["rho"] == comparison.within.value
    assert drop["interval"] == [low, high]
    widest = comparison.within.interval_all
    assert widest[0] <= low < high <= widest[1]
    assert drop == {
        "rho": comparison.within.value,
        "interval": [low, high],
        "interval_all": list(comparison.within.interval_all),
        "n": comparison.within.n,
        "note": comparison.within.note,
    }
    assert {name: value for name, value in by_figure["average-drop"].items() if "_items" not in name} == {
        "figure": "average-drop",
        "title": comparison.title,
        "protocol": "paper",
        "higher_is_better": False,
        "items": 4,
        "note": comparison.note,
    }
    assert by_figure["average-drop"]["across_items"]["n"] == comparison.across.n > 0
    assert data["computed_with"]["correlation_draws"] == 1000


def test_the_plot_stands_where_the_table_says(study, admin_client):
    html = page_of(admin_client)
    value = humans_beside(study=study, figure="average-drop").within.value
    assert f'cx="{(0.04 + 0.92 * (value + 1) / 2) * 100:.3f}%"' in html


def dots(html, figure):
    """Radius by place of each circle in the plot of one figure."""
    plot = re.search(rf"<title[^>]*>Share of the answers by {figure}<.*?</svg>", html, re.S)[0]
    circles = re.findall(r'<circle class="dot (\S+)" cx="([\d.]+)%" cy="([\d.]+)" r="([\d.]+)"', plot)
    return [(colour, float(x), float(y), float(r)) for colour, x, y, r in circles]


def test_each_arm_on_each_photo_is_a_dot_at_its_figure_and_share(study, admin_client):
    html = page_of(admin_client)
    points = humans_beside(study=study, figure="average-drop").points
    drawn = dots(html, "% drop in confidence")
    assert len(drawn) == len(points) == 12
    for point, (colour, x, y, _) in zip(points, drawn, strict=True):
        assert colour == f"bar-{point.arm + 1}"
        assert x == pytest.approx(14 + 81 * (point.x - 10) / 80, abs=0.01)  # drops are 10 to 90 %
        assert y == pytest.approx(drawn[0][2] + 176 * (points[0].y - point.y), abs=0.11)


def test_the_plots_table_has_the_mean_share_where_the_figure_is_low_or_high(study, admin_client):
    points = humans_beside(study=study, figure="average-drop").points
    table = re.search(r"Mean share of the answers by % drop.*?</table>", page_of(admin_client), re.S)[0]
    cells = re.findall(r'<td class="number">([\d.]+)', table)
    rows = [tuple(map(float, cells[at : at + 4])) for at in range(0, len(cells), 4)]
    assert sum(pairs for _, _, pairs, _ in rows) == 12
    for low, high, pairs, share in rows:
        inside = [point.y for point in points if low - 0.01 <= point.x <= high + 0.01]
        assert (len(inside), pytest.approx(100 * sum(inside) / len(inside), abs=0.06)) == (pairs, share)
    assert (
        text_of(report_html(study)).count("Mean share of the answers by")
        == len(re.findall("As a table", table)) + 1
    )


def test_points_that_would_hide_each_other_are_counted_in_cells(study, admin_client, monkeypatch):
    monkeypatch.setattr("studies.results.charts.POINTS", 11)
    drawn = dots(page_of(admin_client), "% drop in confidence")
    assert {colour for colour, *_ in drawn} == {"bar-plain"}
    one_pair = min(r for *_, r in drawn)
    assert sum((r / one_pair) ** 2 for *_, r in drawn) == pytest.approx(
        12, rel=0.05
    )  # areas: numbers of pairs
    assert "A grey circle stands for photos and arms that are close" in text_of(page_of(admin_client))


@pytest.fixture
def bare():
    study = make_study("bare", items=4)
    fill(study, ANSWERS)
    return study


def test_figures_that_are_missing_are_computed_by_a_button_and_a_worker(bare, admin_client, monkeypatch):
    def measured(*, map_ids, protocol):
        asked.append((protocol, len(map_ids)))
        if asked == [("paper", 12)]:  # the first batch of the first protocol
            evaluate(bare, LEFT)
        return len(map_ids)

    asked = []
    monkeypatch.setattr("studies.results.metrics_job.evaluation.evaluate_maps", measured)
    page = page_of(admin_client, "bare")
    assert "24 measurements of maps that participants saw are missing" in text_of(page)
    assert "manage.py" not in page + report_html(bare).split("Compute it again")[0]
    address = re.search(r'<form method="post" action="([^"]*)">(?!.*Log out)', page, re.S)[1]
    assert admin_client.post(address).url == reverse("study-humans", args=["bare"])
    admin_client.post(address)  # twice is once
    (job,) = Job.objects.all()
    assert "A worker measures the maps." in page_of(admin_client, "bare")
    state = reverse("study-humans-state", args=["bare"])
    assert admin_client.get(state).json()["state"] == "pending"
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error, job.done, job.total) == ("done", "", 24, 24)
    assert asked == [("paper", 12), ("curves", 12)]
    assert "Rank correlation with people’s choices" in page_of(admin_client, "bare")


def test_a_measurement_that_failed_says_why_and_can_be_asked_for_again(bare, admin_client, monkeypatch):
    def refused(**_):
        raise BadInputError("tiny: its weights are gone")

    monkeypatch.setattr("studies.results.metrics_job.evaluation.evaluate_maps", refused)
    address = reverse("study-humans-measure", args=["bare"])
    admin_client.post(address)
    run_job(Job.objects.get().pk)
    page = page_of(admin_client, "bare")
    assert "could not all be measured: tiny: its weights are gone" in text_of(page)
    assert "Compute what is missing" in page
    admin_client.post(address)
    assert Job.objects.filter(state="pending").count() == 1


def test_whoever_may_not_change_the_study_has_nothing_computed(bare, client, researcher):
    give_role(study=bare, person=researcher, role=Role.VIEWER)
    client.force_login(researcher)
    page = page_of(client, "bare")
    assert "A researcher of this study can have them computed." in page
    address = reverse("study-humans-measure", args=["bare"])
    assert address not in page
    assert client.post(address).status_code == 403
    assert not Job.objects.exists()


def test_without_answers_and_for_ratings_a_sentence_says_why(admin_client):
    make_study("empty")
    assert "No answers are counted yet" in page_of(admin_client, "empty")
    make_study("rated", task="rating", methods=("m",), networks=("a", "b"))
    assert "A rating study gives no arm a share" in page_of(admin_client, "rated")


def test_simulated_answers_are_marked(study, admin_client):
    fill(study, ANSWERS, simulated=True)
    assert "simulated-banner" not in page_of(admin_client)
    html = page_of(admin_client, who="simulated")
    assert "simulated-banner" in html.split("<h1")[0]
    assert "simulated answers" in html.split("<caption>")[1].split("</caption>")[0]


def test_it_is_for_those_who_may_see_the_results(study, client, admin_client):
    assert client.get(reverse("study-humans", args=["which"])).status_code == 302
    Study.objects.filter(pk=study.pk).update(
        state=Study.State.OPEN, protocol={"analysis": {"hide_running_results": True}}
    )
    assert admin_client.get(reverse("study-humans", args=["which"])).status_code == 403
    assert admin_client.post(reverse("study-humans-measure", args=["which"])).status_code == 403
    assert admin_client.get(reverse("study-humans-state", args=["which"])).status_code == 403


def test_queries_do_not_grow_with_figures_or_items(study, admin_client, django_assert_max_num_queries):
    with django_assert_max_num_queries(16):
        page_of(admin_client)
