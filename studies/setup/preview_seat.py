"""The seat of a dry run: it takes what volunteers' views write, and keeps only how far somebody is, in a signed cookie.

No participant, trial or answer is ever saved.
"""

from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from studies.models import Participant, Response, Study
from studies.participation import IN_HAND, Arrival, Credit, Seat, hand_out, parts_in_order, screen
from studies.protocol import asked_after, asked_before
from studies.trial_types import AnswerError, trial_type_of
from studies.trials import EXAMPLE_DRAWINGS, can_be_undone, next_example

from .preview import Shot, as_asked, count_asked, shots_of

PAGES = (
    ("join", "Consent"),
    ("about-you", "Questions"),
    ("instructions", "Instructions"),
    ("practice", "Practice"),
    ("trial", "Trials"),
    ("break", "Break"),
    ("afterwards", "Last questions"),
    ("thanks", "Thanks"),
)
ORDER = [name for name, _ in PAGES]
COOKIE = "dry_run"
CODE = "JUST-ATEST-CODE"
SPENT = 20  # answers that stand no more, at most, whose ids are remembered


@dataclass(frozen=True)
class PreviewState:
    """How far a dry run is: all that is kept of it. What was answered is not."""

    questioned: bool = False
    questioned_after: bool = False
    screened: bool = False
    instructed: bool = False
    practised: list[dict[str, Any]] = field(default_factory=list)  # as in the events of a volunteer
    answers: list[tuple[int, str, str]] = field(default_factory=list)  # position, id and status, in order
    rested: int = 0  # answers before the last break
    resting: bool = False  # the break was come to by the banner, where no trial leads to it
    finished: bool = False
    sent_on: bool = False  # the last reply led on: what is asked for next was not chosen in the banner

    @classmethod
    def of(cls, request: HttpRequest, slug: str) -> "PreviewState":
        try:
            return cls(**signing.loads(request.COOKIES.get(COOKIE, ""), salt=_salt(slug)))
        except (signing.BadSignature, TypeError):
            # There is none, it is another study's, or an earlier version of this class wrote it.
            return cls()

    def kept(self, response: HttpResponse, slug: str) -> HttpResponse:
        response.set_cookie(
            COOKIE,
            signing.dumps(asdict(self), salt=_salt(slug), compress=True),
            path=reverse("setup-preview", args=[slug], urlconf=settings.ROOT_URLCONF),
            samesite="Lax",
            httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
        )
        return response

    @property
    def answered(self) -> set[int]:
        return {position for position, _, status in self.answers if status in Response.STANDING}


def _salt(slug: str) -> str:
    return f"studies.setup.preview_views:{slug}"


