"""Distinguish in the words of a preregistration."""

from ..plan import ContrastPlan
from .answers import NETWORK, DistinguishAnswers


class DistinguishPlan(ContrastPlan):
    """Accuracy of each arm, over chance and beside the others."""

    index = (
        "An arm’s accuracy is the mean of its photos’ shares of correct answers. Beside it stand the accuracy of the photos that the "
        "network gets right, and of those that it gets wrong."
    )
    hypothesis = "People are not equally accurate with {first} and with {second} (two-sided)."
    decision = (
        "The difference of the two arms’ accuracy {which}: estimate, interval and p from one two-way variance, over people and "
        "photos, with Student’s t; Holm’s correction over the declared contrasts."
    )
    beside = (
        "Each arm’s accuracy over chance; the same differences of the photos that the network gets right, and of those that it gets "
        "wrong; all other pairs of arms; response times; results by class, group and answer to the questions about people."
    )

    def __init__(self, answers: DistinguishAnswers) -> None:
        wanted = "that the network chooses" if answers.asks == NETWORK else "that the photo is labelled with"
        self.measured = (  # type: ignore[misc]
            f"In each trial a person sees a photo and, side by side and without their names, one arm’s maps of {answers.classes} classes: "
            "the network’s likeliest, the photo’s own among them, in an order drawn for each photo. They pick the map of the class "
            f"{wanted}. Chance is right in {100 / answers.classes:.0f} % of answers."
        )
