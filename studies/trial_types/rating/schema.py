"""The results of a rating in the API's schema."""

from rest_framework import serializers

from ..schema import EquivalenceSerializer, EstimandsField, IntervalField, JudgedSerializer, SizesField


class PrimarySerializer(JudgedSerializer):
    of = serializers.CharField(help_text="what counts once: items, people or answers")


def json_fields() -> dict[str, serializers.Field]:
    return {
        "mean": serializers.FloatField(allow_null=True),
        "interval": IntervalField(),
        "mean_of_items": serializers.FloatField(allow_null=True),
        "mean_of_items_interval": IntervalField(),
        "mean_of_people": serializers.FloatField(allow_null=True),
        "mean_of_people_interval": IntervalField(),
        "primary": PrimarySerializer(allow_null=True, help_text="the mean that the study is judged by"),
        "by_arm": serializers.DictField(
            child=serializers.FloatField(), help_text="the primary mean from each arm's side"
        ),
        "direction": serializers.CharField(),
        "counts": serializers.DictField(child=serializers.IntegerField()),
        "tests": serializers.DictField(
            child=serializers.DictField(), help_text="sensitivity, each with its null hypothesis"
        ),
        "equivalence": EquivalenceSerializer(
            allow_null=True,
            help_text="of the primary mean, in points of the scale; null where no smallest effect is declared",
        ),
        "effect_sizes": SizesField(
            help_text="of the primary mean. superiority: share of ratings for the first arm, and half of the zeros; "
            "dz: the mean in standard deviations of single answers"
        ),
        "estimands": EstimandsField(),
    }
