"""A plan is filed before there is data: it says what the protocol says, and the report says where the study left it."""

import copy
import json
import re

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from explain.models import ImageSet
from studies.exports.report import report_html
from studies.lifecycle.opening import open_study
from studies.lifecycle.readiness import create_study
from studies.lifecycle.revisions import revise, reworded
from studies.lifecycle.transitions import change_state
from studies.models import Participant
from studies.preregistration.document import preregister
from studies.preregistration.formats import FORMATS, written
from studies.preregistration.forms import FORMS
from studies.protocol.analysis_plan import PRIMARY
from studies.protocol.schema import check_protocol, read_protocol, to_toml
from studies.results.as_json import scores_json
from studies.results.part import part_of
from studies.trial_types import trial_types
from tests.factories import CONSENT, make_image, make_map, make_network
from tests.studies.filled import answer, make_participant
from tests.studies.setting_up import begin

pytestmark = pytest.mark.django_db

SOURCE = {
    "version": 1,
    "slug": "small",
    "title": "A “small” study",
    "task": "choice",
    "photos": {"set": "birds", "per_class": 2, "limit": 3},
    "arms": [
        {"network": "tiny", "method": method} for method in ("grad-cam", "ablation-cam", "pixel-ablation-cam")
    ],
    "design": {
        "seed": 3,
        "responses_per_item": 2,
        "trials_per_participant": 9,
        "practice": True,
        "attention_checks": 3,
    },
    "questions": [
        {"key": "age", "text": "How old are you?", "kind": "number", "eligible": [18, 99]},
        {"key": "prior", "text": "Do you know networks?", "options": ["No", "Yes"], "eligible": ["No"]},
    ],
    "recruitment": {"people": 40},
    "consent": CONSENT,
    "analysis": {"contrasts": [["grad-cam", "ablation-cam"]], "hide_running_results": True},
    "exclusions": {
        "median_ms": 400,
        "missed_checks": 2,
        "failed_practice": True,
        "position_share": 0.9,
    },
    "looks": {"after": [0.5, 1.0], "spending": "pocock"},
}


def with_(path: str, value, source: dict = SOURCE) -> dict:
    """A protocol with one key changed; `path` as in "design.seed"; None takes the key out."""
    source = copy.deepcopy(source)
    *tables, key = path.split(".")
    table = source
    for name in tables:
        table = table[name]
    if value is None:
        del table[key]
    else:
        table[key] = value
    return source


def text_of(source: dict, ending: str = "md") -> str:
    """A document without its protocol, its hash and its time: what is said in words."""
    text = written(preregister(check_protocol(source)), ending).split("## Protocol")[0]
    return re.sub(r"[0-9a-f]{64}|^Written from.*$", "", text, flags=re.M)


@pytest.fixture
def birds():
    image_set, network = ImageSet.objects.create(name="birds"), make_network()
    for number in range(6):
        image = make_image(image_set, number, ("hen", "robin")[number % 2], 8 + 7 * (number % 2))
        for method in ("grad-cam", "ablation-cam", "pixel-ablation-cam"):
            make_map(image, network, method)


# The photos of tests have no boxes for attention checks.
OPENED = with_("exclusions.missed_checks", None, with_("design.attention_checks", 0))


def opened(source: dict):
    return open_study(study=create_study(protocol=check_protocol(source)))


PLAIN = {
    key: value for key, value in with_("design.practice", False).items() if key not in ("looks", "exclusions")
}
PLAIN["design"]["attention_checks"] = 0


