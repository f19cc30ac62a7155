"""Roles in a study: who may look at it, and who may change it."""

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from studies.models import Event, Study


class Role(models.TextChoices):
    RESEARCHER = "researcher", "Researcher: looks and changes"
    VIEWER = "viewer", "Viewer: looks, changes nothing"


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


def people_of(study: Study) -> list[tuple]:
    """Everybody who has a role in a study, researchers first."""
    return [
        *((user, Role.RESEARCHER) for user in study.researchers.order_by("username")),
        *((user, Role.VIEWER) for user in study.viewers.order_by("username")),
    ]


@transaction.atomic
def give_role(*, study: Study, person, role: str | None, user=None) -> None:
    """Give someone one role, or none. It is on record who did it."""
    study.researchers.remove(person)
    study.viewers.remove(person)
    if role is not None:
        (study.researchers if role == Role.RESEARCHER else study.viewers).add(person)
    data = {"account": person.get_username(), "role": role or "none"}
    Event.objects.create(study=study, user=user, kind=Event.Kind.ROLE_GIVEN, data=data)
