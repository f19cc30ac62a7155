"""Whether an invitation's link is shown again, and why not."""

from dataclasses import dataclass

from studies.models import Invitation
from studies.participation import closed_because

# By the names that `closed_because` gives: what lets nobody in for good is shown to nobody.
NOT_SHOWN = {
    "revoked": "This invitation is revoked: its link lets nobody in, and is not kept any more.",
    "expired": "This invitation has expired: its link lets nobody in, and is not shown any more.",
    "closed": "The study is closed: its links let nobody in, and are not shown any more.",
}
REMARKS = {
    "paused": "The study is not open: whoever opens the link now is told to come back later.",
    "taken": "All places of this invitation are taken: the link lets back in who has come by it, and nobody else.",
    "full": "All answers are there: nobody new is let in.",
    "held": "Others hold all that is left: whoever opens the link now is told when to come back.",
}
NEVER_KEPT = (
    "This link was never kept: the invitation was made when only a checksum of links was stored. It works as before. "
    "To have one that can be shown, make a new invitation, and revoke this one if nobody has its link."
)
UNREADABLE = (
    "This link cannot be read any more: the site's SECRET_KEY is another one than when it was made. It works as before. "
    "An admin can put the key of then into SECRET_KEY_FALLBACKS; or make a new invitation."
)
SIMULATED_ONLY = (
    "This study is for simulated volunteers alone: whoever opens the link is told that nobody can take part."
)


@dataclass(frozen=True)
class ShownLink:
    """Either the token of the link, with what is to be known of it, or one sentence that says why it is not shown."""

    token: str = ""
    remark: str = ""
    why_not: str = ""


def shown_link(invitation: Invitation) -> ShownLink:
    """The link of an invitation, for a researcher of its study; nobody else may be handed what this gives."""
    reason = closed_because(invitation)
    if reason in NOT_SHOWN:
        return ShownLink(why_not=NOT_SHOWN[reason])
    if not invitation.sealed_token:
        return ShownLink(why_not=NEVER_KEPT)
    if (token := invitation.token) is None:
        return ShownLink(why_not=UNREADABLE)
    if invitation.study.simulated_only and not invitation.simulated:
        return ShownLink(token=token, remark=SIMULATED_ONLY)
    return ShownLink(token=token, remark=REMARKS.get(reason, ""))
