"""What is left of somebody who withdraws: a number, the state `withdrawn`, and void trials that lead to nobody.

Erased are their answers, those that were taken back, came late or were taken out before, too; what they did and when; every
time, id and text in their row. A void trial keeps its item and its order, which is enough for the balance of orders. What
staff did to them stays on record, as done by staff at that time, without whom it was done to or why.
"""

from studies.models import Participant, Trial

from .tombstones import link_of


def erase(participant: Participant) -> None:
    """Erase somebody whose trials are void by now. Inside the transaction that holds their row; see allocation.withdraw."""
    participant.responses.forget()
    Trial.objects.filter(participant=participant).update(participant=None, position=None)
    participant.events.filter(user=None).forget()
    participant.events.erase("data", "participant")
    participant.further_links.all().delete()
    # No token hashes to this; by it the row is known again in a backup that has the person (tombstones.py).
    participant.token_sha256 = link_of(participant)
    participant.state = Participant.State.WITHDRAWN
    participant.external, participant.external_id, participant.background = {}, "", {}
    participant.consented_at = participant.instructed_at = participant.finished_at = None
    participant.consent_sha256 = participant.completion_code = ""
    participant.save()
