"""Who is asked what next, and what becomes of an answer: allocation, leases, quotas, attention checks, practice. No pages."""

from .allocation import (
    answer_trial,
    can_be_undone,
    claim_trials,
    lay_out_trials,
    undo_answer,
    void_answer,
    void_participant,
    withdraw,
)
from .attention_checks import check_passed, checks_by_person, failed_checks, names_of_maps, passes
from .looks import keep_look, looks_at
from .practice import (
    EXAMPLE_DRAWINGS,
    EXAMPLE_NAMES,
    EXAMPLE_PICTURES,
    current_example,
    failed_practice,
    next_example,
    right_side,
)
from .quota import (
    expected_main,
    expected_repeats,
    expected_trials,
    maps_shown,
    minutes_for,
    repeats_after,
    study_facts,
)
from .rounds import choose_again
from .sql import HeldTrial, is_free, last_before_the_hand, locked_state, participant_of, participant_progress
from .taken_back_in import TakenBackIn, take_back_in
from .telemetry import TELEMETRY, kept_of
from .tombstones import Tombstones, somebody_who_left
from .tombstones import append as keep_tombstones
from .tombstones import own_file as withdrawn_file
from .tombstones import person_key as tombstone_key
from .tombstones import read as read_tombstones
from .trial_run import delete_test_people, why_they_stay
from .waiting import minutes_to_wait, minutes_to_wait_for_more
from .withdrawn_before import not_noted as withdrawn_but_not_noted
from .withdrawn_before import note_all as note_all_withdrawn
from .withdrawn_before import withdraw_again

__all__ = [
    "EXAMPLE_DRAWINGS",
    "EXAMPLE_NAMES",
    "EXAMPLE_PICTURES",
    "TELEMETRY",
    "HeldTrial",
    "TakenBackIn",
    "Tombstones",
    "answer_trial",
    "can_be_undone",
    "check_passed",
    "checks_by_person",
    "choose_again",
    "claim_trials",
    "current_example",
    "delete_test_people",
    "expected_main",
    "expected_repeats",
    "expected_trials",
    "failed_checks",
    "failed_practice",
    "is_free",
    "keep_look",
    "keep_tombstones",
    "kept_of",
    "last_before_the_hand",
    "lay_out_trials",
    "locked_state",
    "looks_at",
    "maps_shown",
    "minutes_for",
    "minutes_to_wait",
    "minutes_to_wait_for_more",
    "names_of_maps",
    "next_example",
    "note_all_withdrawn",
    "participant_of",
    "participant_progress",
    "passes",
    "read_tombstones",
    "repeats_after",
    "right_side",
    "somebody_who_left",
    "study_facts",
    "take_back_in",
    "tombstone_key",
    "undo_answer",
    "void_answer",
    "void_participant",
    "why_they_stay",
    "withdraw",
    "withdraw_again",
    "withdrawn_but_not_noted",
    "withdrawn_file",
]
