"""Verify in the words of a preregistration."""

from ..plan import ContrastPlan


class VerifyPlan(ContrastPlan):
    """Accuracy of each arm, and differences of two arms."""

    measured = (
        "In each trial a person sees a photo, what the network says of it, and one arm’s map or none, and says whether the network is "
        "right. An answer is correct where it agrees with whether the network’s top class is the photo’s label."
    )
    index = (
        "An arm’s accuracy is the mean of its photos’ shares of correct answers. Beside it stand sensitivity (“right” where the network "
        "is right) and specificity (“wrong” where it is wrong), d′ and criterion with the log-linear correction."
    )

    hypothesis = "People are not equally accurate with {first} and with {second} (two-sided)."
    decision = (
        "The difference of the two arms’ accuracy {which}: estimate, interval and p from one two-way variance, over people and "
        "photos, with Student’s t; Holm’s correction over the declared contrasts."
    )
    beside = (
        "The same differences in sensitivity, specificity, d′, criterion and the area under the curve; over-reliance and "
        "under-reliance; the team of person and network beside the network alone; all other pairs of arms; response times; results "
        "by class, group and answer to the questions about people."
    )
