"""Names, comparisons, exclusions and questions about volunteers, each a field of the set-up's pages."""

import pytest
from django.urls import reverse

from studies.models import Study
from studies.protocol.schema import check_protocol
from tests.studies.setting_up import DESIGN, begin, errors_of, go_through, save

pytestmark = pytest.mark.django_db

PLAN = {
    "name_0": "Grad-CAM",
    "name_1": "",
    "contrasts": ["0-1"],
    "missed_checks": "",
    "failed_practice": "",
    "median_ms": "400",
    "position_share": "0.9",
    "hide_running_results": "on",
}


def test_names_comparisons_and_exclusions_are_fields(browser, birds):
    study = begin(browser)
    go_through(browser, study)
    assert save(browser, study, "plan", **PLAN).url.endswith("/check/")
    study.refresh_from_db()
    assert [arm.name for arm in check_protocol(study.protocol).arms] == ["Grad-CAM", "ablation-cam"]
    assert study.protocol["analysis"] == {
        "contrasts": [["Grad-CAM", "ablation-cam"]],
        "hide_running_results": True,
    }
    assert study.protocol["exclusions"] == {"median_ms": 400, "position_share": 0.9}
    # Another name carries its comparison along, and nothing ticked leaves no table behind.
    save(browser, study, "plan", **{**PLAN, "name_0": "G"})
    study.refresh_from_db()
    assert study.protocol["analysis"]["contrasts"] == [["G", "ablation-cam"]]
    save(browser, study, "plan")
    study.refresh_from_db()
    assert not {"analysis", "exclusions"} & set(study.protocol)


def test_planned_looks_are_fields(browser, birds):
    study = begin(browser)
    go_through(browser, study)
    refused = save(browser, study, "plan", **PLAN, after="0.5 1").content.decode()
    assert "about 3 of 6 people will have answered, and however clear their preference" in refused
    save(browser, study, "design", **DESIGN | {"people": "80", "trials_per_participant": "40"})
    save(browser, study, "plan", **PLAN, after="0.25, 0.5 1", spending="pocock")
    study.refresh_from_db()
    assert study.protocol["looks"] == {"after": [0.25, 0.5, 1.0], "spending": "pocock"}
    form = browser.get(reverse("setup-step", args=[study.slug, "plan"])).context["form"]
    assert (form["after"].value(), form["spending"].value()) == ("0.25, 0.5, 1", "pocock")
    save(browser, study, "plan", **PLAN, after="0.5 1")
    study.refresh_from_db()
    assert study.protocol["looks"] == {"after": [0.5, 1.0], "spending": "obrien-fleming"}
    save(browser, study, "plan", **PLAN)
    study.refresh_from_db()
    assert "looks" not in study.protocol


def test_a_comparison_that_a_file_declares_the_other_way_round_stays_so(browser, birds):
    study = begin(browser)
    go_through(browser, study)
    declared = [["ablation-cam", "grad-cam"]]
    Study.objects.update(protocol={**study.protocol, "analysis": {"contrasts": declared}})
    form = browser.get(reverse("setup-step", args=[study.slug, "plan"])).context["form"]
    assert form.initial["contrasts"] == ["1-0"]
    save(browser, study, "plan", contrasts=["1-0"])
    study.refresh_from_db()
    assert study.protocol["analysis"]["contrasts"] == declared


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"missed_checks": "2"}, "missed_checks", "design.attention_checks is 0"),
        ({"failed_practice": "on"}, "failed_practice", "design.practice is not"),
        ({"median_ms": "0"}, "median_ms", "it must be a whole number from 1"),
        ({"position_share": "90"}, "position_share", "it must be a number between 0 and 1"),
        ({"after": "half"}, "after", "Write numbers with a point"),
        ({"after": "0.5"}, "after", "give fractions of the answers that rise to 1"),
        ({"after": "50, 100"}, "after", "a list of numbers above 0 up to 1"),
        ({"after": "nan, 1"}, "after", "a list of numbers above 0 up to 1"),
        ({"after": "0.5, 1", "contrasts": []}, "after", "a look judges contrasts that were declared"),
        ({"after": "0.5, 1", "spending": "all"}, "spending", "not one of the available choices"),
        ({"name_0": "ablation-cam"}, "name_1", "the same for two arms"),
        ({"name_0": "x" * 101}, "name_0", "at most 100 characters"),
    ],
)
def test_bad_input_about_the_analysis_is_a_sentence_at_its_field(browser, birds, fields, field, words):
    study = begin(browser)
    go_through(browser, study)
    before = Study.objects.values("protocol").get()
    response = save(browser, study, "plan", **{**PLAN, **fields})
    assert words in errors_of(response)[field]
    assert 'name="median_ms"' in response.content.decode()
    assert response.context["form"]["contrasts"].value() == fields.get("contrasts", ["0-1"])
    assert Study.objects.values("protocol").get() == before


QUESTIONS = {
    "text_0": "How old are you?",
    "kind_0": "number",
    "eligible_0": "18\n99",
    "required_0": "on",
    "text_2": "Do you work with computers?",
    "kind_2": "choice",
    "options_2": "yes\nno",
}


def test_questions_about_volunteers_are_fields(browser, birds):
    study = begin(browser)
    study.protocol["questions"] = [{"key": "age", "text": "Age?", "kind": "number"}]
    study.save()
    assert save(browser, study, "questions", **QUESTIONS).url.endswith("/design/")
    study.refresh_from_db()
    assert study.protocol["questions"] == [
        {
            "key": "age",
            "text": "How old are you?",
            "kind": "number",
            "eligible": [18, 99],
            "required": True,
        },
        {
            "key": "do-you-work-with-computers",
            "text": "Do you work with computers?",
            "kind": "choice",
            "options": ["yes", "no"],
            "required": False,
        },
    ]
    again = browser.get(reverse("setup-step", args=[study.slug, "questions"])).content.decode()
    assert again.count('class="question-block"') == 4
    save(browser, study, "questions")
    study.refresh_from_db()
    assert "questions" not in study.protocol


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"options_2": "yes"}, "options_2", "a list of two texts or more"),
        ({"eligible_2": "maybe"}, "eligible_2", "which is not one of the options"),
        ({"eligible_0": "18"}, "eligible_0", "two whole numbers"),
        ({"eligible_0": "adults"}, "eligible_0", "two whole numbers"),
        ({"options_0": "old"}, "options_0", "does not go with how it is answered"),
    ],
)
def test_bad_input_about_questions_is_a_sentence_at_its_field(browser, birds, fields, field, words):
    """Though the second question stands third on the page."""
    study = begin(browser)
    study.protocol["questions"] = [{"key": "age", "text": "Age?", "kind": "number"}]
    study.save()
    response = save(browser, study, "questions", **{**QUESTIONS, **fields})
    assert words in errors_of(response)[field]
    assert 'value="How old are you?"' in response.content.decode()
    study.refresh_from_db()
    assert study.protocol["questions"][0]["text"] == "Age?"
