"""A backup from before somebody withdrew does not bring them back; and two hands at one folder do not spoil it."""

import json
import os
import stat
import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from config import backup, doctor
from config.backup import back_up
from explain.core.errors import BadInputError
from studies.lifecycle.opening import open_study
from studies.models import Event, Participant, Response, Study
from studies.trials import allocation, read_tombstones, withdraw, withdrawn_file
from tests.config.test_back_up_and_restore import empty_the_site, run
from tests.factories import make_participant, make_study
from tests.studies.taking_part import answer_all

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("other_databases")]


@pytest.fixture
def study(admin_user):
    study = open_study(study=make_study(items=4, responses_per_item=3), user=admin_user)
    for number in (1, 2, 3):
        person = make_participant(study, number, external={"PROLIFIC_PID": f"pid-{number}"})
        answer_all(person)
    return study


def person(number) -> Participant:
    return Participant.objects.get(number=number)


def restored(folder, **options) -> dict:
    empty_the_site()
    return run("restore", folder, **options)


def is_gone(number) -> bool:
    gone = person(number)
    assert (gone.consented_at is None) == (gone.state == "withdrawn")
    assert Event.objects.filter(kind="withdrawn").exists() or gone.state != "withdrawn"
    return (gone.state, gone.external) == ("withdrawn", {}) and not gone.responses.exists()


def test_who_withdrew_after_the_backup_is_withdrawn_again_when_it_is_put_back(study, tmp_path):
    run("backup", to=tmp_path / "backup")
    withdraw(participant=person(2))
    answer = restored(tmp_path / "backup")
    assert answer["withdrawn_again"] == 1
    assert [is_gone(number) for number in (1, 2, 3)] == [False, True, False]
    assert not Response.objects.filter(participant__number=2, status="counted").exists()
    assert Study.objects.get().trials.filter(state="open").count() == 4  # asked of somebody else


def test_it_is_said_in_words(study, tmp_path):
    call_command("backup", to=tmp_path)
    withdraw(participant=person(1))
    empty_the_site()
    out = StringIO()
    call_command("restore", tmp_path, stdout=out)
    assert "Withdrawn again, since they had left after the backup was made: 1." in out.getvalue()


def test_who_got_another_link_in_between_is_known_all_the_same(study, tmp_path):
    run("backup", to=tmp_path)
    Participant.objects.filter(number=2).update(token_sha256="e" * 64)
    withdraw(participant=person(2))
    assert restored(tmp_path)["withdrawn_again"] == 1
    assert is_gone(2)


def test_it_holds_for_the_next_restore_too_and_on_another_machine(study, tmp_path, settings):
    """A second backup of the site carries what a first does not know; a new machine has no file of its own."""
    run("backup", to=tmp_path / "old")
    withdraw(participant=person(2))
    run("backup", to=tmp_path / "new")
    settings.WITHDRAWN_FILE = str(tmp_path / "another machine" / "withdrawn.jsonl")
    carried = tmp_path / "new" / "withdrawn.jsonl"
    assert restored(tmp_path / "old", withdrawn=[carried])["withdrawn_again"] == 1
    assert is_gone(2)
    assert restored(tmp_path / "old")["withdrawn_again"] == 1  # by what this machine knows now
    assert is_gone(2)


def test_who_joined_after_a_restore_under_the_number_of_somebody_who_left_is_left_alone(study, tmp_path):
    run("backup", to=tmp_path / "old")
    withdraw(participant=make_participant(study, 4))
    assert restored(tmp_path / "old")["withdrawn_again"] == 0
    make_participant(Study.objects.get(), 5)
    Participant.objects.filter(number=5).update(number=4)
    run("backup", to=tmp_path / "late")
    assert restored(tmp_path / "late")["withdrawn_again"] == 0
    assert not is_gone(4)


def test_the_file_is_private_appended_to_and_says_nothing_of_anybody(study, tmp_path):
    leaver, link = person(2), person(2).token_sha256
    withdraw(participant=leaver)
    before = withdrawn_file().read_text()
    withdraw(participant=person(3))
    text = withdrawn_file().read_text()
    assert text.startswith(before)
    assert stat.S_IMODE(withdrawn_file().stat().st_mode) == 0o600
    lines = [json.loads(line) for line in text.splitlines()]
    assert [set(line) for line in lines] == [{"study", "person", "link", "at"}] * 2
    assert not [word for word in (link, "pid-2", "PROLIFIC") if word in text]
    run("backup", to=tmp_path / "backup")
    assert stat.S_IMODE((tmp_path / "backup" / "withdrawn.jsonl").stat().st_mode) == 0o600
    restored(tmp_path / "backup")
    assert withdrawn_file().read_text().startswith(text)