@pytest.mark.parametrize("kind", trial_types(), ids=lambda kind: kind.name)
def test_every_question_of_both_forms_is_answered_or_marked_as_yours(kind):
    arms = SOURCE["arms"][: kind.asked.most_arms]
    source = {**PLAIN, "task": kind.name, "arms": arms}
    if not kind.asked.declares_contrasts:
        del source["analysis"]
    document = preregister(check_protocol(source))
    for form in FORMS:
        for section, questions in document.sections(form):
            for answered in questions:
                assert answered.said or answered.to_fill_in, (form.key, section, answered.heading)
    used = {
        key for form in FORMS for _, questions in form.sections for each in questions for key in each.entries
    }
    assert used == set(document.entries), "an entry that no form has, or one that no entry answers"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("title", "Another study"),
        ("arms", SOURCE["arms"][:2]),
        ("photos.limit", 4),
        ("photos.per_class", 3),
        ("photos.classes", ["hen"]),
        ("photos.min_f1", 0.9),
        ("photos.top_share", 0.1),
        ("photos.top_classes", 1),
        ("photos.only_correct", True),
        ("design.seed", 4),
        ("design.responses_per_item", 3),
        ("design.trials_per_participant", 8),
        ("design.repeats_per_participant", 2),
        ("design.attention_checks", 4),
        ("design.picture", "heat"),
        ("questions", SOURCE["questions"][:1]),
        ("questions", [{**SOURCE["questions"][0], "eligible": [21, 99]}]),
        ("recruitment.people", 41),
        ("analysis.contrasts", [["ablation-cam", "grad-cam"]]),
        ("analysis.contrasts", [["grad-cam", "ablation-cam"], ["grad-cam", "pixel-ablation-cam"]]),
        ("analysis.hide_running_results", False),
        ("analysis.smallest_effect", 0.1),
        ("analysis.decided_by", "kept"),
        ("exclusions.median_ms", 500),
        ("exclusions.missed_checks", 3),
        ("exclusions.failed_practice", None),
        ("exclusions.position_share", 0.8),
        ("exclusions", None),
        ("looks.after", [0.6, 1.0]),
        ("looks.spending", "obrien-fleming"),
        ("looks", None),
        ("consent.responsible", "Somebody Else"),
        ("consent.institution", "Another University"),
        ("consent.ethics", "Board 12/2026"),
        ("consent.payment", "Two coffees"),
        ("wording", {"question": "Which one?"}),
        ("wording", {"same": "No difference"}),
    ],
)
def test_whatever_the_plan_fixes_stands_in_the_document(path, value):
    assert text_of(with_(path, value)) != text_of(SOURCE)


@pytest.mark.parametrize("primary", PRIMARY)
def test_the_primary_mean_of_ratings_is_named(primary):
    source = {**PLAIN, "task": "rating", "arms": SOURCE["arms"][:2], "analysis": {"primary": primary}}
    of = {"items": "means of photos", "people": "means of people", "answers": "each answer counts"}[primary]
    assert of in " ".join(preregister(check_protocol(source)).entries["models"])


def test_declared_contrasts_are_the_hypotheses_and_nothing_else_is():
    assert "H1. grad-cam and ablation-cam are not preferred equally often" in text_of(SOURCE)
    assert "H2." not in text_of(SOURCE)
    assert "Holm" not in text_of(SOURCE)
    unlooked = with_("looks", None)
    assert "Holm" not in text_of(unlooked)
    two = with_("analysis.contrasts", [["grad-cam", "ablation-cam"], ["grad-cam", "pixel-ablation-cam"]])
    assert "H2. grad-cam and pixel-ablation-cam" in text_of(two)
    assert "shared equally by the 2 declared contrasts" in text_of(two)
    assert "Holm" not in text_of(two), "looks are judged at a level that is shared, not by corrected p-values"
    assert "the p-values of the 2 declared contrasts are corrected by Holm" in text_of(
        with_("looks", None, two)
    )
    none = {key: value for key, value in SOURCE.items() if key not in ("analysis", "looks")}
    assert "None is declared: the study is exploratory." in text_of(none)


def test_the_looks_stand_there_with_the_levels_that_will_judge():
    text = text_of(with_("looks.after", [0.5, 1.0]))
    assert "Look 1, after 50 % of the answers: interval at the level of 96.90 %, p at most 0.0310" in text
    assert "Results are judged once" not in text
    assert "Results are judged once" in text_of(with_("looks", None))


