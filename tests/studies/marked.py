"""Texts that would be markup if a page let them, in every field that somebody can fill; and pages read for them."""

import re
from typing import Any

from bs4 import BeautifulSoup
from django.apps import apps
from django.db import models

from tests import by_sql

# What is no text of anybody's: names in the code, hashes, orders of arms, and which page comes next.
STRUCTURE = {"kind", "method", "methods", "order", "parameters_hash", "password", "language"}
STRUCTURE |= {
    "key",
    "task",
    "state",
    "picture",
    "networks",
    "set",
    "photos",
    "seed",
    "likeness",
    "alike_seen",
}
# What is checked when it comes in: a page of ours, and an address at another site's.
BEGINS = {"back": "/", "completion_url": "https://example.org/"}
AN_ELEMENT = re.compile(r"<i onx=(\d+)>")
SHOWN = re.compile(r"(?:&lt;|\\u003C)i onx=(\d+)(?:&gt;|\\u003E)")


class Marks:
    """Numbered texts, each of which breaks out of an attribute, opens an element, and is a script as an address."""

    def __init__(self) -> None:
        self.labels: list[str] = []
        self.shown: set[str] = set()

    def new(self, label: str) -> str:
        self.labels.append(label)
        return f"javascript:onx()//\"'><i onx={len(self.labels) - 1}>"

    def fill_all_rows(self) -> None:
        """Write a text of this kind over every one that is stored, past what would refuse it."""
        layer = self.new("layer")  # stands in several tables, which are joined by it
        for model in apps.get_models():
            if model._meta.app_label not in ("explain", "studies", "auth"):
                continue
            for row in model._base_manager.all():
                texts = {field.attname: self._text_for(field, row, layer) for field in self._fields(model)}
                if texts:
                    by_sql.change(model._base_manager.filter(pk=row.pk), **texts)

    @staticmethod
    def _fields(model: type[models.Model]) -> list[models.Field]:
        texts = (models.CharField, models.TextField, models.JSONField)
        return [
            field
            for field in model._meta.concrete_fields
            if isinstance(field, texts)
            and not isinstance(field, models.FileField)
            and (not isinstance(field, models.SlugField) or model._meta.label == "explain.Network")
            and not field.choices
            and field.name not in STRUCTURE
            and "sha256" not in field.name
            and field.name != "nonce"  # drawn, and a number in hexadecimal
            and (getattr(field, "max_length", None) or 1000) > 40
            and model._meta.label not in ("auth.Permission", "auth.Group")
        ]

    def _text_for(self, field: models.Field, row: models.Model, layer: str) -> Any:
        label = f"{field.model.__name__}.{field.name}"
        if field.name == "layer":
            return layer
        if isinstance(field, models.JSONField):
            return self.inside(getattr(row, field.name), label)
        return BEGINS.get(field.name, "") + self.new(label)

    def inside(self, value: Any, label: str, key: str = "") -> Any:
        """A JSON value with a text of this kind in the place of each of its texts."""
        if isinstance(value, dict):
            return {name: self.inside(inner, label, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.inside(inner, label, key) for inner in value]
        return self.new(label) if isinstance(value, str) and key not in STRUCTURE else value

    def faults_of(self, response: Any) -> list[str]:
        """What a page made of these texts that it must not; those that it shows as they are count as seen."""
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            assert response.status_code in (301, 302) or not str(
                response.headers.get("Content-Type", "")
            ).startswith(("text/xml", "application/xhtml", "image/svg"))
            return []
        page = response.content.decode()
        self.shown |= {self.labels[int(number)] for number in SHOWN.findall(page)}
        faults = {f"{self.labels[int(number)]} is markup" for number in AN_ELEMENT.findall(page)}
        for element in BeautifulSoup(page, "html.parser").find_all(True):
            if "onx" in element.attrs:
                faults.add(f"{element.name} has an attribute of somebody's")
            for name in ("href", "src", "action", "formaction"):
                if str(element.get(name, "")).strip().lower().startswith("javascript:"):
                    faults.add(f"the {name} of {element.name} is a script of somebody's")
        return sorted(faults)
