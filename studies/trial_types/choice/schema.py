"""The results of a choice in the API's schema."""

from rest_framework import serializers

from ..schema import EquivalenceSerializer, EstimandsField, IntervalField, JudgedSerializer, SizesField


class ContrastSerializer(serializers.Serializer):
    first = serializers.CharField()
    second = serializers.CharField()
    difference = serializers.FloatField(help_text="score of the first arm − score of the second")
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
        allow_null=True, help_text="as differences of shares; null where no smallest effect is declared"
    )
    effect_sizes = SizesField(
        help_text="difference_of_shares; superiority: of those who picked one of the two, the share that picked the first; odds"
    )
    p_holm = serializers.FloatField(allow_null=True)
    exploratory = serializers.BooleanField(help_text="not declared in the protocol, or no planned look")


class LeadSerializer(JudgedSerializer):
    first = serializers.CharField(help_text="the arm with the highest score")
    second = serializers.CharField(help_text="the next")


class SameSerializer(serializers.Serializer):
    score = serializers.FloatField()
    share = serializers.FloatField()
    interval = IntervalField()


class ScoreSerializer(SameSerializer):
    share_of_preferences = serializers.FloatField(allow_null=True)
    share_of_preferences_interval = IntervalField()


def json_fields() -> dict[str, serializers.Field]:
    return {
        "scores": serializers.DictField(child=ScoreSerializer()),
        "same": SameSerializer(allow_null=True),
        "lead": LeadSerializer(allow_null=True, help_text="of the highest score over the next, in items"),
        "contrasts": ContrastSerializer(many=True),
        "any_difference": serializers.DictField(allow_null=True, help_text="one test over all arms"),
        "estimands": EstimandsField(),
    }
