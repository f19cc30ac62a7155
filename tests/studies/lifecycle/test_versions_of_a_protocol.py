"""A protocol goes out as a file that makes the same study again; what may change later makes a new version."""

import copy
import csv
import io
import json
import re
import tomllib
import uuid

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from joserfc.jwk import RSAKey

from explain.models import ImageSet
from studies.exports.writers import csv_chunks
from studies.lifecycle.fingerprint import is_intact
from studies.lifecycle.opening import open_study
from studies.lifecycle.protocol_views import RevisionForm
from studies.lifecycle.readiness import create_study
from studies.lifecycle.revisions import RevisionError, differences, revise, reworded
from studies.lifecycle.transitions import change_state
from studies.models import Response, Study
from studies.protocol.schema import ProtocolError, check_protocol, to_toml
from studies.results.summary import summary_of
from studies.trials.allocation import answer_trial, claim_trials
from tests import by_sql
from tests.factories import CONSENT, make_image, make_map, make_network, make_participant, make_study

pytestmark = pytest.mark.django_db

SOURCE = {
    "consent": CONSENT,
    "version": 1,
    "slug": "small",
    "title": "A “small” study",
    "task": "choice",
    "photos": {"set": "birds", "per_class": 2, "limit": 3},
    "arms": [{"network": "tiny", "method": method} for method in ("grad-cam", "ablation-cam")],
    "design": {"seed": 3, "responses_per_item": 2, "trials_per_participant": 9},
    "questions": [{"key": "age", "text": "How old are you?", "kind": "number", "eligible": [18, 120]}],
    "recruitment": {"completion_url": "https://example.org/?cc={code}"},
    "analysis": {"contrasts": [["grad-cam", "ablation-cam"]], "hide_running_results": False},
    "exclusions": {"median_ms": 400},
}


@pytest.fixture
def birds():
    image_set, network = ImageSet.objects.create(name="birds"), make_network()
    for number in range(6):
        image = make_image(image_set, number, ("hen", "robin")[number % 2], 8 + 7 * (number % 2))
        for method in ("grad-cam", "ablation-cam"):
            make_map(image, network, method)


@pytest.fixture
def study(birds):
    return open_study(study=create_study(protocol=check_protocol(SOURCE)))


def paused(study):
    return change_state(study=study, to=Study.State.PAUSED)


def another_question(study, question="Which of these shows the {class}?"):
    wording = {**study.wording, "question": question}
    return reworded(study, wording=wording)


def asked(study):
    items = list(study.items.values_list("index", "image__original_name"))
    trials = sorted(study.trials.values_list("item__index", "order"))
    return items, trials, study.protocol_sha256


def run(*args, **options):
    out = io.StringIO()
    call_command(*args, stdout=out, **options)
    return out.getvalue()


# As a file


def test_the_file_makes_the_same_items_orders_and_hash_again(study):
    before, file = asked(study), run("show_protocol", "small")
    by_sql.remove_study(study)
    again = open_study(study=create_study(protocol=check_protocol(tomllib.loads(file))))
    assert asked(again) == before


def test_another_seed_makes_another_hash(study):
    before, file = asked(study), tomllib.loads(run("show_protocol", "small"))
    by_sql.remove_study(study)
    file["design"]["seed"] = 4
    assert asked(open_study(study=create_study(protocol=check_protocol(file))))[2] != before[2]


def test_the_file_has_every_default_and_is_itself_in_full():
    complete = check_protocol(SOURCE).complete
    assert complete["design"]["picture"] == "overlay"
    assert complete["wording"]["same"] == "I see no difference"
    assert complete["arms"][0]["name"] == "grad-cam"
    assert complete["analysis"]["contrasts"] == [["grad-cam", "ablation-cam"]]
    again = check_protocol(tomllib.loads(to_toml(complete)))
    assert again.complete == complete
    assert (again.rule, again.questions) == (check_protocol(SOURCE).rule, check_protocol(SOURCE).questions)


def leaves(value, path=()):
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, dict) or (isinstance(inner, list) and inner and isinstance(inner[0], dict)):
            yield from leaves(inner, (*path, key))
        else:
            yield (*path, key)


FULL = check_protocol(
    SOURCE
    | {
        "photos": SOURCE["photos"]
        | {"classes": ["hen"], "min_f1": 0.9, "top_share": 0.5, "top_classes": 2, "only_correct": True}
    }
).complete


