"""Simulated people who name the best and the worst: the first and the last of the order in which they see the arms."""

from ..points.people import PointsPeople
from .codes import code


class BestWorstPeople(PointsPeople):
    """Their orders are Plackett and Luce's, with shares of their own as worths; “same” is no answer here."""

    first = code(0, 1)

    def said(self, places: list[list[int]]) -> int:
        return code(places[0][0], places[-1][-1])
