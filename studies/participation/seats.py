"""Somebody who takes part, as the pages see it: what they are asked next, and what becomes of what they send.

There are two kinds. A volunteer's seat is kept in rows, by the services that decide (trials/allocation.py, invitations.py);
that of a preview keeps nothing (setup/preview_seat.py). Pages know the interface alone, so a preview shows what volunteers see.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from explain.core.storable import storable
from studies.core.transactions import write_transaction
from studies.models import Event, Participant, Study, Trial
from studies.protocol import asked_after, asked_before
from studies.trial_types import trial_type_of
from studies.trials import (
    HeldTrial,
    can_be_undone,
    claim_trials,
    current_example,
    expected_main,
    expected_repeats,
    expected_trials,
    locked_state,
    looks_at,
    maps_shown,
    minutes_to_wait_for_more,
    participant_progress,
    withdraw,
)

from . import invitations, submissions
from .complaints import keep_complaint
from .links import Link, queue_name
from .picture_addresses import seal_trial
from .sealed_pictures import pictures_of
from .texts import hand_out, parts_in_order, screen

# With fewer trials than this in hand a participant is given more: the current one and two to load ahead.
# Before their first answer they hold no more than these, and a single one before they are instructed.
IN_HAND = 3


class Credit(NamedTuple):
    """Who took a photo, as it was said when the photo was brought in."""

    class_name: str
    author: str
    licence: str
    source: str


class Seat(ABC):
    """One person in one study. `token` is what stands in the addresses of their pages."""

    is_limited = False
    """Whether nothing of what was given may be shown, taken back or taken out here (limited_seat.py)."""

    def __init__(self, participant: Participant, token: str) -> None:
        self.participant, self.token = participant, token

    @property
    def study(self) -> Study:
        return self.participant.study

    @property
    def expected(self) -> int:
        """How many answers they are asked for."""
        return expected_trials(self.study)

    def place(self) -> str:
        """The page that they have to be on before, between or after trials; "" if they can go on with them."""
        if self.is_over():
            return "thanks"
        if self.is_unasked(asked_before(self.study.questions)):
            return "about-you"
        if self.participant.instructed_at is None:
            return "instructions"
        if self.practice_is_due():
            return "practice"
        return "break" if self.break_is_due() else ""

    def is_unasked(self, questions: list[dict[str, Any]]) -> bool:
        """Whether they have not answered these of the study's questions yet: they come on one page."""
        return bool(questions) and questions[0]["key"] not in self.participant.background

    def last_questions_are_due(self) -> bool:
        """Whether somebody who has no more photos is asked the questions that come after them; not who saw none."""
        return self.is_unasked(asked_after(self.study.questions)) and self.answers_given() > 0

    def is_over(self) -> bool:
        """Whether they are through, or were taken out: nothing more is asked of them."""
        return self.participant.state in (Participant.State.FINISHED, Participant.State.VOID)

    def practice_is_due(self) -> bool:
        return self.study.practice and self.example() is not None

    def break_is_due(self) -> bool:
        """Whether this is the moment for a break, and it has not been taken."""
        every = self.study.break_every
        if not every:
            return False
        answered = self.answers_given()
        if answered == 0 or answered % every or answered >= self.expected:
            return False
        return not self.has_rested(answered)

    def is_paused(self) -> bool:
        return self.study.state == Study.State.PAUSED

    @abstractmethod
    def maps_shown(self) -> int:
        """How many maps each trial shows."""

    @abstractmethod
    def example(self) -> int | None:
        """The number of the practice example that is next; None after the last."""

    @abstractmethod
    def answers_given(self) -> int: ...

    @abstractmethod
    def has_rested(self, after: int) -> bool:
        """Whether the break after so many answers has been taken."""

    @abstractmethod
    def block(self) -> dict[str, Any]:
        """The trials in their hand, after claiming more if few are left, and how far they are: what a browser gets."""

    def wait(self) -> int | None:
        """Minutes until there may be more for them to answer, now that others hold it; 0: now, None: there will not be."""
        return None

    @abstractmethod
    def credits(self) -> list[Credit]:
        """Who took the photos that they answered about, in the order in which they saw them."""

    @abstractmethod
    def keep_background(self, answers: dict[str, Any], *, eligible: bool) -> None:
        """Keep the answers to some of the study's questions; who is not eligible takes part no more."""

    @abstractmethod
    def keep_instructed(self) -> None: ...

    @abstractmethod
    def keep_practice(self, number: int, value: str, *, right: bool) -> None: ...

    @abstractmethod
    def keep_rest(self, after: int) -> None: ...

    @abstractmethod
    def answer(
        self,
        *,
        position: int,
        shown_value: int,
        answer_id: UUID,
        confidence: int | None,
        response_ms: int | None,
        version: int | None,
        telemetry: dict | None,
    ) -> None:
        """Store an answer; AnswerError where it cannot be one. See allocation.answer_trial."""

    @abstractmethod
    def undo(self, answer_id: UUID) -> None:
        """Take the last answer back, if it is this one."""

    @abstractmethod
    def look(self, position: int, look_id: UUID) -> None:
        """Keep that the maps of a trial, which are shown for a time, were shown; AnswerError where it cannot be."""

    @abstractmethod
    def keep_refused(self, operation: Any, why: str) -> None:
        """Note what a browser sent that cannot be done."""

    @property
    @abstractmethod
    def queue(self) -> str:
        """The name under which their browser keeps what is not sent yet (links.queue_name)."""

    @abstractmethod
    def by_link(self, link: Any) -> submissions.Sender:
        """By which link of theirs something was given that says so; AnswerError where it is somebody else's."""

    def left_behind(self) -> dict[str, str]:
        """What a page without trials needs to send what waits in the browser, or to offer it as a file."""
        return {"queue": self.queue, "url": reverse("answers", args=[self.token])}

    @abstractmethod
    def keep_complaint(self, text: str) -> bool:
        """Keep what they wrote by “Something is wrong”; False where they have written too much."""

    @abstractmethod
    def finish(self) -> None:
        """Give someone who is through their completion code; once, and for good."""

    @abstractmethod
    def withdraw(self) -> None: ...


