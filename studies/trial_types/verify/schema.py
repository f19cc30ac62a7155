"""The results of verify in the API's schema."""

from rest_framework import serializers

from ..schema import EquivalenceSerializer, IntervalField, JudgedSerializer


class ArmFigureSerializer(serializers.Serializer):
    estimate = serializers.FloatField(allow_null=True, help_text="null: nobody answered what it is of")
    interval = IntervalField()
    answers = serializers.IntegerField()


class VerifyContrastSerializer(JudgedSerializer):
    first = serializers.CharField()
    second = serializers.CharField()
    p_holm = serializers.FloatField(
        allow_null=True,
        help_text="over the declared contrasts; where none is declared over those beside no explanation, or else over all",
    )
    exploratory = serializers.BooleanField(help_text="not declared in the protocol")


class VerifyMeasureSerializer(serializers.Serializer):
    text = serializers.CharField()
    arms = serializers.DictField(child=ArmFigureSerializer())
    contrasts = VerifyContrastSerializer(many=True)


class RelianceSerializer(serializers.Serializer):
    over = ArmFigureSerializer(help_text="“right” where the network is wrong")
    under = ArmFigureSerializer(help_text="“wrong” where the network is right")


class VerifyBesideSerializer(EquivalenceSerializer):
    first = serializers.CharField()
    second = serializers.CharField()


def json_fields() -> dict[str, serializers.Field]:
    return {
        "network_alone": serializers.FloatField(
            allow_null=True, help_text="the share of the photos answered about that the network gets right"
        ),
        "baseline": serializers.CharField(allow_null=True, help_text="the arm without an explanation"),
        "by_arm": serializers.DictField(child=serializers.FloatField(), help_text="accuracy with each arm"),
        "measures": serializers.DictField(child=VerifyMeasureSerializer()),
        "reliance": serializers.DictField(child=RelianceSerializer()),
        "tests": serializers.DictField(
            child=serializers.DictField(), help_text="sensitivity, each with its null hypothesis"
        ),
        "equivalence": VerifyBesideSerializer(
            many=True, help_text="of accuracy; empty where no smallest effect is declared"
        ),
    }
