"""The interface of a trial type: what it says for itself so that nobody has to ask which type it is.

A type is a `TrialType`: its name, and one object for each of the parts below. Rooms call the part that they need:

    trial_type_of(study).answers.meaning((2, 0, 1), 0)     # {"choice": 2}: the arm that stood first

Words used throughout. A trial shows some of the study's arms, from one to all of them, and every trial of a study shows
as many: its `order` lists the indices of those that it shows, from the first position to the last. A `shown value` is a button on screen as a number, before
anybody asked which arm stood there. A `stored value` is what is kept of it, about arms.

In an attention check the order lists places of the check's own maps instead of arms. The map that lies on the object has
place 0, where else the first arm stands.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from django.forms import Field

from studies.analysis.power import Assumptions, PowerModel
from studies.analysis.table import UNKNOWN

from .handed import Named, OptionReader
from .handed import Stated as Stated
from .in_files import Files
from .layout import Layout as Layout
from .people import People
from .plan import PlanInWords
from .questions import TrialQuestions
from .results import Results

SHOWN_VALUES = range(-2, 2**15)
"""Shown and stored values of every type lie in here: a column of small whole numbers holds them."""


class AnswerError(Exception):
    """An answer that cannot be one: no such trial, or no such button. The message says which."""


class IncompleteError(AnswerError):
    """An answer of several parts of which some are not given yet: what was given is shown again, with what is missing."""


class Answers(ABC):
    """Which answers a trial has, what each says about the arms, and what is stored of it.

    Called by `trials` (every answer, attention checks, practice), `participation` and the preview in `setup` (practice),
    `monitoring`, `results`, `exports` and `api` (what is stored, and in words).
    """

    column: ClassVar[str]
    """The column of `Response` that holds the stored value: `choice` (any small whole number), `rating` (−2 to 2), or `parts`
    (JSON, of an answer of several parts). Two types may share one; another column needs a migration, and a place in the constraint
    in models/trials.py."""

    several: ClassVar[bool] = False
    """Whether an answer has several parts: a form sends each by its name (`together`), and `parts` keeps them by name (`kept`). Shown
    and stored values are still whole numbers, each of which says all parts."""

    @abstractmethod
    def shown_values(self, shown: int) -> Sequence[int]:
        """The values that the answers to a trial with so many maps can have, the lowest first."""

    @abstractmethod
    def stored_value(self, order: Sequence[int], shown_value: int) -> int:
        """What a button says about the arms. Only for a value that is one of `shown_values`.

        Everything that the scores need, without the order: an imported answer has none. A type that shows some of the arms
        says here which one.
        """

    @abstractmethod
    def refusal(self, shown: int, shown_value: int) -> str:
        """Why a value is none of `shown_values`: a whole sentence, “N is no …: it must be ….”"""

    @abstractmethod
    def in_words(self, value: int, names: Sequence[str]) -> str:
        """A stored value as researchers read it. `names`: of the study's arms, or of a check's maps by their places."""

    @abstractmethod
    def prefers_first(self, value: Any) -> Any:
        """Whether a stored value says that the first arm is the best one: so an attention check is passed.

        `value` is a number, or an array of numbers; the reply is a truth, or an array of truths. Where trials show one map,
        so does a check, the one with place 0; nothing needs to be said of others.
        """

    @abstractmethod
    def prefers_place(self, shown_value: int, place: int) -> bool:
        """Whether a button of a trial of two maps says that the one at `place` (0 or 1) is better: practice is right.

        Where trials show one map, so does practice: the one on the object at place 0, or the one beside it at place 1.
        """

    def together(self, parts: Mapping[str, Any]) -> int:
        """The shown value of an answer whose parts were sent by their names. Only where there are `several`.

        Raises:
            IncompleteError: some are missing.
            AnswerError: one of them cannot be.
        """
        raise NotImplementedError

    def apart(self, shown_value: int) -> dict[str, str]:
        """The parts by their names that make up a shown value, as a form sends them; none where an answer is one button."""
        return {}

    def kept(self, value: int) -> Any:
        """What the column holds of a stored value."""
        return value

    def read(self, held: Any) -> int:
        """The stored value of what a column holds."""
        return held

    def meaning(self, order: Sequence[int], shown_value: int) -> dict[str, Any]:
        """The columns of `Response` that a button fills, with their values.

        Raises:
            AnswerError: a trial with so many maps has no such button.
        """
        if shown_value not in self.shown_values(len(order)):
            raise AnswerError(self.refusal(len(order), shown_value))
        return {self.column: self.kept(self.stored_value(order, shown_value))}

    def truth(self, prediction: Mapping[str, Any] | None) -> int:
        """What is right about an item, as a whole number for the table of answers; UNKNOWN where nothing is, as in most types."""
        return UNKNOWN

    def is_correct(self, values: Any, truths: Any) -> Any:
        """(n,) bool: whether stored values agree with what `truth` says is right, none of which is UNKNOWN; None where nothing is."""
        return None

    @abstractmethod
    def arm_of(self, values: Any) -> Any:
        """(n,) int: the arm that stored values (n,) are about: the one that was shown alone, or that they prefer to the others; −1 for
        those that prefer none. How sure people are is told by it."""

    sureness: ClassVar[Sequence[str]] = ()
    """What each step of how sure people are is called, the lowest first, where the answers of the type say that themselves."""

    def sureness_of(self, values: Any) -> Any:
        """(n,) int: the step of `sureness` in stored values."""
        raise NotImplementedError

    def stored_in(self, response: Any) -> int:
        """The stored value of an answer's row."""
        return self.read(getattr(response, self.column))


