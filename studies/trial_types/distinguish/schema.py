"""The results of distinguish in the API's schema."""

from rest_framework import serializers

from ..schema import EquivalenceSerializer, IntervalField, JudgedSerializer


class DistinguishArmSerializer(serializers.Serializer):
    estimate = serializers.FloatField(allow_null=True, help_text="null: nobody answered what it is of")
    interval = IntervalField()
    answers = serializers.IntegerField()
    over_chance = JudgedSerializer(allow_null=True, help_text="estimate − chance; p is of there being none")


class DistinguishContrastSerializer(JudgedSerializer):
    first = serializers.CharField()
    second = serializers.CharField()
    p_holm = serializers.FloatField(
        allow_null=True,
        help_text="over the declared contrasts; where none is declared over those beside no explanation, or else over all",
    )
    exploratory = serializers.BooleanField(help_text="not declared in the protocol")


class DistinguishMeasureSerializer(serializers.Serializer):
    text = serializers.CharField()
    arms = serializers.DictField(child=DistinguishArmSerializer())
    contrasts = DistinguishContrastSerializer(many=True)


class DistinguishBesideSerializer(EquivalenceSerializer):
    first = serializers.CharField()
    second = serializers.CharField()


def json_fields() -> dict[str, serializers.Field]:
    return {
        "chance": serializers.FloatField(help_text="1 / classes"),
        "baseline": serializers.CharField(allow_null=True, help_text="the arm without an explanation"),
        "by_arm": serializers.DictField(child=serializers.FloatField(), help_text="accuracy with each arm"),
        "measures": serializers.DictField(child=DistinguishMeasureSerializer()),
        "tests": serializers.DictField(
            child=serializers.DictField(), help_text="sensitivity, each with its null hypothesis"
        ),
        "equivalence": DistinguishBesideSerializer(
            many=True, help_text="of accuracy; empty where no smallest effect is declared"
        ),
    }