def test_nobody_is_noted_who_did_not_leave_after_all(study, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("the database went away")

    monkeypatch.setattr(allocation, "_take_back", fail)
    with pytest.raises(RuntimeError):
        withdraw(participant=person(2))
    assert read_tombstones([withdrawn_file()]).lines == []


def test_whoever_leaves_leaves_even_if_it_cannot_be_noted_and_the_next_backup_makes_up_for_it(
    study, tmp_path, settings, caplog
):
    run("backup", to=tmp_path / "old")
    blocked = tmp_path / "a file"
    blocked.write_text("")
    settings.WITHDRAWN_FILE = str(blocked / "withdrawn.jsonl")
    withdraw(participant=person(2))
    assert is_gone(2)
    assert "could not be noted" in caplog.text
    assert [said.split(" lacks ")[-1] for said in withdrawals()][-1].startswith(
        "1 of those who have withdrawn"
    )
    settings.WITHDRAWN_FILE = str(tmp_path / "withdrawn.jsonl")
    run("backup", to=tmp_path / "new")
    assert withdrawals() == ["nothing to complain of"]
    assert restored(tmp_path / "old")["withdrawn_again"] == 1


def withdrawals() -> list[str]:
    """What doctor says of the file."""
    return [finding.said for finding in doctor._result(doctor._withdrawals)]


def test_a_line_that_was_cut_off_is_said_and_the_others_hold(study, tmp_path):
    run("backup", to=tmp_path)
    withdrawn_file().write_text('{"study": "demo", "per')
    withdraw(participant=person(2))
    empty_the_site()
    with pytest.raises(CommandError, match=r"everything was restored, but 1 lines of withdrawn\.jsonl"):
        run("restore", tmp_path)
    assert is_gone(2)


def test_a_file_of_tombstones_that_is_not_there_is_refused_before_anything_is_written(study, tmp_path):
    run("backup", to=tmp_path)
    empty_the_site()
    with pytest.raises(CommandError, match=r"nowhere\.jsonl: no such file"):
        run("restore", tmp_path, withdrawn=[tmp_path / "nowhere.jsonl"])
    assert not Study.objects.exists()


def test_a_file_that_cannot_be_written_afterwards_is_said(study, tmp_path, settings):
    run("backup", to=tmp_path / "backup")
    withdraw(participant=person(2))
    carried = withdrawn_file()
    (tmp_path / "a file").write_text("")
    settings.WITHDRAWN_FILE = str(tmp_path / "a file" / "withdrawn.jsonl")
    empty_the_site()
    with pytest.raises(
        CommandError, match="everything was restored and whoever had left was withdrawn again, but"
    ):
        run("restore", tmp_path / "backup", withdrawn=[carried])
    assert is_gone(2)


def test_a_file_that_cannot_be_read_stops_the_restore_before_anything_is_written(study, tmp_path):
    run("backup", to=tmp_path / "backup")
    withdrawn_file().unlink(missing_ok=True)
    withdrawn_file().mkdir()
    empty_the_site()
    with pytest.raises(CommandError, match="it says who has withdrawn; nothing was restored"):
        run("restore", tmp_path / "backup")
    assert not Study.objects.exists()


# One folder, two hands


def test_a_second_backup_into_the_same_folder_is_refused_in_a_sentence_and_the_first_is_whole(
    study, tmp_path, monkeypatch
):
    inside, go_on, said = threading.Event(), threading.Event(), []
    copy_files = backup._copy_files

    def slowly(*args):
        inside.set()
        assert go_on.wait(30)
        return copy_files(*args)

    def second():
        assert inside.wait(30)
        try:
            with backup._in_use(tmp_path):
                said.append("nothing")
        except BadInputError as error:
            said.append(str(error))
        go_on.set()

    monkeypatch.setattr(backup, "_copy_files", slowly)
    other = threading.Thread(target=second)
    other.start()
    back_up(tmp_path)
    other.join()
    assert said == [
        f"{tmp_path}: another backup or restore is at work in this folder; wait until it is done, or name another folder"
    ]
    monkeypatch.setattr(backup, "_copy_files", copy_files)
    assert restored(tmp_path)["rows"]["studies.response"] == 12


def test_nothing_is_restored_from_a_folder_while_a_backup_is_being_written_into_it(study, tmp_path):
    run("backup", to=tmp_path)
    empty_the_site()
    with backup._in_use(tmp_path), pytest.raises(CommandError, match="is at work in this folder"):
        run("restore", tmp_path)
    run("restore", tmp_path)


def test_a_backup_can_be_restored_from_where_nothing_can_be_written(study, tmp_path, monkeypatch):
    run("backup", to=tmp_path)
    can = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and can(path, mode))
    (tmp_path / ".lock").unlink()
    assert restored(tmp_path)["rows"]["studies.response"] == 12
    assert not (tmp_path / ".lock").exists()


def test_a_folder_that_cannot_be_written_is_a_sentence(study, tmp_path):
    (tmp_path / "a file").write_text("")
    with pytest.raises(CommandError, match="the backup could not be written"):
        run("backup", to=tmp_path / "a file")
