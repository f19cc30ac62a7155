"""The record of a study: notes, and each event as one line."""

from typing import Any

from studies.models import Event, Study


def add_note(*, study: Study, text: str, user=None) -> Event:
    """Write a note into the record; it stays there."""
    return Event.objects.create(study=study, user=user, kind=Event.Kind.NOTE, data={"text": text.strip()})


def in_words(data: dict[str, Any]) -> str:
    """What an event says of itself, as one line."""
    if set(data) == {"text"}:
        return data["text"]
    return "; ".join(f"{key.replace('_', ' ')}: {_short(value)}" for key, value in data.items())


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 200 else f"{text[:200]} …"