class Asked(ABC):
    """What a protocol of this type may say: its arms, its wording, and whether its analysis declares contrasts.

    Called by `protocol` (the check of every protocol, and the default wording) and by the steps of `setup`.
    """

    offer: ClassVar[str]
    """What it finds out, in a sentence or two that begin with a question: the choice that a new study begins with."""

    fewest_arms: ClassVar[int]
    most_arms: ClassVar[int]

    how_many: ClassVar[str] = ""
    """How many arms there may be, and what speaks against more, where set-up asks for the methods: a whole sentence."""

    compares_networks: ClassVar[bool]
    """True: two networks by one method, and set-up asks for a first and a second network. False: methods on one network."""

    declares_contrasts: ClassVar[bool]
    """Whether its analysis can declare contrasts between pairs of arms; planned looks then need one."""

    declares_primary: ClassVar[bool] = False
    """Whether its analysis can declare what counts once in the figure that a study is judged by: items, people or answers."""

    largest_effect: ClassVar[float | None] = None
    """No difference can be larger, in the unit of the protocol's `smallest_effect`; None: its analysis can declare none."""

    smallest_in_words: ClassVar[str] = ""
    """What such an effect is, for the set-up: it follows “The smallest …”."""

    question: ClassVar[str]
    """The default question, marked for translation; `{class}` becomes the name of what is in the photo."""

    instructions: ClassVar[str]
    """The default instructions, marked for translation; `{picture}` becomes what a map is in this study, and
    every `{place}` of `button_names` what the study calls that button."""

    direction: ClassVar[str] = ""
    """How the order of the arms matters to who reads the results; none has a capital or a stop."""

    asks: ClassVar[TrialQuestions | None] = None
    """What a protocol may ask of each map in [[trial_questions]]; None: nothing, as a trial is one answer of the type's own."""

    network_speaks: ClassVar[bool] = False
    """Whether trials show what a network says of the photo: all arms are then of one network, and a study that gets ready keeps its
    prediction with each item. Whether it is right is the truth of an answer, and nothing that reaches a volunteer tells it."""

    panels: int = 1
    """How many maps of a photo stand side by side in each picture, each of another class of the network (lifecycle/predictions.py says
    which). Where they are several, a check has as many, and the one on the object stands last."""

    right_class: ClassVar[str] = "says"
    """Which of these classes is the right answer, as `Item.prediction` has it: the one that the network `says`, or the photo's `label`."""

    def options(self, table: OptionReader | None) -> dict[str, Any]:
        """What else a protocol may say, in a table of the type's name; kept in the study's wording under OPTIONS. None: the defaults.
        Types without such a table give none."""
        return {}

    first_arms: ClassVar[Sequence[Mapping[str, Any]]] = ()
    """The arms that a study of this type begins with in the set-up: the controls that it should not be without."""

    names_arms: ClassVar[Sequence[str]] = ()  # the keys of `options` that are lists of arms' names
    hidden: Sequence[str] = ()
    """The names of arms that a page for everybody leaves out, with every answer about them."""

    public: bool = False
    """Whether there is a page for everybody. Only of a study without an end."""

    options_when_said: ClassVar[bool] = False
    """Whether a protocol without their table has no options: of a type that came to them later, or seals would be broken by defaults."""

    def option_fields(self) -> dict[str, Field]:
        """A form field for each key of `options`, for the set-up."""
        return {}

    own_wording: ClassVar[Mapping[str, str | list[str]]]
    """Further keys of `[wording]` with their defaults, marked for translation. A list has a fixed number of texts. In every
    other language a text differs from the English one; of a list, one of its texts does."""

    may_be_empty: ClassVar[frozenset[str]] = frozenset()
    """Keys of `own_wording` that a protocol may leave empty: then that answer is not offered."""

    def button_names(self, wording: Mapping[str, Any]) -> dict[str, str]:
        """The buttons that the instructions may name by `{place}`, each as the study's `wording` calls it.

        Instructions that spelt a button's words out would go on naming it where a protocol has renamed it.
        """
        return {}

    @abstractmethod
    def fields(self) -> dict[str, Field]:
        """A form field for each key of `own_wording`; a list is typed one text a line."""

    @abstractmethod
    def answers_offered(self, wording: Mapping[str, Any], shown: int) -> str:
        """What a trial with so many maps offers to answer, with the words of the study's `wording`; it follows “with”.

        Empty where the wording does not say it yet.
        """

    def can_compare(self, count: int) -> bool:
        """Whether a study of this type can compare so many arms."""
        return self.fewest_arms <= count <= self.most_arms


