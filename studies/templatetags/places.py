"""The navigation within a study."""

from typing import Any

from django import template

from studies.access import Place, places_in
from studies.models import Study

register = template.Library()


@register.simple_tag(takes_context=True)
def places(context: dict[str, Any], study: Study) -> list[Place]:
    """Where this person can go within the study from the page that is shown."""
    request = context["request"]
    match = request.resolver_match
    return places_in(study, request.user, (match and match.url_name) or "")
