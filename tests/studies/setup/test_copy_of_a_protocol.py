"""A copy of a study's protocol is a study of its own: what only repeats that study's orders stays behind."""

from studies.protocol import check_protocol
from studies.setup.drafts import copy_of
from tests.factories import CONSENT

GROWN = {
    "consent": CONSENT,
    "version": 1,
    "slug": "birds",
    "title": "Birds",
    "task": "pair",
    "photos": {"set": "birds"},
    "arms": [{"network": "tiny", "method": method, "name": method} for method in ("grad-cam", "score-cam")],
    "design": {
        "seed": 3,
        "responses_per_item": 9,
        "grown_from": [3, 6],
        "nonce": "ab" * 32,
        "trials_per_participant": 8,
    },
}


def test_a_copy_of_a_study_that_grew_may_ask_for_fewer_answers_and_has_orders_that_nobody_knows():
    check_protocol(GROWN)
    copy = copy_of(GROWN, title="More birds", slug="more-birds")
    assert copy["design"].keys() == {"seed", "responses_per_item", "trials_per_participant"}
    copy["design"]["responses_per_item"] = 2
    assert check_protocol(copy).responses_per_item == 2
    assert GROWN["design"]["grown_from"] == [3, 6]