def test_it_counts_what_is_there_and_keeps_simulated_answers_apart(birds):
    study = opened(OPENED)
    document = preregister(check_protocol(SOURCE))
    assert "no real person has answered anything" in " ".join(document.entries["existing_data"])
    answer(make_participant(study), 0, 1)
    answer(make_participant(study), 0, 2)
    answer(make_participant(study, simulated=True, label="robots"), 0, 0)
    said = " ".join(preregister(check_protocol(SOURCE)).entries["existing_data"])
    assert "2 answers of real people are in" in said
    assert "Simulated answers that are there to try the study out (1)" in said
    assert f"opened on {study.opened_at:%-d %B %Y}" in said


def test_the_report_has_the_hash_of_the_filed_plan_and_of_no_other(birds, toml):
    toml.write_text(to_toml(OPENED), "utf-8")
    filed = preregister(read_protocol(toml)).plan_sha256
    study = opened(OPENED)
    assert filed in report_html(study)
    change_state(
        study=study, to="closed"
    )  # the secret of the orders is published now: it is no change of plan
    study.refresh_from_db()
    assert study.published_nonce
    assert filed in report_html(study)
    others = [
        with_("design.seed", 4, OPENED),
        with_("exclusions.median_ms", 401, OPENED),
        with_("analysis.contrasts", [["ablation-cam", "grad-cam"]], OPENED),
    ]
    assert len({filed, *(preregister(check_protocol(other)).plan_sha256 for other in others)}) == 4


def test_departures_are_reported_with_what_was_in_by_then(birds):
    study = opened(OPENED)
    answer(make_participant(study), 0, 1)
    study = change_state(study=study, to="paused")
    revised = reworded(
        study,
        wording={**study.wording, "question": "Which map is best?"},
        recruitment={**study.protocol.get("recruitment", {}), "completion_url": "https://x.org/"},
    )
    revise(study=study, source=revised, why="The question was not understood.")
    make_participant(study, state=Participant.State.VOID)
    study.refresh_from_db()
    change_state(study=study, to="closed")
    study.refresh_from_db()
    html = report_html(study)
    for said in (
        "after 1 answer of real people, changed wording.question, recruitment.completion_url: The question was not understood.",
        "It was closed with 1 of the 6 answers that were planned.",
        "40 people were planned; 1 took part.",
        "One person was taken out by the researchers by hand",
    ):
        assert said in html, said
    assert "No departure from it is on record" not in html


def test_a_study_that_kept_to_its_plan_has_no_departure(birds):
    source = with_("looks", None, with_("recruitment.people", 2, OPENED))
    study = opened(source)
    for _ in range(2):
        person = make_participant(study, state=Participant.State.FINISHED)
        for item in range(3):
            answer(person, item, 1)
    change_state(study=study, to="closed")
    study.refresh_from_db()
    assert "No departure from it is on record" in report_html(study)


def test_a_running_study_does_not_claim_to_have_kept_to_its_plan(birds):
    html = report_html(opened(OPENED))
    assert "The study is not closed yet" in html
    assert "No departure from it is on record" not in html


HOSTILE = "Which <b>map</b> *is* best? ```` | # [x](y)"


def test_texts_of_a_protocol_stay_text_in_every_form():
    source = with_("wording", {"question": HOSTILE})
    document = preregister(check_protocol(source))
    html = written(document, "html")
    assert "<b>map" not in html
    assert "&lt;b&gt;map&lt;/b&gt; *is* best?" in html
    markdown = written(document, "md")
    said = markdown.split("## Protocol")[0]
    assert "&lt;b>map" in said
    assert r"\*is\*" in said
    assert "<b>" not in said
    assert markdown.count("`````") == 2, "the protocol's fence is longer than any run of its own"
    assert HOSTILE in json.dumps(json.loads(written(document, "json")), ensure_ascii=False)


