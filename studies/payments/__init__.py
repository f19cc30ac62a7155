"""Whom to pay: ids of recruitment sites, completion codes and states, for those who have that right. No answers are here."""

from .payees import people_to_pay
from .payment_files import payments_csv

__all__ = ["payments_csv", "people_to_pay"]
