"""A researcher hands in one HTML file: it needs nothing else, and every number in it is the study's."""

import hashlib
import re

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from studies.exports.report import report_html
from studies.exports.writers import csv_chunks
from studies.models import ItemMap, Participant
from studies.results.summary import summary_of
from tests.factories import make_study
from tests.studies.filled import answer, fill, make_participant

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    study = make_study(
        "methods",
        items=3,
        protocol_sha256="ab" * 32,
        wording={"question": "Which map best matches the {class}?", "same": "I see no difference"},
        protocol={"analysis": {"contrasts": [["pixel-ablation-cam", "grad-cam"]]}},
    )
    fill(study, [[2, 2, 0], [2, 1, 2], [2, -1, 2]])
    return study


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", html, flags=re.S)))


def test_the_file_needs_nothing_else(study):
    html = report_html(study)
    assert not re.search(r"<(script|iframe|link|object)\b", html)
    assert not re.search(r"\bhref=\"(?!#)", html)
    assert not re.search(r"\bsrc=\"(?!data:image/jpeg;base64,)", html)
    assert "@import" not in html
    assert "url(" not in html
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in html
    assert "--ground" in html


def test_it_gives_the_finding_the_table_and_the_tests(study):
    html, summary = text_of(report_html(study)), summary_of(study)
    assert summary.headline in html  # text_of makes every space a plain one
    for score in summary.outcome.scores:
        assert f"{score.score:.2f}" in html
    assert "pixel-ablation-cam − grad-cam" in html
    assert "planned" in html


def test_the_methods_are_told_with_the_studys_own_numbers(study):
    html = text_of(report_html(study))
    assert "3 participants gave 9 answers about 3 photos from 1 class;" in html
    assert (
        "“Which map best matches the [what is in the photo]?”, with 3 maps to choose from and the answer “I see no difference”"
        in html
    )


def test_the_flow_counts_everybody_who_came(study):
    gone = make_participant(study, state=Participant.State.WITHDRAWN)
    answer(gone, 0, 0, status="void")
    answer(make_participant(study, state=Participant.State.FINISHED), 0, 1, status="undone")
    html = text_of(report_html(study))
    for line in ("5 agreed to take part", "1 withdrew", "1 finished", "9 answers count. Taken back: 1"):
        assert line in html


def test_it_leads_back_to_every_map_and_to_the_file_of_answers(study):
    html = report_html(study)
    for row in ItemMap.objects.filter(item__study=study).select_related("map"):
        assert hashlib.sha256(bytes(row.map.values)).hexdigest()[:12] in html
    assert hashlib.sha256(b"".join(csv_chunks(study))).hexdigest() in html
    assert "ab" * 32 in html


def test_simulated_answers_are_marked_at_the_top_and_in_every_table():
    study = make_study("sim")
    fill(study, [[0, 1, 2], [0, 0, 2]], simulated=True)
    html = report_html(study)
    assert "simulated-banner" in html.split("<h1")[0]
    main = html[html.index("<main") :]
    tables = [part.split("</caption>")[0] for part in main.split("<caption>")[1:]]
    about_answers = [
        caption
        for caption in tables
        if not caption.startswith(("Arms", "How often", "The first twelve digits"))
    ]
    assert len(about_answers) >= 5
    assert all("simulated answers" in caption for caption in about_answers)


def test_a_rating_study_has_its_direction_in_words():
    study = make_study("networks", task="rating", methods=("m",), networks=("resnet50", "vgg16"))
    fill(study, [[2, 1, 1], [2, 2, 0]])
    html = text_of(report_html(study))
    assert "resnet50 leads vgg16 by +1.33 on a scale from −2 to +2" in html
    assert "positive means: resnet50 is better" in html


@pytest.mark.parametrize("answers", [[], [[0]], [[1, 1, 1], [1, 1, 1]]])
def test_thin_answers_make_a_report_of_sentences(answers):
    study = make_study("thin")
    fill(study, answers)
    html = text_of(report_html(study))
    assert " nan" not in html.lower()
    assert summary_of(study).notes[0] in html


def test_names_stay_text(study):
    image = study.items.first().image
    image.original_name = '</style><script>alert("x")</script>.jpg'
    image.save()
    assert "<script>" not in report_html(study)


def test_the_command_writes_the_file_or_says_why_not(study, tmp_path, capsys):
    call_command("report", "methods", "--to", str(tmp_path / "new" / "report.html"))
    assert (tmp_path / "new" / "report.html").read_text().startswith("<!doctype html>")
    with pytest.raises(CommandError) as error:
        call_command("report", "methods", "--to", str(tmp_path))
    assert error.value.returncode == 2
