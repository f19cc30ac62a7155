"""What the record calls things: one list, whose words are stored and never change."""

import ast
from pathlib import Path

import pytest

from studies.lifecycle.transitions import STEPS
from studies.models import Event, Participant, Study

ROOT = Path(__file__).parents[3]
STORED = {
    "archived", "arm joined", "arm left", "arm released", "background: active", "background: finished", "background: screened", "background: withdrawn",
    "background: void", "break",
    "closed", "draft", "drafted", "finished", "grown", "imported", "instructed", "invitation revoked", "invited", "joined",
    "lapsed", "likeness measured", "looked", "maps given up", "note", "open", "opened", "participant back", "participant void", "paused", "practice",
    "precomputing", "protocol changed", "ready", "refused", "returned", "role given", "round", "test people deleted", "unblinded", "void", "withdrawn", "wrote",
}  # fmt: skip


def test_the_words_that_are_stored_stay_as_they_are():
    assert set(Event.Kind.values) == STORED
    assert max(map(len, STORED)) <= Event._meta.get_field("kind").max_length


@pytest.mark.parametrize("state", Study.State.values)
def test_every_state_of_a_study_has_its_kind(state):
    assert Event.Kind.of_state(state) == state


def test_every_step_of_a_study_has_its_kind():
    assert {Event.Kind.of_state(to) for steps in STEPS.values() for to in steps} <= set(Event.Kind)


@pytest.mark.parametrize("state", Participant.State.values)
def test_whoever_tells_about_themselves_is_on_record(state):
    """Whatever they are by then."""
    assert Event.Kind.of_background(state) == f"background: {state}"


def of_events(call: ast.Call) -> bool:
    """Whether a call makes or looks up events: Event(…), Event.objects.…(…), study.events.filter(…)."""
    names = {node.id for node in ast.walk(call.func) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(call.func) if isinstance(node, ast.Attribute)}
    return bool(names & {"Event", "events"})


def kinds_in(path: Path):
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(call, ast.Call) and of_events(call):
            yield from (word.value for word in call.keywords if word.arg == "kind")


def test_nobody_writes_a_kind_by_hand():
    """A word that is misspelt would be stored, and looked for in vain."""
    kinds = [
        (str(path.relative_to(ROOT)), ast.unparse(kind))
        for app in ("studies", "config", "explain")
        for path in (ROOT / app).rglob("*.py")
        for kind in kinds_in(path)
    ]
    assert len(kinds) > 25
    by_hand = [(path, kind) for path, kind in kinds if not kind.startswith("Event.Kind.")]
    assert by_hand == [
        ("studies/arena/joining.py", "kind"),  # its callers name it
        ("studies/access/event_log_views.py", "kind"),  # what a reader of the record asks for
    ]
