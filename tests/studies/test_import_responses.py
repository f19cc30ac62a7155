"""A researcher brings in answers that were collected elsewhere: all of them, or none and the reasons."""

import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from studies.models import Event, Participant, Response, Trial
from studies.opening import is_intact, open_study
from studies.summarise import summary
from tests.factories import make_study, make_trials

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
    found = summary(study)
    assert (found.who, found.simulated, found.responses, found.imported) == ("real", False, 3, 3)
    assert [score.score for score in found.scores] == [0.5, 0.5, 0.0]
    assert found.same.score == 1.0
    assert found.positions == {"A": 0, "B": 0, "C": 0, "same": 0}
    assert "3 of 3 answers were collected elsewhere" in " ".join(found.notes)
    ann = study.participants.get(number=1)
    assert ann.external == {"imported": "answers.csv", "participant": "ann"}
    assert ann.state == Participant.State.FINISHED


def test_the_studys_own_trials_stay_as_they_are(study, write):
    make_trials(study, ["0,1,2", "1,2,0"])
    call_command("import_responses", "methods", write(GOOD))
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
    assert summary(study).rating.mean == -0.5


def test_a_file_saved_by_a_spreadsheet_is_read(study, write):
    call_command("import_responses", "methods", write(GOOD.replace("\n", "\r\n"), encoding="utf-8-sig"))
    assert summary(study).responses == 3


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
    assert summary(study).responses == 3


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
