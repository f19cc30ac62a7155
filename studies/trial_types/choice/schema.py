"""The results of a choice in the API's schema."""

from rest_framework import serializers

from ..schema import IntervalField


class ContrastSerializer(serializers.Serializer):
    first = serializers.CharField()
    second = serializers.CharField()
    difference = serializers.FloatField(help_text="score of the first arm − score of the second")
    interval = IntervalField()
    p_by = serializers.DictField(
        child=serializers.FloatField(allow_null=True), help_text="trials, items, people"
    )
    p = serializers.FloatField(allow_null=True, help_text="the largest of the three")
    p_holm = serializers.FloatField(allow_null=True)
    exploratory = serializers.BooleanField(help_text="not declared in the protocol, or no planned look")


class SameSerializer(serializers.Serializer):
    score = serializers.FloatField()
    share = serializers.FloatField()
    interval = IntervalField()


class ScoreSerializer(SameSerializer):
    share_of_preferences = serializers.FloatField(allow_null=True)


def json_fields() -> dict[str, serializers.Field]:
    return {
        "scores": serializers.DictField(child=ScoreSerializer()),
        "same": SameSerializer(allow_null=True),
        "contrasts": ContrastSerializer(many=True),
        "any_difference": serializers.DictField(allow_null=True, help_text="one test over all arms"),
    }