@pytest.fixture
def toml(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(to_toml(SOURCE), "utf-8")
    return path


@pytest.mark.parametrize("ending", FORMATS)
def test_the_command_writes_each_form(toml, tmp_path, ending, capsys):
    to = tmp_path / "new" / f"prereg.{ending}"
    call_command("preregister", str(toml), "--to", str(to), "--studies", "0", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert answer["file"] == str(to)
    assert answer["to_fill_in"] == 5
    assert answer["plan_sha256"] in to.read_text("utf-8")


def test_power_of_this_design_is_its_rationale(toml, tmp_path, birds):
    to = tmp_path / "prereg.md"
    source = {
        **PLAIN,
        "photos": {"set": "birds"},
        "design": {**PLAIN["design"], "responses_per_item": 4},
        "recruitment": {"people": 6},
    }
    toml.write_text(to_toml(source), "utf-8")
    call_command("preregister", str(toml), "--to", str(to), "--studies", "10")
    assert re.search(r"With 6 people the study then finds what it looks for in \d+ % of 10", to.read_text())


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("prereg.pdf", "must end in one of .html, .md, .json"),
        ("study.toml/x.md", "Choose a place you may write to"),
    ],
)
def test_a_place_that_cannot_be_written_is_said_in_a_sentence(toml, tmp_path, to, said):
    with pytest.raises(CommandError, match=re.escape(said)) as error:
        call_command("preregister", str(toml), "--to", str(tmp_path / to), "--studies", "0")
    assert error.value.returncode == 2


def test_the_page_gives_the_plan_as_it_was_opened(birds, client, admin_user):
    study = opened(OPENED)
    study = change_state(study=study, to="paused")
    revised = reworded(study, wording={**study.wording, "question": "Which one now?"})
    revise(study=study, source=revised, why="Clearer.")
    client.force_login(admin_user)
    page = client.get(reverse("study-protocol", args=["small"])).content.decode()
    for ending in FORMATS:
        address = reverse("study-preregistration", args=["small", ending])
        assert address in page
        response = client.get(address)
        assert (
            response.headers["Content-Disposition"]
            == f'attachment; filename="small-preregistration.{ending}"'
        )
        assert "Which one now?" not in response.content.decode()
    assert client.get(reverse("study-preregistration", args=["small", "pdf"])).status_code == 404


def test_an_unfinished_draft_is_sent_back_with_the_reason(client, researcher):
    client.force_login(researcher)
    study = begin(client, title="Half a study")
    response = client.get(reverse("study-preregistration", args=[study.slug, "html"]), follow=True)
    assert "The set-up is not complete yet" in response.content.decode()


def test_what_is_left_out_by_rule_is_said_as_the_results_do_it(birds):
    """Everybody is in what decides; results without those left out stand beside it."""
    study = opened(with_("looks", None, OPENED))
    hasty, calm = make_participant(study), make_participant(study)
    for item in range(3):
        answer(hasty, item, 0, response_ms=100)
        answer(calm, item, item, response_ms=3000)
    assert "with everybody, which decides, and without" in " ".join(
        preregister(check_protocol(OPENED)).entries["exclusion"]
    )
    data = scores_json(study, part_of(study))
    assert data["participants"] == 2
    assert data["exclusions"]["kept"]["participants"] == 1


def test_orders_that_repeat_an_earlier_study_are_no_new_secret():
    repeated = with_("design.nonce", "ab" * 32)
    assert "the secret of an earlier study" in text_of(repeated)
    assert "the secret of an earlier study" not in text_of(SOURCE)


def test_photos_that_are_not_there_are_an_error_and_photos_that_are_not_here_yet_are_none(
    birds, toml, tmp_path
):
    missing = with_("photos", {"set": "birds", "classes": ["ostrich"]})
    toml.write_text(to_toml(missing), "utf-8")
    with pytest.raises(CommandError, match="ostrich"):
        call_command("preregister", str(toml), "--to", str(tmp_path / "x.md"), "--studies", "0")
    unseen = preregister(check_protocol(with_("photos", {"set": "birds", "min_f1": 0.9})))
    assert "Photos; chosen by rule: classes with an F1" in " ".join(unseen.entries["design"])