@pytest.mark.parametrize("path", list(leaves(FULL)), ids=lambda path: ".".join(map(str, path)))
def test_every_key_of_the_wrong_type_is_named_with_what_is_allowed(path):
    source = copy.deepcopy(FULL)
    table = source
    for step in path[:-1]:
        table = table[step]
    table[path[-1]] = {"not": "this"}
    with pytest.raises(ProtocolError) as caught:
        check_protocol(source)
    name = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    lines = [line for line in caught.value.lines if line.startswith(f"{name}: ")]
    assert len(lines) == 1
    assert "it must be" in lines[0]


# What differs


def test_a_default_that_is_spelt_out_is_no_difference():
    assert differences(SOURCE, check_protocol(SOURCE).complete) == []


def test_differences_are_named_by_key():
    other = copy.deepcopy(SOURCE)
    other["arms"][1]["method"] = "random"
    other["design"]["seed"] = 4
    del other["analysis"], other["photos"]["limit"]
    by_key = {
        difference.key: (difference.before, difference.after) for difference in differences(SOURCE, other)
    }
    assert by_key == {
        "arms[2].method": ("ablation-cam", "random"),
        "arms[2].name": ("ablation-cam", "random"),
        "design.seed": (3, 4),
        "photos.limit": (3, None),
        "analysis.contrasts": ([["grad-cam", "ablation-cam"]], None),
    }


def test_the_command_says_what_differs(study):
    revise(study=paused(study), source=another_question(study), why="A clearer question")
    assert "Which of these" in run("show_protocol", "small")
    assert "Which map best" in run("show_protocol", "small@1")
    rows = json.loads(run("show_protocol", "small@1", against="small", json=True))
    before, after = "Which map best matches the {class}?", "Which of these shows the {class}?"
    assert rows == [{"key": "wording.question", "small@1": before, "small": after}]
    lines = run("show_protocol", "small@1", against="small").splitlines()
    assert lines[0].split() == ["key", "small@1", "small"]
    assert [re.split(r" {2,}", line.strip()) for line in lines[-1:]] == [["wording.question", before, after]]
    assert "ask the same" in run("show_protocol", "small@2", against="small")
    with pytest.raises(CommandError, match=r"has no version 3 of its protocol \(there is: 1, 2\)"):
        run("show_protocol", "small@3")


# What may change


def test_opening_makes_version_one_with_the_hash(study):
    version = study.versions.get()
    assert (version.number, version.sha256) == (1, study.protocol_sha256)
    assert version.protocol == check_protocol(SOURCE).complete


def test_a_new_wording_is_a_new_version_with_its_own_hash_and_why(study, researcher):
    before = study.protocol_sha256
    version = revise(study=paused(study), source=another_question(study), why=" Clearer ", user=researcher)
    study.refresh_from_db()
    assert (study.version, version.number, version.why, version.user) == (2, 2, "Clearer", researcher)
    assert study.protocol_sha256 == version.sha256 != before
    assert study.wording["question"] == "Which of these shows the {class}?"
    assert is_intact(study)
    event = study.events.get(kind="protocol changed")
    assert (event.user, event.data["keys"]) == (researcher, ["wording.question"])


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("arms[2].method", lambda s: s["arms"].__setitem__(1, {"network": "tiny", "method": "random"})),
        ("photos.limit", lambda s: s["photos"].__setitem__("limit", 2)),
        ("design.responses_per_item", lambda s: s["design"].__setitem__("responses_per_item", 9)),
        ("questions[1].text", lambda s: s["questions"][0].__setitem__("text", "Age?")),
        ("exclusions.median_ms", lambda s: s["exclusions"].__setitem__("median_ms", 9)),
    ],
)
def test_nothing_else_changes(study, key, change):
    source = another_question(study)
    change(source)
    source.pop("analysis", None) if key.startswith("arms") else None
    with pytest.raises(RevisionError, match="cannot change once the study has been opened") as caught:
        revise(study=paused(study), source=source, why="I want to")
    assert any(line.startswith(f"{key}: ") for line in caught.value.lines)
    study.refresh_from_db()
    assert (study.version, study.versions.count()) == (1, 1)


def test_only_while_paused_with_a_reason_and_if_something_changes(study):
    with pytest.raises(RevisionError, match="is open; its protocol changes while it is paused only"):
        revise(study=study, source=another_question(study), why="Clearer")
    held = paused(study)
    with pytest.raises(RevisionError, match="why: is missing"):
        revise(study=held, source=another_question(study), why="  ")
    with pytest.raises(RevisionError, match="nothing changes"):
        revise(study=held, source=held.protocol, why="Clearer")
    with pytest.raises(ProtocolError, match=r"wording.question: has a place \{klass\}"):
        revise(study=held, source=another_question(study, "Which {klass}?"), why="Clearer")


