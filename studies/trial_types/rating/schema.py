"""The results of a rating in the API's schema."""

from rest_framework import serializers

from ..schema import IntervalField


def json_fields() -> dict[str, serializers.Field]:
    return {
        "mean": serializers.FloatField(allow_null=True),
        "interval": IntervalField(),
        "mean_of_items": serializers.FloatField(allow_null=True),
        "mean_of_items_interval": IntervalField(),
        "by_arm": serializers.DictField(child=serializers.FloatField()),
        "direction": serializers.CharField(),
        "counts": serializers.DictField(child=serializers.IntegerField()),
        "tests": serializers.DictField(child=serializers.DictField(), help_text="of a mean of zero"),
    }
