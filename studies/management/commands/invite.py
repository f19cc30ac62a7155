"""Make a fresh invitation link for a study."""

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from explain.core.commands import Answer, AnswerCommand
from explain.core.errors import BadInputError
from studies.models import find_study
from studies.participation import invite, is_over, lets_nobody_in, link


class Command(AnswerCommand):
    help = "Print a fresh invitation link. Its page in the study shows it again to the study's researchers."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the study")
        parser.add_argument("--label", default="", help="for you alone; volunteers do not see it")
        parser.add_argument("--quota", type=int, help="how many people it lets in; default: no limit")
        parser.add_argument("--days", type=float, help="how long it lets people in; default: no limit")
        parser.add_argument("--simulated", action="store_true", help="mark whoever comes by it as simulated")
        parser.add_argument(
            "--base-url", default="", help="where the site answers, such as https://study.example.org"
        )

    def run(self, *, slug: str, label: str, quota: int | None, days: float | None, **options: Any) -> Answer:
        expires_at = timezone.now() + timedelta(days=days) if days is not None else None
        if lets_nobody_in(quota):
            raise BadInputError(f"--quota {quota}: must be 1 or more, or left out for no limit.")
        if is_over(expires_at):
            raise BadInputError(f"--days {days:g}: must be more than 0, or left out for no limit.")
        invitation, token = invite(
            study=find_study(slug),
            label=label,
            quota=quota,
            expires_at=expires_at,
            simulated=options["simulated"],
        )
        data = {
            "study": slug,
            "label": label,
            "quota": quota,
            "expires": invitation.expires_at.isoformat(timespec="minutes") if invitation.expires_at else None,
            "simulated": invitation.simulated,
            "invitation": link(token, options["base_url"]),
        }
        return Answer(
            data=data, header=["", slug], rows=[(k, "–" if v is None else v) for k, v in data.items()][1:]
        )
