"""A study goes on with the words that it was opened with, whatever words are usual after an update."""

import pytest
from django.urls import reverse

from studies.lifecycle.fingerprint import is_intact
from studies.lifecycle.protocol_views import RevisionForm
from studies.lifecycle.revisions import differences, find_version, revise, reworded
from studies.lifecycle.seal import broken_seal
from studies.lifecycle.transitions import change_state
from studies.models import Invitation, Study
from studies.protocol import default_wording
from studies.protocol.schema import in_full
from studies.trial_types.choice.asked import ChoiceAsked
from tests import by_sql

from .test_versions_of_a_protocol import SOURCE
from .test_versions_of_a_protocol import birds as birds
from .test_versions_of_a_protocol import study as study

pytestmark = pytest.mark.django_db
NEW = {"question": "Which picture is it?", "instructions": "Look. {picture} Or “{same}”."}


@pytest.fixture
def updated(study, monkeypatch):
    """A study that was opened before the product's own words changed."""
    for name, text in NEW.items():
        monkeypatch.setattr(ChoiceAsked, name, text)
    monkeypatch.setattr(ChoiceAsked, "own_wording", {"same": "Neither"})
    assert in_full(SOURCE)["wording"]["same"] == "Neither"
    return Study.objects.get(pk=study.pk)


def test_its_seal_stays_whole(updated):
    assert broken_seal(updated) is None
    assert broken_seal(Study.objects.get(pk=updated.pk), with_pictures=True) is None
    assert is_intact(updated)


def test_a_changed_word_is_still_told(updated):
    by_sql.change(Study.objects.all(), wording={**updated.wording, "same": "Neither"})
    broken = broken_seal(Study.objects.get())
    assert [(change.part, change.key, change.before, change.now) for change in broken.changes] == [
        ("study", "wording.same", "I see no difference", "Neither")
    ]


def test_its_volunteers_read_what_they_read_before(updated, visitor):
    _, token = Invitation.issue(updated)
    visitor.get(reverse("join", args=[token])).press().press(age="30")
    assert "choose “I see no difference”" in visitor.text
    visitor.press()
    assert visitor.soup.select_one("button.same span").text == "I see no difference"
    assert visitor.soup.h1.text.startswith("Which map best matches the ")


def test_its_protocol_in_full_has_the_words_that_it_was_opened_with(updated):
    full = find_version(updated)
    assert full["wording"] == updated.wording == find_version(updated, 1)["wording"]
    assert differences(full, find_version(updated, 1)) == []
    assert RevisionForm(updated)["same"].value() == "I see no difference"


def test_a_new_version_changes_what_was_changed_and_nothing_else(updated):
    paused = change_state(study=updated, to=Study.State.PAUSED)
    wording = {**paused.wording, "thanks": "Thank you!"}
    source = reworded(paused, wording=wording)
    version = revise(study=paused, source=source, why="shorter")
    assert version.protocol["wording"] == {**updated.wording, "thanks": "Thank you!"}
    assert broken_seal(Study.objects.get(pk=updated.pk)) is None


@pytest.mark.parametrize(
    ("task", "own", "named"),
    [("choice", {"same": "Equal for me"}, "Equal for me"), ("rating", {"labels": list("VWXYZ")}, "X")],
)
def test_instructions_name_a_button_by_what_the_protocol_calls_it(visitor, invite, task, own, named):
    _, join = invite(task=task, items=1, wording=default_wording(task, "overlay") | own)
    visitor.get(join).press()
    assert f"choose “{named}”" in visitor.text
    assert "{" not in visitor.text
    if task == "choice":
        assert f"0 for “{named}”" in " ".join(visitor.soup.select_one(".v-keys").text.split())