# Answers know theirs


def answered(study, person, **fields):
    (trial,) = claim_trials(participant=person, count=1)
    return answer_trial(
        participant=person, position=trial.position, shown_value=0, answer_id=uuid.uuid4(), **fields
    ).response


@pytest.fixture
def two_versions(study):
    """One answer under each version, and one that was on its way while the protocol changed."""
    answered(study, make_participant(study, 1))
    revise(study=paused(study), source=another_question(study), why="Clearer")
    study = change_state(study=Study.objects.get(), to=Study.State.OPEN)
    answered(study, make_participant(study, 2), version=2)
    answered(study, make_participant(study, 3), version=1)
    return study


def test_an_answer_knows_the_version_that_the_page_spoke(two_versions):
    assert list(Response.objects.order_by("id").values_list("version", flat=True)) == [1, 2, 1]


@pytest.mark.parametrize("version", [None, 0, -1, 3, 99])
def test_a_version_that_there_is_not_is_taken_for_the_present_one(two_versions, version):
    assert answered(two_versions, make_participant(two_versions, 9), version=version).version == 2


def test_scores_say_that_versions_are_mixed(two_versions):
    summary = summary_of(two_versions)
    assert summary.versions == {1: 2, 2: 1}
    assert (
        "Answers under 2 versions of the protocol are counted together: 2 under version 1, 1 under version 2."
        in summary.notes
    )


def test_scores_can_be_of_one_version_alone(two_versions, browser, capsys):
    two_versions.refresh_from_db()
    assert (summary_of(two_versions, version=1).responses, summary_of(two_versions, version=2).responses) == (
        2,
        1,
    )
    call_command("scores", two_versions.slug, "--json", "--protocol-version", "2")
    printed = json.loads(capsys.readouterr().out)
    assert (printed["responses"], printed["protocol_version"]) == (1, 2)
    call_command("scores", two_versions.slug, "--protocol-version", "2")
    assert "version 2 of the protocol only" in capsys.readouterr().out
    page = browser.get(reverse("study-results", args=[two_versions.slug]), {"version": "1"})
    assert page.context["result"].responses == 2
    assert '<option value="1" selected>version 1</option>' in page.content.decode()
    assert browser.get(f"/api/studies/{two_versions.slug}/scores/?version=1").json()["responses"] == 2


def test_a_version_that_there_is_not_is_named(two_versions, browser):
    with pytest.raises(CommandError, match=r"has no version 3 of its protocol \(there is: 1, 2\)") as error:
        call_command("scores", two_versions.slug, "--protocol-version", "3")
    assert error.value.returncode == 2
    for wrong in ("3", "x", "-1"):
        address = reverse("study-results", args=[two_versions.slug])
        assert browser.get(address, {"version": wrong}).status_code == 404
        refused = browser.get(f"/api/studies/{two_versions.slug}/scores/?version={wrong}")
        assert (refused.status_code, list(refused.json())) == (400, ["version"])


def test_one_version_is_not_spoken_of(study):
    answered(study, make_participant(study, 1))
    assert summary_of(study).versions == {}
    assert not any("version" in note for note in summary_of(study).notes)


def test_the_export_has_each_answers_version_and_hash(two_versions):
    rows = list(csv.DictReader(io.StringIO(b"".join(csv_chunks(two_versions)).decode())))
    hashes = dict(two_versions.versions.values_list("number", "sha256"))
    assert [row["protocol_version"] for row in rows] == ["1", "2", "1"]
    assert [row["protocol_sha256"] for row in rows] == [hashes[1], hashes[2], hashes[1]]


# On pages


@pytest.fixture
def browser(client, researcher, study):
    study.researchers.add(researcher)
    client.force_login(researcher)
    return client


def test_the_page_offers_the_file_and_its_versions(browser, study):
    page = browser.get(reverse("study-protocol", args=["small"])).content.decode()
    assert study.protocol_sha256 in page
    file = browser.get(reverse("study-protocol-file", args=["small"])).content.decode()
    assert tomllib.loads(file) == check_protocol(SOURCE).complete
    assert browser.get(reverse("study-protocol-file", args=["small"]) + "?version=7").status_code == 404