class Page(ABC):
    """What volunteers see of a trial type, between the photo and the foot of the page, and how it goes by keyboard.

    Called by `participation` alone; the preview in `setup` shows the same views. The templates lie in the type's folder
    and are named from `studies/` on; their styles lie in static/css/volunteer.css.
    """

    trial: ClassVar[str]
    """Template of the answers to a trial, within its form. Gets `maps` (dicts of value, key, letter, url), `rtl`, and
    what `buttons` returns. Every answer is a button named `value` of the class `option` with its `data-key`, or is put together of
    fields (composed.py); on a wide screen number keys count up from left to right in every language: `dir="ltr"`."""

    practice: ClassVar[str]
    """Template of the two maps of a practice example with its answers; gets `maps` (dicts of value, letter, file), and `said`: None
    before an answer, then whether it was right. Of trials with one map there is one; `right` is A where it lies on the object."""

    keys: ClassVar[str]
    """Template of the sentence that says which keys there are, “1 to N”; gets `last_key` and what `buttons` returns."""

    def parts_in_order(self, random: np.random.Generator) -> list[str]:
        """The names of an answer's parts in an order of one trial's own, for studies that shuffle them; none where it is one button."""
        return []

    def part_way(self, order: Sequence[str], chosen: Mapping[str, Any] | None) -> dict[str, Any]:
        """What the templates need where an answer has several parts: these in their order, with what was chosen of them (None: nothing yet)."""
        return {}

    def named(self, class_name: str, prediction: Mapping[str, Any] | None, *, check: bool) -> Named:
        """The class that a trial names: its photo's, or what the network says (`prediction` as `Item` has it); in a check what is right."""
        return Named(class_name)

    def named_in_practice(self, drawing: str, other: str, *, on_object: bool) -> str:
        """What a practice example names: what is drawn, or another thing where the network speaks and is wrong."""
        return drawing

    def question(self, wording: Mapping[str, Any]) -> str:
        """What is asked, with the words of the study's `wording`."""
        return str(wording["question"])

    @abstractmethod
    def buttons(self, wording: Mapping[str, Any]) -> dict[str, Any]:
        """What the templates need beside the maps, with the words of the study's `wording`."""

    def sent(self, form: Mapping[str, str], shown: int) -> str | None:
        """The shown value that a form without scripts says: that of its button, unless a type puts it together (composed.py)."""
        return form.get("value")

    @abstractmethod
    def last_key(self, shown: int) -> int:
        """The highest number key of a trial with so many maps; keys count from 1."""


class Power(ABC):
    """What a study of this type is simulated by to say how many people it needs. Called by `setup` and the command."""

    model: ClassVar[PowerModel]
    """How people answer in a simulated study, and the interval that it is judged by: one of analysis/power, or
    one that lies in the type's own folder. It knows what can be assumed, too."""

    effect: ClassVar[float]
    """Assumed where nothing is said."""

    effect_of: ClassVar[str]
    """What an effect is, for the command's help."""

    effect_in_words: ClassVar[str]
    """The assumed effect for the page: it follows “Assumed: ”."""

    knows_same: ClassVar[bool] = False
    """Whether “same” is among the answers, so that its share can be assumed."""

    width_of: ClassVar[str]
    """What the width of an interval is of: it follows “Width: of the 95 % interval of ”."""

    @abstractmethod
    def assumed(self, assumptions: Assumptions, arms: int, spread: str) -> str:
        """What is assumed, as a sentence; `spread` is how photos and people differ, in words."""


@dataclass(frozen=True)
class TrialType:
    """One trial type: what its folder says, by the part of the journey that asks."""

    name: str
    """As `task` in a protocol has it, and the class of the trial page in CSS. It never changes: studies are stored by it."""
    in_words: str
    """What people do in a trial, as researchers read it: “pick the best map or “same””."""
    asked: Asked
    answers: Answers
    page: Page
    files: Files
    people: People
    power: Power
    results: Results
    plan: PlanInWords
    layout: Layout = field(default_factory=Layout)
    asking: "Callable[[Mapping[str, Any]], TrialType] | None" = None
    """The type as one study asks it, by the questions (ASKS) and options (OPTIONS) that its wording has; without them it asks what
    is usual. Types that ask the same in every study have no such function."""

    @property
    def shows_one_map(self) -> bool:
        """Whether each trial shows one of the arms: then people can be asked about one arm alone (comparison.py)."""
        return self.layout.shown(self.asked.fewest_arms) == 1
