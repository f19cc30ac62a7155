"""One number for a whole protocol: what a preregistration and the report of its study can be compared by."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def plan_sha256(complete: Mapping[str, Any]) -> str:
    """SHA-256 of a protocol in full, as 64 hexadecimal digits; order of keys and spelt-out defaults make no difference.

    The secret of the orders is left out: it is drawn at opening and published at closing, and changes no plan.
    """
    design = {key: value for key, value in complete.get("design", {}).items() if key != "nonce"}
    text = json.dumps(
        {**complete, "design": design}, sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()
