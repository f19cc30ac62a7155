"""Shared by the tests that run over every registered trial type: an open study of it, and what people do there.

No type has its name here or in those tests: a new one gets all of them by its entry in the registry.
"""

from itertools import cycle, permutations, product

import pytest
from django.urls import reverse

from studies.lifecycle.opening import open_study
from studies.models import Invitation, Participant, Response, Study, Trial, hash_token
from studies.trial_types import trial_types
from studies.trial_types.composed import PART, ComposedPage
from studies.trials.practice import right_side
from tests.factories import make_study
from tests.studies.taking_part import open_study as open_quickly

ARMS = ("grad-cam", "ablation-cam")  # two arms, which every type can ask about


@pytest.fixture(params=trial_types(), ids=lambda entry: entry.name)
def asked(request):
    return request.param


def make(asked, slug="contract", **fields) -> Study:
    return make_study(slug, **{"task": asked.name, "methods": ARMS, "items": 3, **fields})


def opened(asked, **fields) -> tuple[Study, str]:
    """An open study and the path of its invitation."""
    study = open_study(study=make(asked, **{"responses_per_item": 1, **fields}))
    return study, reverse("join", args=[Invitation.issue(study)[1]])


def opened_with_everything(asked, **fields) -> tuple[Study, str]:
    """A study with practice, breaks, an attention check and a repeat for everybody, and the path of its invitation."""
    study = open_quickly(
        **{
            "slug": "contract",
            "task": asked.name,
            "methods": ARMS,
            "items": 4,
            "responses_per_item": 1,
            "practice": True,
            "break_every": 2,
            "attention_checks": 1,
            "repeats_per_participant": 1,
            **fields,
        }
    )
    return study, reverse("join", args=[Invitation.issue(study)[1]])


def practise(visitor, asked) -> None:
    """Answer the practice example on screen as it is right, and go on."""
    person = Participant.objects.get(token_sha256=hash_token(visitor.home.split("/")[2]))
    number = int(visitor.soup.select_one("input[name=number]")["value"])
    side = right_side(person, number)
    visitor.press(value=next(b for b in buttons_of(asked) if asked.answers.prefers_place(b, side)))
    visitor.press()


def main_of(visitor):
    """The part of a page that is read, without what is there for scripts."""
    main = visitor.soup.select_one("main")
    for script in main.select("script"):
        script.extract()
    return main


def current(participant: Participant) -> Trial:
    return participant.trials.filter(state="claimed").order_by("position")[0]


def shown_by(asked) -> int:
    """How many maps a trial of the two arms shows."""
    return asked.layout.shown(len(ARMS))


def is_composed(asked) -> bool:
    """Whether an answer is put together of several fields, and not one button."""
    return isinstance(asked.page, ComposedPage)


def ways_to_say(soup) -> list[dict[str, str]]:
    """Everything that the fields of a trial page can say together: name of a field -> what it says."""
    said: dict[str, list[str]] = {}
    for part in soup.select(f"#answer input[type=radio][name^={PART}], #answer select[name^={PART}] option"):
        name = part["name"] if part.name == "input" else part.find_parent("select")["name"]
        said.setdefault(name, []).append(part["value"])
    return [dict(zip(said, each, strict=True)) for each in product(*said.values()) if all(each)]


def way_to_say(soup, asked, value) -> dict[str, str]:
    """What the fields say for one answer."""
    shown = len(soup.select("#answer .map"))
    return next(said for said in ways_to_say(soup) if asked.page.sent(said, shown) == str(value))


def buttons_of(asked):
    return asked.answers.shown_values(shown_by(asked))


def orders_of(asked) -> list[tuple[int, ...]]:
    """In which a trial can show the arms: both in either order, or one of them."""
    return list(permutations(range(len(ARMS)), shown_by(asked)))


def check_orders_of(asked) -> list[tuple[int, ...]]:
    """The same of an attention check: as many maps as in a trial, and the one on the object is always among them."""
    return list(permutations(range(shown_by(asked))))


def object_in(asked, order) -> int:
    """The place of the map on the object in an attention check with this order: of maps side by side the last."""
    return asked.asked.panels - 1 if asked.asked.panels > 1 else order.index(0)


def folder_of(asked) -> str:
    """Where its templates lie: Python's folders have no hyphen."""
    return f"trial_types/{asked.name.replace('-', '_')}/"


def protocol_of(asked, arms: int, **changes) -> dict:
    return {
        "version": 1,
        "slug": "contract",
        "title": "T",
        "task": asked.name,
        "photos": {"set": "birds"},
        "arms": [{"network": f"net-{number}", "method": "grad-cam"} for number in range(arms)],
        "design": {"seed": 1},
        **changes,
    }


def answered(asked, client_of_visitor, **fields) -> Study:
    """A study that three people have filled with what every button says."""
    study, join = opened(asked, items=4, responses_per_item=3, trials_per_participant=4, **fields)
    buttons = cycle(buttons_of(asked))
    for _ in range(3):
        visitor = client_of_visitor()
        visitor.start(join)
        while visitor.on_trial:
            visitor.answer(next(buttons))
    assert Response.objects.count() == 12
    return study
