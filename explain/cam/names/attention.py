"""The methods that read a transformer's attention: ours, but for networks that have one. What each does: cam/attention.py."""

from .known import Known

ATTENTION = {
    known.name: known
    for known in (
        Known(
            "attention-rollout",
            "Abnar and Zuidema, ACL 2020",
            "For transformers: attention multiplied from layer to layer, the same for every class.",
        ),
        Known(
            "attention-relevance",
            "Chefer, Gur and Wolf, ICCV 2021, the rule for self-attention",
            "For transformers: attention times its gradient, added up from layer to layer.",
        ),
    )
}