class VolunteerSeat(Seat):
    """A volunteer's seat: all that they do is kept in rows of the database."""

    def __init__(self, participant: Participant, token: str) -> None:
        super().__init__(participant, token)
        self.link = Link.at(participant)

    def maps_shown(self) -> int:
        return maps_shown(self.study)

    def example(self) -> int | None:
        return current_example(self.participant)

    def answers_given(self) -> int:
        return participant_progress(self.participant.pk).done

    def has_rested(self, after: int) -> bool:
        return self.participant.events.filter(kind=Event.Kind.BREAK, data__after=after).exists()

    def block(self) -> dict[str, Any]:
        participant = self.participant
        so_far = participant_progress(participant.pk)
        short, most = False, self._most_in_hand(so_far.done)
        if len(so_far.hand) < min(IN_HAND, most):
            ask = most - len(so_far.hand)
            claimed = claim_trials(participant=participant, count=ask)
            if claimed:
                so_far = participant_progress(participant.pk)
            short = len(claimed) < ask
        path = reverse("picture", args=["-"]).removesuffix("-")
        pictures = pictures_of(self.study, so_far.hand)
        looks = looks_at(participant, [trial.position for trial in so_far.hand])
        return hand_out(
            self.study,
            trials=[
                self._screen(
                    trial,
                    [path + sealed for sealed in seal_trial(participant.pk, trial.position, shown)],
                    None if looks is None else looks[trial.position],
                )
                for trial, shown in zip(so_far.hand, pictures, strict=True)
            ],
            done=so_far.done,
            total=_total(participant, so_far.hand, so_far.done, short),
            last=so_far.last if can_be_undone(participant, so_far.status) else None,
            queue=self.queue,
            link=self.link.name,
        )

    def _screen(self, trial: HeldTrial, addresses: list[str], looks: int | None) -> dict[str, Any]:
        position = self.position_here(trial.position)
        order = parts_in_order(self.study, self.participant.number, trial.position)
        check = trial.kind == Trial.Kind.CHECK
        named = trial_type_of(self.study).page.named(trial.class_name, trial.prediction, check=check)
        return screen(self.study, position, named, addresses, order, looks)

    @property
    def queue(self) -> str:
        return queue_name(self.participant)

    def by_link(self, link: Any) -> Link:
        return self.link.named(link)

    def wait(self) -> int | None:
        return minutes_to_wait_for_more(self.participant)

    def position_here(self, position: int) -> int:
        """What a position is called on the pages of this seat."""
        return position

    def _most_in_hand(self, answered: int) -> int:
        """How many trials are held for them: of who has done little yet, little is kept from others."""
        if answered:
            return max(settings.CLAIM_BLOCK, IN_HAND)
        is_ready = self.participant.instructed_at is not None and not self.practice_is_due()
        return IN_HAND if is_ready else 1

    def credits(self) -> list[Credit]:
        photos = Trial.objects.filter(participant=self.participant, responses__participant=self.participant)
        columns = [f"item__image__{name}" for name in Credit._fields]
        return [Credit(*row) for row in photos.order_by("position").values_list(*columns).distinct()]

    def keep_background(self, answers: dict[str, Any], *, eligible: bool) -> None:
        participant = self.participant
        with self._while_they_stay() as state:
            if not state:
                return
            participant.background, participant.state = {**participant.background, **answers}, state
            if state == Participant.State.ACTIVE and not eligible:
                participant.state = Participant.State.SCREENED
            participant.save(update_fields=["background", "state"])
            Event.objects.create(**self._whose(), kind=Event.Kind.of_background(participant.state))

    def keep_instructed(self) -> None:
        with self._while_they_stay() as state:
            if state and self.participant.instructed_at is None:
                self.participant.instructed_at = timezone.now()
                self.participant.save(update_fields=["instructed_at"])
                Event.objects.create(**self._whose(), kind=Event.Kind.INSTRUCTED)

    def keep_practice(self, number: int, value: str, *, right: bool) -> None:
        data = {"number": number, "value": storable(value[:10]), "right": right}
        with self._while_they_stay() as state:
            if state:
                Event.objects.create(**self._whose(), kind=Event.Kind.PRACTICE, data=data)

    def keep_rest(self, after: int) -> None:
        with self._while_they_stay() as state:
            if state:
                Event.objects.create(**self._whose(), kind=Event.Kind.BREAK, data={"after": after})

    @contextmanager
    def _while_they_stay(self) -> Iterator[str]:
        """A transaction that whoever leaves the study waits for: their state, or "" where they have left: nothing is kept then."""
        with write_transaction():
            state = locked_state(self.participant.pk)
            yield "" if state == Participant.State.WITHDRAWN else state

    def _whose(self) -> dict[str, Any]:
        return {"study_id": self.participant.study_id, "participant": self.participant}

    def answer(self, **fields: Any) -> None:
        self.link.answer(**fields)

    def undo(self, answer_id: UUID) -> None:
        self.link.undo(answer_id)

    def look(self, position: int, look_id: UUID) -> None:
        self.link.look(position, look_id)

    def keep_refused(self, operation: Any, why: str) -> None:
        with self._while_they_stay() as state:
            if state:
                submissions.keep_refused(self.participant, operation, why)

    def keep_complaint(self, text: str) -> bool:
        with self._while_they_stay() as state:
            return bool(state) and keep_complaint(self.study, text, self.participant)

    def finish(self) -> None:
        came_by = self.participant.came_by  # is no column
        self.participant = invitations.finish(participant=self.participant)
        self.participant.came_by = came_by

    def withdraw(self) -> None:
        self.participant = withdraw(participant=self.participant)


def _total(participant: Participant, held: list[HeldTrial], done: int, short: bool) -> int:
    """How many answers it will be: as planned, or fewer where there is nothing left to claim."""
    study, so_far = participant.study, done + len(held)
    if any(trial.kind == Trial.Kind.REPEAT for trial in held):
        return so_far  # repeats come last
    if short:
        checks = participant.trials.filter(kind=Trial.Kind.CHECK).count() if study.attention_checks else 0
        if so_far - checks < expected_main(study):
            return so_far + expected_repeats(study, so_far - checks)
    return max(expected_trials(study), so_far)
