"""A researcher brings in answers that were collected elsewhere: all of them, or none and the reasons."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from explain.models import Image
from studies.exports.importer import AnswersFileError, import_responses
from studies.lifecycle.fingerprint import is_intact
from studies.lifecycle.opening import open_study
from studies.models import Event, Invitation, Participant, ProtocolVersion, Response, Study, Trial
from studies.results.summary import summary_of
from tests.factories import make_participant, make_study, make_trials

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_study("methods", items=2)


@pytest.fixture
def write(tmp_path):
    def write(text: str, name: str = "answers.csv", encoding: str = "utf-8"):
        path = tmp_path / name
        path.write_text(text, encoding=encoding)
        return str(path)

    return write


GOOD = "item,participant,choice\n0,ann,grad-cam\n1,ann,same\nhammer-0.jpg,bob,ablation-cam\n"


def refuse(path: str, slug: str = "methods") -> str:
    with pytest.raises(CommandError) as error:
        call_command("import_responses", slug, path)
    assert error.value.returncode == 2
    assert not Response.objects.exists()
    assert not Participant.objects.exists()
    assert not Trial.objects.exists()
    return str(error.value)


def test_imported_answers_are_scored_and_marked(study, write, capsys):
    call_command("import_responses", "methods", write(GOOD), "--json")
    assert json.loads(capsys.readouterr().out) == {"study": "methods", "responses": 3, "participants": 2}
    summary = summary_of(study)
    assert (summary.who, summary.simulated, summary.responses, summary.imported) == ("real", False, 3, 3)
    assert [score.score for score in summary.outcome.scores] == [0.5, 0.5, 0.0]
    assert summary.outcome.same.score == 1.0
    assert summary.positions == {"A": 0, "B": 0, "C": 0, "same": 0}
    assert "3 of 3 answers were collected elsewhere" in " ".join(summary.notes)
    ann = study.participants.get(number=1)
    assert ann.external == {"imported": "answers.csv", "participant": "ann"}
    assert ann.state == Participant.State.FINISHED


def test_the_studys_own_trials_stay_as_they_are(study, write, capsys):
    make_trials(study, ["0,1,2", "1,2,0"])
    call_command("import_responses", "methods", write(GOOD))
    assert capsys.readouterr().out == "3 answers of 2 participants imported into methods.\n"
    assert study.trials.filter(state=Trial.State.OPEN, participant=None).count() == 4
    assert study.trials.filter(state=Trial.State.ANSWERED).count() == 3


def test_nobody_gets_in_by_the_invitation_of_an_import(study, write):
    call_command("import_responses", "methods", write(GOOD))
    assert study.invitations.get().revoked_at is not None


def test_ratings_are_imported_for_the_first_arm(write):
    study = make_study("networks", task="rating", items=2, methods=("m",), networks=("resnet50", "vgg16"))
    call_command(
        "import_responses", "networks", write("participant,item,rating\n1,0,-2\n1,1,+1\n2,0,−1\n2,1,0\n")
    )
    assert summary_of(study).outcome.rating.mean == -0.5


def test_a_file_saved_by_a_spreadsheet_is_read(study, write):
    call_command("import_responses", "methods", write(GOOD.replace("\n", "\r\n"), encoding="utf-8-sig"))
    assert summary_of(study).responses == 3


def test_every_mistake_is_named_by_its_line_and_nothing_is_imported(study, write):
    text = "item,participant,choice\n0,ann,grad-cam\n7,ann,same\n0,,same\n1,ann,gradcam\n0,ann,same\n1,bob\n"
    message = refuse(write(text))
    assert message.splitlines() == [
        "answers.csv, line 3: no item '7' in the study. Use its number or its photo's name.",
        "answers.csv, line 4: no participant. Give each person a name or number.",
        "answers.csv, line 5: choice 'gradcam' is not one of grad-cam, ablation-cam, pixel-ablation-cam, same.",
        "answers.csv, line 6: ann has answered item 0 on line 2. One answer each.",
        "answers.csv, line 7: choice '' is not one of grad-cam, ablation-cam, pixel-ablation-cam, same.",
        "Nothing was imported.",
    ]


def test_only_the_first_ten_mistakes_are_listed(study, write):
    message = refuse(write("item,participant,choice\n" + "9,ann,same\n" * 15))
    assert "… and 5 more." in message
    assert len(message.splitlines()) == 12


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no column item, participant, choice"),
        (
            "item,participant,rating\n0,ann,1\n",
            "no column choice. A choice study needs item,participant,choice.",
        ),
        ("item,participant,choice\n", "no answers in it, only a header"),
        ('item,participant,choice\n0,"ann,same\n', "line 2"),
    ],
)
def test_a_file_of_another_shape_is_refused(study, write, text, reason):
    assert reason in refuse(write(text))


def test_a_file_that_is_not_text_or_not_there_is_refused(study, write, tmp_path):
    assert "not UTF-8" in refuse(write("item,participant,choice\n0,Zoé,same\n", encoding="latin-1"))
    assert "No such file" in refuse(str(tmp_path / "missing.csv"))


def test_the_same_file_is_not_imported_twice(study, write):
    call_command("import_responses", "methods", write(GOOD))
    with pytest.raises(CommandError, match="already in methods"):
        call_command("import_responses", "methods", write(GOOD, name="copy.csv"))
    assert summary_of(study).responses == 3


def test_a_draft_is_closed_so_that_what_was_answered_cannot_change(study, write):
    call_command("import_responses", "methods", write(GOOD))
    study.refresh_from_db()
    assert (study.state, study.closed_at is not None, len(study.protocol_sha256)) == ("closed", True, 64)
    assert is_intact(study)


def test_an_open_study_stays_open_and_intact(study, write):
    open_study(study=study)
    call_command("import_responses", "methods", write(GOOD))
    study.refresh_from_db()
    assert study.state == "open"
    assert is_intact(study)


def test_a_refused_file_leaves_a_draft_a_draft(study, write):
    refuse(write(GOOD + "9,bob,same\n"))
    study.refresh_from_db()
    assert study.state == "ready"


def test_an_import_is_on_record(study, write):
    call_command("import_responses", "methods", write(GOOD))
    event = Event.objects.get(kind="imported")
    assert (event.data["file"], event.data["answers"], event.data["participants"]) == ("answers.csv", 3, 2)


# Whose answer it is, and about what


def test_a_person_who_answers_a_photo_by_its_number_and_again_by_its_name_is_refused(study, write):
    text = "item,participant,choice\n0,ann,grad-cam\nhammer-0.jpg,ann,same\nhammer-0.jpg,bob,same\n"
    assert refuse(write(text)).splitlines()[0] == (
        "answers.csv, line 3: ann has answered item hammer-0.jpg on line 2. One answer each."
    )


def test_a_name_that_two_photos_share_names_neither(study, write):
    Image.objects.update(original_name="hammer.jpg")
    message = refuse(write("item,participant,choice\nhammer.jpg,ann,same\n1,ann,same\n"))
    assert message.splitlines()[0].startswith("answers.csv, line 2: no item 'hammer.jpg' in the study")


def test_a_photo_that_is_called_like_another_ones_number_does_not_take_its_answers(study, write):
    Image.objects.filter(original_name="hammer-0.jpg").update(original_name="1")
    call_command("import_responses", "methods", write("item,participant,choice\n1,ann,same\n"))
    assert Response.objects.get().trial.item.index == 1


def test_each_answer_is_about_its_photo_by_its_person_and_for_its_arm(study, write):
    """The columns may stand in any order, with others between them, and cells may have spaces around them."""
    text = "choice,note,participant,item\nablation-cam,x, bob ,1\nsame,,ann,0\n pixel-ablation-cam,,bob, hammer-0.jpg\n"
    call_command("import_responses", "methods", write(text))
    rows = Response.objects.order_by("id")
    assert [
        (row.participant.external["participant"], row.trial.item.index, row.choice, row.rating)
        for row in rows
    ] == [("bob", 1, 1, None), ("ann", 0, -1, None), ("bob", 0, 2, None)]
    assert [row.participant.number for row in rows] == [1, 2, 1]
    for row in rows:
        assert row.trial.participant == row.participant
        assert (row.trial.state, row.trial.kind, row.trial.order, row.trial.position) == (
            "answered",
            "main",
            "",
            None,
        )
        assert (row.status, row.simulated, row.shown_value, row.response_ms) == ("counted", False, None, None)
        assert (row.trial.study, row.participant.study) == (study, study)


def test_every_way_to_write_a_rating_is_understood_and_others_are_refused(write):
    study = make_study("networks", task="rating", items=9, methods=("m",), networks=("resnet50", "vgg16"))
    ways = {"-2": -2, "-1": -1, "0": 0, "1": 1, "2": 2, "+1": 1, "+2": 2, "−1": -1, "−2": -2}
    head = "item,participant,rating\n"
    call_command(
        "import_responses",
        "networks",
        write(head + "".join(f"{item},ann,{way}\n" for item, way in enumerate(ways))),
    )
    ratings = dict(Response.objects.values_list("trial__item__index", "rating"))
    assert list(ratings.values()) == list(ways.values())
    for way in ("3", "-3", "1.5", "", "+0"):
        with pytest.raises(CommandError, match=r"is not one of −2 to 2"):
            call_command("import_responses", "networks", write(f"{head}0,bob,{way}\n", name="wrong.csv"))
    assert study.participants.count() == 1


@pytest.mark.parametrize("spelling", ["Same", "Grad-CAM", "3", "0"])
def test_an_arm_is_named_as_in_the_study_and_not_by_its_number(study, write, spelling):
    assert "is not one of grad-cam" in refuse(write(f"item,participant,choice\n0,ann,{spelling}\n"))


def test_a_mistake_is_named_by_its_line_though_the_file_has_empty_ones(study, write):
    message = refuse(write("item,participant,choice\n0,ann,same\n\n1,ann,same\n5,ann,same\n"))
    assert "line 5: no item '5'" in message


def test_ten_mistakes_are_all_of_them_and_no_more_are_promised(study, write):
    message = refuse(write("item,participant,choice\n" + "9,ann,same\n" * 10))
    assert "more." not in message
    assert len(message.splitlines()) == 11
    assert "… and 1 more." in refuse(write("item,participant,choice\n" + "9,ann,same\n" * 11))


@pytest.mark.parametrize("without", ["item", "participant", "choice"])
def test_the_column_that_is_missing_is_named(study, write, without):
    names = [name for name in ("item", "participant", "choice") if name != without]
    assert f"no column {without}. A choice study" in refuse(write(",".join(names) + "\n0,x\n"))


# Who they are


def test_people_of_an_import_are_numbered_after_those_who_are_there(study, write):
    study = open_study(study=study)
    for number in (1, 7):
        make_participant(study, number)
    call_command("import_responses", "methods", write(GOOD))
    ann, bob = study.participants.filter(number__gt=7)
    assert [(person.number, person.external["participant"]) for person in (ann, bob)] == [
        (8, "ann"),
        (9, "bob"),
    ]
    assert all(
        person.state == "finished" and person.finished_at and not person.simulated for person in (ann, bob)
    )
    assert ann.token_sha256 != bob.token_sha256
    call_command("import_responses", "methods", write(GOOD.replace("ann", "cyd"), name="more.csv"))
    assert list(study.participants.values_list("number", flat=True)) == [1, 7, 8, 9, 10, 11]


def test_a_group_is_named_after_its_file_even_one_with_a_long_name(study, write):
    call_command("import_responses", "methods", write(GOOD, name="a" * 120 + ".csv"))
    invitation = Invitation.objects.get()
    assert invitation.label == "imported: " + "a" * 90
    assert {person.invitation for person in study.participants.all()} == {invitation}


# When and where


@pytest.mark.parametrize("state", ["draft", "precomputing"])
def test_a_study_without_items_takes_no_answers(study, write, state):
    Study.objects.update(state=state)
    assert refuse(write(GOOD)) == f"methods: is {state}, without items yet; make its maps first."


@pytest.mark.parametrize("state", ["paused", "closed", "archived"])
def test_a_study_that_was_opened_takes_answers_from_elsewhere_in_any_state(study, write, state):
    open_study(study=study)
    Study.objects.update(state=state)
    call_command("import_responses", "methods", write(GOOD))
    now = Study.objects.get()
    assert (now.state, now.closed_at, Response.objects.count()) == (state, None, 3)
    assert is_intact(now)
    assert ProtocolVersion.objects.count() == 1


def test_a_study_that_somebody_opens_meanwhile_stays_open(study, write):
    """Whoever imports holds the study as it was; what counts is what it is by now."""
    before = Study.objects.get()
    opened = open_study(study=study)
    import_responses(study=before, path=Path(write(GOOD)))
    now = Study.objects.get()
    assert (now.state, now.protocol_sha256) == ("open", opened.protocol_sha256)
    assert now.trials.filter(state="open").count() == 8


def test_two_studies_can_take_the_same_file(study, write):
    make_study("again", items=2, networks=("other",))
    path = write(GOOD)
    for slug in ("methods", "again"):
        call_command("import_responses", slug, path)
        assert summary_of(Study.objects.get(slug=slug)).responses == 3


def test_two_files_of_one_study_can_be_imported_one_after_the_other(study, write):
    call_command("import_responses", "methods", write(GOOD))
    call_command("import_responses", "methods", write(GOOD + "0,cyd,same\n", name="more.csv"))
    assert Response.objects.count() == 7
    assert list(Event.objects.filter(kind="imported").values_list("data__answers", flat=True)) == [3, 4]


def test_it_is_on_record_who_imported_what_and_closed_the_draft_by_it(study, write, researcher):
    path = Path(write(GOOD))
    assert import_responses(study=study, path=path, user=researcher) == (3, 2)
    closed, imported = Event.objects.order_by("id")
    assert (closed.kind, closed.data, closed.user) == ("closed", {"from": "ready"}, researcher)
    assert (imported.kind, imported.user, imported.study) == ("imported", researcher, study)
    assert imported.data["participants"] == 2
    version = ProtocolVersion.objects.get()
    now = Study.objects.get()
    assert (version.sha256, version.user) == (now.protocol_sha256, researcher)
    assert now.code_version != ""


def test_a_file_that_is_already_there_is_named_by_its_own_name(study, write):
    import_responses(study=study, path=Path(write(GOOD)))
    with pytest.raises(
        AnswersFileError, match=r"^copy\.csv: these answers are already in methods\. Nothing was"
    ):
        import_responses(study=study, path=Path(write(GOOD, name="copy.csv")))
    assert Participant.objects.count() == 2
