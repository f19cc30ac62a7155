"""A choice in the words of a preregistration."""

from ..plan import ContrastPlan


class ChoicePlan(ContrastPlan):
    """Shares of each photo, and differences of two arms' scores."""

    measured = (
        "In each trial a person picks the one map that answers the question best, or says that they see no difference "
        "(“same”). One answer is one arm, or “same”."
    )
    index = (
        "Each photo is worth 1.00, shared among its answers. The score of an arm is the sum of its shares over all photos; "
        "the scores of all arms and of “same” add up to the number of photos."
    )

    hypothesis = "{first} and {second} are not preferred equally often: the difference of their scores is not zero (two-sided)."
    decision = (
        "The difference of the two arms’ scores {which}: estimate, interval and p from one two-way variance, over people and "
        "photos, with Student’s t."
    )
    beside = (
        "All other pairs of arms; all arms at once; “same” counted in other ways; Bradley–Terry strengths; "
        "agreement between people; response times; results by class, group and answer to the questions."
    )