class PreviewSeat(Seat):
    """A seat that keeps nothing: its participant is never saved, and no trial is claimed. It is its own entrance.

    Raises ProtocolError where the protocol has faults, so that nobody can say what the study will be.
    """

    def __init__(self, study: Study, state: PreviewState) -> None:
        study = as_asked(study)
        super().__init__(_participant(study, state), study.slug)
        self.state = state

    def move_to(self, state: PreviewState) -> None:
        self.state, self.participant = state, _participant(self.study, state)

    def _change(self, **fields: Any) -> None:
        self.move_to(replace(self.state, **fields))

    @cached_property
    def expected(self) -> int:  # type: ignore[override]  # asked for once
        return count_asked(self.study)

    @cached_property
    def shots(self) -> list[Shot]:
        return shots_of(self.study)

    @property
    def left(self) -> list[int]:
        """Positions of the trials that are not answered yet."""
        return sorted(set(range(1, len(self.shots) + 1)) - self.state.answered)

    def is_paused(self) -> bool:
        return False

    def maps_shown(self) -> int:
        """The arms of a draft stand in its protocol alone, and can be fewer than its study will have."""
        kind = trial_type_of(self.study)
        arms = self.study.arms.count() or len(self.study.protocol.get("arms", []))
        return kind.layout.shown(max(arms, kind.asked.fewest_arms))

    def example(self) -> int | None:
        return next_example(self.state.practised)

    def answers_given(self) -> int:
        """Once every trial that a preview shows is answered, all others are taken to be."""
        if self.state.resting:
            return self.study.break_every
        return len(self.state.answered) if self.left else self.expected

    def has_rested(self, after: int) -> bool:
        return self.state.rested == after

    def block(self) -> dict[str, Any]:
        _, last, status = self.state.answers[-1] if self.state.answers else (0, "", "")
        return hand_out(
            self.study,
            trials=[
                screen(
                    self.study,
                    position,
                    shot.named,
                    shot.pictures,
                    parts_in_order(self.study, 0, position),
                )
                for position in self.left[:IN_HAND]
                for shot in [self.shots[position - 1]]
            ],
            done=self.answers_given(),
            total=max(self.expected, len(self.shots)),
            last=UUID(last) if can_be_undone(self.participant, status) else None,
            queue=self.queue,
        )

    @property
    def queue(self) -> str:
        return f"preview of {self.study.slug}"

    def by_link(self, link: Any) -> "PreviewSeat":
        return self

    def credits(self) -> list[Credit]:
        return [shot.credit for shot in self.shots]

    def keep_background(self, answers: dict[str, Any], *, eligible: bool) -> None:
        after = bool(answers.keys() & {question["key"] for question in asked_after(self.study.questions)})
        self._change(**{"questioned_after" if after else "questioned": True}, screened=not eligible)

    def keep_instructed(self) -> None:
        self._change(instructed=True)

    def keep_practice(self, number: int, value: str, *, right: bool) -> None:
        self._change(practised=[*self.state.practised, {"number": number, "right": right}])

    def keep_rest(self, after: int) -> None:
        self._change(rested=after, resting=False)

    def answer(self, *, position: int, shown_value: int, answer_id: UUID, **fields: Any) -> None:
        """As allocation.answer_trial, for somebody who holds every trial of the preview."""
        if not 1 <= position <= len(self.shots):
            raise AnswerError(f"No trial was given out at position {position}.")
        is_first = position not in self.state.answered
        is_known = any(stored == str(answer_id) for _, stored, _ in self.state.answers)
        if is_known and not is_first:
            return
        trial_type_of(self.study).answers.meaning(range(self.maps_shown()), shown_value)
        if not is_known:
            status = Response.Status.COUNTED if is_first else Response.Status.SURPLUS
            self._remember([*self.state.answers, (position, str(answer_id), status.value)])

    def undo(self, answer_id: UUID) -> None:
        *before, (position, last, status) = self.state.answers or [(0, "", "")]
        if last == str(answer_id) and can_be_undone(self.participant, status):
            self._remember([*before, (position, last, Response.Status.UNDONE.value)])

    def _remember(self, answers: list[tuple[int, str, str]]) -> None:
        spent = [answer for answer in answers if answer[2] not in Response.STANDING]
        forgotten = spent[:-SPENT]
        self._change(answers=[answer for answer in answers if answer not in forgotten])

    def look(self, position: int, look_id: UUID) -> None:
        pass

    def keep_refused(self, operation: Any, why: str) -> None:
        pass

    def keep_complaint(self, text: str) -> bool:
        return True  # taken, and kept by nobody

    def finish(self) -> None:
        self._change(finished=True)

    def withdraw(self) -> None:
        self.move_to(PreviewState())

    def arrival(self, request: HttpRequest) -> Arrival | str:
        return Arrival()

    def closed_because(self, arrival: Arrival) -> str:
        return ""

    def knows(self, arrival: Arrival) -> bool:
        return False

    def has_left(self, arrival: Arrival) -> bool:
        return False

    def last_here(self, arrival: Arrival) -> Seat | None:
        return None

    def join(self, *, consent_sha256: str, arrival: Arrival) -> Seat | str:
        """Begin anew, whatever was looked at before."""
        self.move_to(PreviewState())
        return self

    def has(self, name: str) -> bool:
        """Whether this study has such a page."""
        needs = {
            "about-you": bool(asked_before(self.study.questions)),
            "afterwards": bool(asked_after(self.study.questions)),
            "practice": self.study.practice,
            "break": 0 < self.study.break_every < self.expected,
        }
        return needs.get(name, name in ORDER)

    def look_at(self, name: str) -> None:
        """Make a page of the banner the one that is due, as if all before it had been done and nothing after it."""
        if self._is_due(name):
            return
        at, every = ORDER.index(name), self.study.break_every
        before_a_break = range(1, every + 1) if name == "break" and every < len(self.shots) else ()
        answered = range(1, len(self.shots) + 1) if name == "afterwards" else before_a_break
        self.move_to(
            PreviewState(
                questioned=at > ORDER.index("about-you"),
                instructed=at > ORDER.index("instructions"),
                practised=[{"number": number, "right": True} for number in range(len(EXAMPLE_DRAWINGS))]
                if at > ORDER.index("practice")
                else [],
                answers=[(position, str(uuid4()), Response.Status.COUNTED.value) for position in answered],
                resting=name == "break" and not before_a_break,
                finished=name == "thanks",
            )
        )

    def _is_due(self, name: str) -> bool:
        if name == "join":
            return True
        if self.state.screened:
            return False
        last = "afterwards" if self.last_questions_are_due() else "thanks"
        place = self.place() or ("trial" if self.left else last)
        if name == "instructions":  # can be read again at any time
            return place not in ("about-you", "afterwards", "thanks")
        return name == place


def _participant(study: Study, state: PreviewState) -> Participant:
    """The participant as they would be by now, unsaved."""
    participant = Participant(study=study, number=1)
    if state.questioned:
        participant.background |= dict.fromkeys(question["key"] for question in asked_before(study.questions))
    if state.questioned_after:
        participant.background |= dict.fromkeys(question["key"] for question in asked_after(study.questions))
    if state.instructed:
        participant.instructed_at = timezone.now()
    if state.screened:
        participant.state = Participant.State.SCREENED
    if state.finished:
        participant.state, participant.completion_code = Participant.State.FINISHED, CODE
    return participant
