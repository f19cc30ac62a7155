"""Best and worst in the words of a preregistration."""

from ..plan import ContrastPlan


class BestWorstPlan(ContrastPlan):
    """Best minus worst of each photo, and differences of two arms."""

    measured = (
        "In each trial a person picks the map that answers the question best and the one that answers it worst. One answer gives the "
        "best arm +1, the worst −1 and every other 0."
    )
    index = (
        "The score of an arm is the mean of these over the answers to a photo, and over all photos, each of which counts once: the share of "
        "answers that name it best minus the share that name it worst, from −1 to 1."
    )

    hypothesis = (
        "{first} and {second} are not judged alike: the difference of their scores is not zero (two-sided)."
    )
    decision = (
        "The difference of the two arms’ scores {which}: estimate, interval and p from one two-way variance, over people and "
        "photos, with Student’s t."
    )
    beside = (
        "All other pairs of arms; all arms at once; shares of best and of worst; strengths by the maxdiff model; agreement between people; "
        "response times; results by class, group and answer to the questions."
    )
