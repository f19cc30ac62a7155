"""The app below names nothing of this one, and learns of its work only when this one says so."""

import re
from dataclasses import replace

import pytest

from explain.jobs import jobs
from explain.models import Image, Job
from studies.api import throttling
from studies.lifecycle import similarity_job
from studies.models import ApiUse, Event, Item, Participant, Response, Study, Trial
from studies.trials import sql

pytestmark = pytest.mark.django_db


def test_its_kinds_of_work_are_its_own():
    assert set(Job.Kind.values) == {"photos", "try", "network", "maps", "pictures"}


def test_the_comparison_of_arms_is_known_to_every_worker():
    assert jobs.KINDS["likeness"] is similarity_job.LIKENESS
    assert not similarity_job.LIKENESS.own_page
    assert [name for name, _ in Job._meta.get_field("kind").choices] == list(jobs.KINDS)
    assert str(Job(pk=7, kind="likeness")) == "job 7: compare what a study’s arms look like"


def test_a_kind_is_registered_once():
    jobs.register(similarity_job.LIKENESS)  # the same again changes nothing
    with pytest.raises(ValueError, match=r"likeness: .* does this kind of work already"):
        jobs.register(replace(similarity_job.LIKENESS, do=print))
    assert jobs.KINDS["likeness"] is similarity_job.LIKENESS


def test_work_that_a_worker_does_not_know_fails_with_the_remedy_and_keeps_its_files(researcher):
    """An older worker meets what a newer site asks for."""
    asked = Job.objects.create(kind="paint", arguments={"file": "uploads/a/b.zip"}, created_by=researcher)
    done = jobs.run_job(asked.pk)
    assert done.state == Job.State.FAILED
    assert "paint: this worker does no such work" in done.error
    assert done.arguments == {"file": "uploads/a/b.zip"}


def statements_written():
    """The SQL of the hot path that is written by hand."""
    with open(sql.__file__, encoding="utf-8") as file:
        return file.read()


@pytest.mark.parametrize("model", [Participant, Study, Trial, Response, Item, Event, Image])
def test_tables_are_named_by_their_models(model):
    assert getattr(sql, model.__name__.upper()) == f'"{model._meta.db_table}"'
    assert model._meta.db_table not in statements_written()


def test_the_table_of_the_rate_is_named_by_its_model():
    with open(throttling.__file__, encoding="utf-8") as file:
        assert ApiUse._meta.db_table not in file.read()
    assert ApiUse._meta.db_table in throttling._COUNT


def test_words_in_statements_are_values_that_are_stored():
    """A word that is misspelt would find nothing, in silence."""
    lists = (Trial.State, Trial.Kind, Participant.State, Response.Status, Event.Kind)
    stored = {value for choices in lists for value in choices.values}
    words = set(re.findall(r"(?:=|<>) '(\w+)'", statements_written()))
    assert words == {"active", "answered", "claimed", "lapsed", "main", "open", "undone"}
    assert words <= stored
