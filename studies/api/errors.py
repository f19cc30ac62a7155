"""What the API says where it refuses, told in its schema too: a program must know what it can meet."""

from typing import Any

MESSAGE = {
    "type": "object",
    "properties": {"detail": {"type": "string"}},
    "required": ["detail"],
}
MESSAGES = {
    "type": "object",
    "additionalProperties": {
        "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    },
}
EVERYWHERE = {
    "401": "No token, or one that is unknown or revoked.",
    "403": "Your role or your token's scope does not go so far, or results are hidden for now.",
    "429": "Too many requests; the header Retry-After says for how many seconds to wait.",
    "503": "The site cannot answer at this moment; ask again later.",
}


def describe_refusals(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add to every operation of a schema the refusals that it can meet (a hook of drf-spectacular)."""
    for path, methods in result["paths"].items():
        for operation in methods.values():
            for status, description in _refusals(path, operation).items():
                schema = MESSAGES if status == "400" else MESSAGE
                operation["responses"].setdefault(
                    status, {"description": description, "content": {"application/json": {"schema": schema}}}
                )
    return result


def _refusals(path: str, operation: dict[str, Any]) -> dict[str, str]:
    refusals = dict(EVERYWHERE)
    if "{" in path or any(parameter["name"] == "cursor" for parameter in operation.get("parameters", [])):
        refusals["404"] = "There is no such thing among your studies."
    if "requestBody" in operation:
        refusals["415"] = "The body is in a format that is not read here."
    refusals["400"] = "What was sent cannot be: messages by the name of the field."
    return refusals
