"""Roles in a study: who may look at it, who may change it, and who may see whom to pay.

The last is a permission of its own, beside the other two: who has it alone sees no answers, and who has not got it sees no id.
"""

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from studies.models import Event, Study


class Role(models.TextChoices):
    RESEARCHER = "researcher", "Researcher: looks and changes"
    VIEWER = "viewer", "Viewer: looks, changes nothing"
    PAYER = "payer", "Payments: sees recruitment sites’ ids and completion codes"


def study_of(request: HttpRequest, slug: str) -> Study:
    """A study that this person may look at; any other does not exist for them."""
    return get_object_or_404(Study.objects.visible_to(request.user), slug=slug)


def editable_study_of(request: HttpRequest, slug: str) -> Study:
    """A study that this person may change. Those who may look at it are told that they may not."""
    study = study_of(request, slug)
    if not may_edit(request.user, study):
        raise PermissionDenied("You may look at this study; changing it takes one of its researchers.")
    return study


def may_edit(user, study: Study) -> bool:
    return user.is_superuser or Study.objects.editable_by(user).filter(pk=study.pk).exists()


def payable_study_of(request: HttpRequest, slug: str) -> Study:
    """A study whose people this person may pay. Those who may look at it are told what it takes."""
    if study := Study.objects.payable_by(request.user).filter(slug=slug).first():
        return study
    study_of(request, slug)
    raise PermissionDenied("Payments take the role of that name in this study; its researchers give it.")


def may_pay(user, study: Study) -> bool:
    return Study.objects.payable_by(user).filter(pk=study.pk).exists()


def people_of(study: Study) -> list[tuple]:
    """Everybody who has a role in a study, researchers first. Payments may be somebody's second role."""
    return [
        *((user, Role.RESEARCHER) for user in study.researchers.order_by("username")),
        *((user, Role.VIEWER) for user in study.viewers.order_by("username")),
        *((user, Role.PAYER) for user in study.payers.order_by("username")),
    ]


@transaction.atomic
def give_role(*, study: Study, person, role: str | None, user=None) -> None:
    """Give someone one role, or none; payments are given beside the other. It is on record who did it."""
    if role == Role.PAYER:
        study.payers.add(person)
    else:
        study.researchers.remove(person)
        study.viewers.remove(person)
        if role is not None:
            (study.researchers if role == Role.RESEARCHER else study.viewers).add(person)
    data = {"account": person.get_username(), "role": role or "none"}
    Event.objects.create(study=study, user=user, kind=Event.Kind.ROLE_GIVEN, data=data)


@transaction.atomic
def take_role(*, study: Study, person, role: str, user=None) -> None:
    """Take one role away from someone; another one that they have stays. It is on record who did it."""
    if role == Role.PAYER:
        study.payers.remove(person)
        data = {"account": person.get_username(), "role": "no payments"}
        Event.objects.create(study=study, user=user, kind=Event.Kind.ROLE_GIVEN, data=data)
    else:
        give_role(study=study, person=person, role=None, user=user)