def test_a_researcher_changes_the_question_of_a_paused_study(browser, study):
    address = reverse("study-change-wording", args=["small"])
    assert "paused only" in browser.get(address, follow=True).content.decode()
    paused(study)
    form = browser.get(address).context["form"]
    fields = {name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items()}
    bad = browser.post(address, fields | {"question": "Which {klass}?", "why": "Clearer"}).content.decode()
    assert "has a place {klass}" in bad
    good = browser.post(address, fields | {"question": "Which?\r\nThis?", "why": "Clearer"}, follow=True)
    assert "This is version 2 of the protocol now" in good.content.decode()
    assert "wording.question" in good.content.decode()
    study.refresh_from_db()
    assert (study.version, study.wording["question"]) == (2, "Which?\nThis?")


def test_a_researcher_changes_the_ways_back_of_a_paused_study_on_the_page(browser, study):
    address = reverse("study-change-wording", args=["small"])
    paused(study)
    form = browser.get(address).context["form"]
    fields = {name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items()}
    assert fields["completion_url"] == "https://example.org/?cc={code}"
    unknown = {"withdrew_url": "https://example.org/?left={nobody}", "why": "A code of its own"}
    assert "has a place {nobody}" in browser.post(address, fields | unknown).content.decode()
    asked_for = {
        "completion_url": "https://example.org/?done={code}",
        "withdrew_url": "https://example.org/?left={PROLIFIC_PID}",
        "screened_code": "SCREENED1",
        "return_after": "15",
    }
    browser.post(address, fields | asked_for | {"why": "Codes of their own"})
    study.refresh_from_db()
    assert study.version == 2
    assert study.completion_url == "https://example.org/?done={code}"
    assert study.protocol["recruitment"]["return_after"] == 15
    ways = study.protocol["recruitment"]["ways_back"]
    assert ways["withdrew"]["url"] == "https://example.org/?left={PROLIFIC_PID}"
    assert ways["screened"]["code"] == "SCREENED1"


def test_labels_of_a_scale_are_changed_one_to_a_line(birds):
    """Nothing else tells a researcher that a line is a label."""
    rating = make_study("rated", task="rating", methods=("grad-cam",), networks=("one", "two"), items=1)
    form = RevisionForm(rating)
    assert form["labels"].initial.splitlines() == rating.wording["labels"]
    assert {name for name, field in form.fields.items() if "to a line" in field.help_text} == {"labels"}


def test_two_studies_are_compared_if_both_can_be_seen(browser, study, researcher):
    other = create_study(protocol=check_protocol(SOURCE | {"slug": "other", "title": "Other"}))
    address = reverse("study-protocol", args=["small"]) + "?with=other"
    assert browser.get(address).status_code == 404
    other.researchers.add(researcher)
    page = browser.get(address).content.decode()
    assert "<code>title</code>" in page
    assert "<code>slug</code>" in page
    assert "<code>design.seed</code>" not in page


def test_the_keys_of_a_recruitment_site_can_change_as_it_changes_them(study):
    paused(study)
    source = another_question(study, study.wording["question"])
    keys = RSAKey.generate_key(2048).as_pem(private=False).decode().strip()
    source["recruitment"] = {**source["recruitment"], "prolific_key": keys}
    version = revise(study=study, source=source, why="Prolific has new keys")
    study.refresh_from_db()
    assert (version.number, study.protocol["recruitment"]["prolific_key"]) == (2, keys)
    source["recruitment"] = {**source["recruitment"], "prolific_study": "another"}
    with pytest.raises(RevisionError, match=r"recruitment\.prolific_study: cannot change"):
        revise(study=study, source=source, why="another study")


@pytest.mark.parametrize(("before", "after"), [("No difference", ""), ("", "No difference")])
def test_another_wording_neither_takes_an_answer_away_nor_adds_one(birds, before, after):
    """An answer that was given offline while it was offered would be lost; and what was asked before and after is not the same."""
    source = {**SOURCE, "task": "pair", "wording": {"same": before}}
    study = paused(open_study(study=create_study(protocol=check_protocol(source))))
    with pytest.raises(RevisionError, match="which answers there are"):
        revise(study=study, source=reworded(study, wording={**study.wording, "same": after}), why="clearer")
    if before:
        others = {**study.wording, "same": "They are alike"}
        assert revise(study=study, source=reworded(study, wording=others), why="clearer").number == 2
