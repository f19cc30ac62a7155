"""Payments as files: a table of all, and the lists that Prolific and MTurk take."""

from studies.core.csv_lines import csv_lines
from studies.models import Study

from .payees import Decision, Payee, payees, people_to_pay

COLUMNS = (
    "participant", "site", "recruitment_id", "session", "code", "state", "joined", "finished", "minutes",
    "checks_passed", "checks_given", "decision", "reason",
)  # fmt: skip
PROLIFIC, MTURK = "prolific", "mturk"
KINDS = {PROLIFIC: "txt", MTURK: "csv"}  # site -> the kind of file that it takes


def payments_csv(study: Study) -> str:
    """One person a row. Of who withdrew there is none; no answers are in it."""
    rows = map(_row, payees(study, people_to_pay(study)))
    return csv_lines([COLUMNS, *rows]).decode()


def _row(payee: Payee) -> list[object]:
    person, (passed, given) = payee.row, payee.checks
    return [
        person.number,
        payee.site,
        payee.external_id,
        payee.session,
        payee.code,
        person.state,
        *(at.isoformat(timespec="seconds") if at else "" for at in (person.consented_at, person.finished_at)),
        "" if payee.minutes is None else payee.minutes,
        *((passed, given) if given else ("", "")),
        payee.decision,
        payee.reason,
    ]


def sent_by_sites(study: Study) -> list[Payee]:
    """The people whom a site that takes lists has sent."""
    everybody = payees(study, people_to_pay(study).exclude(external_id=""))
    return [payee for payee in everybody if payee.site in KINDS]


def list_for(study: Study, site: str, decision: Decision) -> str:
    """The people of a site whom it is told to approve or to reject, as the site takes them.

    Prolific: ids, one a line. MTurk: its CSV of results, with an x to approve, or with the reason why not.
    """
    people = [payee for payee in sent_by_sites(study) if (payee.site, payee.decision) == (site, decision)]
    if site == PROLIFIC:
        return "".join(f"{payee.external_id}\n" for payee in people)
    told = [("x", "") if decision == Decision.APPROVE else ("", payee.reason) for payee in people]
    rows = [(payee.session, *words) for payee, words in zip(people, told, strict=True)]
    return csv_lines([("AssignmentId", "Approve", "Reject"), *rows]).decode()
