"""What is left of somebody who withdraws: a number, the state `withdrawn`, and void trials that lead to nobody.

Erased are their answers, those that were taken back, came late or were taken out before, too; what they did and when; every
time, id and text in their row; and that somebody was told when they wrote. A void trial keeps its item and its order, which is enough for the balance of orders. What
staff did to them stays on record, as done by staff at that time, without whom it was done to or why.
"""

from django.db.models import CharField
from django.db.models.functions import Cast

from studies.models import Event, Notice, Participant, Trial

from .tombstones import link_of


def erase(participant: Participant) -> None:
    """Erase somebody whose trials are void by now. Inside the transaction that holds their row; see allocation.withdraw."""
    participant.responses.forget()
    Trial.objects.filter(participant=participant).update(participant=None, position=None)
    wrote = participant.events.filter(kind=Event.Kind.WROTE).annotate(name=Cast("pk", CharField()))
    Notice.objects.filter(kind=Notice.Kind.MESSAGE, about__in=wrote.values("name")).delete()
    participant.events.filter(user=None).forget()
    participant.events.erase("data", "participant")
    participant.further_links.all().delete()
    # No token hashes to this; by it the row is known again in a backup that has the person (tombstones.py).
    participant.token_sha256 = link_of(participant)
    participant.state = Participant.State.WITHDRAWN
    participant.external, participant.external_id, participant.background = {}, "", {}
    participant.consented_at = participant.instructed_at = participant.finished_at = None
    participant.condition = None
    participant.consent_sha256 = participant.completion_code = ""
    participant.save()
