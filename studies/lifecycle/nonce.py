"""The nonce of a study in its protocol: out of it while people answer, and in it as `design.nonce` once the study is closed.

It is mixed into the seed of orders (explain/core/streams.py). The SHA-256 of what a study asks covers it, and so commits to it
when the study is opened. A study that is made from a protocol that names a nonce takes it: that is how a closed study is
repeated, order by order.
"""

from typing import Any

from studies.models import Study

TABLE, KEY = "design", "nonce"


def without_nonce(protocol: dict[str, Any]) -> dict[str, Any]:
    """A protocol as it may be seen while people answer."""
    if KEY not in protocol.get(TABLE, {}):
        return protocol
    return {**protocol, TABLE: {key: value for key, value in protocol[TABLE].items() if key != KEY}}


def published_protocol(study: Study, protocol: dict[str, Any]) -> dict[str, Any]:
    """A version of a study's protocol as everybody may have it now: with its nonce once the study is closed."""
    if not study.published_nonce:
        return protocol
    return {**protocol, TABLE: {**protocol.get(TABLE, {}), KEY: study.published_nonce}}


def orders_are_known(study: Study) -> bool:
    """Whether a study that is still to be opened names its nonce, so that its orders follow from what is published."""
    return study.state in Study.SETTING_UP and KEY in study.protocol.get(TABLE, {})


NAMED = (
    "design.nonce is set: whoever has read it can work out which map stands where. That is right only to repeat a closed study "
    "order by order; otherwise take the line out, and a secret one is drawn when the study is opened."
)
