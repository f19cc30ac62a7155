"""The results of single maps in the API's schema."""

from rest_framework import serializers

from ..schema import EquivalenceSerializer, IntervalField, JudgedSerializer


class ArmMeanSerializer(serializers.Serializer):
    mean = serializers.FloatField(allow_null=True, help_text="null: nobody answered about it")
    interval = IntervalField()
    answers = serializers.IntegerField()


class DifferenceSerializer(JudgedSerializer):
    first = serializers.CharField()
    second = serializers.CharField()
    p_holm = serializers.FloatField(
        allow_null=True, help_text="over the declared contrasts; over all, where none is declared"
    )
    exploratory = serializers.BooleanField(help_text="not declared in the protocol")


class FigureSerializer(serializers.Serializer):
    """A question, or a scale."""

    text = serializers.CharField()
    to = serializers.FloatField(help_text="the highest answer")
    arms = serializers.DictField(child=ArmMeanSerializer())
    contrasts = DifferenceSerializer(many=True)

    def get_fields(self):
        """`from`, the lowest answer, is no name for an attribute."""
        return {**super().get_fields(), "from": serializers.FloatField(help_text="the lowest answer")}


class QuestionSerializer(FigureSerializer):
    scale = serializers.CharField(allow_blank=True, help_text="the scale that it is part of; empty: none")
    reversed = serializers.BooleanField(help_text="its scale counts it turned round")


class ScaleSerializer(FigureSerializer):
    questions = serializers.ListField(child=serializers.CharField())
    alpha = serializers.FloatField(allow_null=True, help_text="Cronbach’s")
    omega = serializers.FloatField(allow_null=True, help_text="McDonald’s omega total, of one factor")


class BesideSerializer(EquivalenceSerializer):
    first = serializers.CharField()
    second = serializers.CharField()


def json_fields() -> dict[str, serializers.Field]:
    return {
        "main": serializers.CharField(
            allow_null=True, help_text="the scale or question that the study is judged by"
        ),
        "by_arm": serializers.DictField(child=serializers.FloatField(), help_text="its mean of each arm"),
        "questions": serializers.DictField(child=QuestionSerializer()),
        "scales": serializers.DictField(child=ScaleSerializer()),
        "tests": serializers.DictField(
            child=serializers.DictField(), help_text="sensitivity, each with its null hypothesis"
        ),
        "equivalence": BesideSerializer(
            many=True, help_text="of the main figure; empty where no smallest effect is declared"
        ),
    }
