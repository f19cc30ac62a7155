"""Charts and tables that can be taken from a page."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from studies.figures import with_menus

register = template.Library()
NARROWED = ("class", "group", "version")


@register.simple_block_tag(takes_context=True)
def takeable(context: dict[str, Any], content: str, who: str) -> SafeString:
    """What stands within, with a menu beneath each chart and table; `who`: whose answers the page shows."""
    asked = context["request"].GET
    return with_menus(content, {"who": who, **{name: asked[name] for name in NARROWED if asked.get(name)}})
