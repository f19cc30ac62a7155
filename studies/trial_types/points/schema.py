"""Results of types whose answers give every arm points, in the API's schema."""

from rest_framework import serializers

from ..schema import EquivalenceSerializer, EstimandsField, IntervalField, JudgedSerializer, SizesField


class PointsContrastSerializer(serializers.Serializer):
    first = serializers.CharField()
    second = serializers.CharField()
    difference = serializers.FloatField(help_text="positive: the first arm is better")
    interval = IntervalField()
    p_by = serializers.DictField(
        child=serializers.FloatField(allow_null=True),
        help_text="sensitivity, labels exchanged: trials, items, people",
    )
    p = serializers.FloatField(allow_null=True, help_text="of the same t as the interval")
    df = serializers.FloatField(allow_null=True, help_text="degrees of freedom of that t")
    interval_all_pairs = IntervalField(help_text="of every pair: all hold together at 95 %")
    p_all_pairs = serializers.FloatField(allow_null=True)
    equivalence = EquivalenceSerializer(
        allow_null=True, help_text="null where no smallest effect is declared"
    )
    effect_sizes = SizesField(
        help_text="superiority: the share of answers in which the first arm stands before the second, and half of those in which neither "
        "does; dz: the mean difference in standard deviations of single answers"
    )
    p_holm = serializers.FloatField(allow_null=True)
    exploratory = serializers.BooleanField(help_text="not declared in the protocol, or no planned look")


class PointsLeadSerializer(JudgedSerializer):
    first = serializers.CharField(help_text="the arm that came out best")
    second = serializers.CharField(help_text="the next")


class PointsScoreSerializer(serializers.Serializer):
    score = serializers.FloatField(required=False, help_text="best minus worst, as a share of the answers")
    mean_rank = serializers.FloatField(
        required=False, help_text="1 is best; arms that tie share their places"
    )
    interval = IntervalField(help_text="of the score, or of the mean rank")
    first = serializers.FloatField(
        help_text="share of the answers in which the arm is best; arms that tie share it"
    )
    first_interval = IntervalField()
    last = serializers.FloatField(help_text="the same of being worst")
    last_interval = IntervalField()
    strength = serializers.FloatField(
        allow_null=True, help_text="by the type’s model; all arms’ sum to 1; null where there is none"
    )
    strength_interval = IntervalField()


def json_fields() -> dict[str, serializers.Field]:
    return {
        "scores": serializers.DictField(child=PointsScoreSerializer()),
        "lead": PointsLeadSerializer(allow_null=True, help_text="of the best arm over the next"),
        "contrasts": PointsContrastSerializer(many=True),
        "any_difference": serializers.DictField(allow_null=True, help_text="one test over all arms"),
        "estimands": EstimandsField(),
    }
