"""docs/privacy.md says all that is stored of people: a column that nobody wrote down turns these red."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

from studies.models import Event, FurtherLink, JoinCount, Participant, Response, Trial
from studies.trials import TELEMETRY

TEXT = (Path(settings.BASE_DIR) / "docs/privacy.md").read_text("utf-8")
LEADING = (Participant, FurtherLink, Response, Trial, Event)
OF_PEOPLE = (*LEADING, JoinCount)
TABLES = [line for line in TEXT.splitlines() if line.startswith("|")]


def columns(model):
    return {
        f"{model.__name__}.{field.name}"
        for field in model._meta.concrete_fields
        if not (field.primary_key and field.name == "id")
    }


def told(model):
    """The columns that the tables name, in backticks, in their second column."""
    places = " ".join(line.split("|")[2] for line in TABLES)
    return set(re.findall(rf"`({model.__name__}\.\w+)`", places))


@pytest.mark.parametrize("model", OF_PEOPLE)
def test_every_column_is_said_and_none_that_is_not_there(model):
    assert told(model) == columns(model)


def test_a_column_that_is_unsaid_is_noticed(monkeypatch):
    """The test above can fail: a column more is missing in the tables."""
    more = Participant._meta.get_field("background")
    monkeypatch.setattr(more, "name", "shoe_size")
    assert columns(Participant) - told(Participant) == {"Participant.shoe_size"}


def test_these_are_all_tables_that_lead_to_a_volunteer():
    leading = {
        model
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.related_model is Participant
    }
    assert leading | {Participant} == set(LEADING)


def test_each_thing_that_is_told_of_an_answer_is_said():
    listed = TEXT[TEXT.index("In `Response.telemetry`") : TEXT.index("## Of what they were asked")]
    names = re.findall(r"`(\w+)`", "\n".join(line for line in listed.splitlines() if line.startswith("|")))
    assert sorted(names) == sorted(entry.name for entry in TELEMETRY)


def test_every_row_says_what_becomes_of_it():
    for line in TABLES:
        assert all(cell.strip() for cell in line.strip("|").split("|")), line
