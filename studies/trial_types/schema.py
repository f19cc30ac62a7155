"""Fields of the API's schema that results of several types have."""

from typing import Any

from rest_framework import serializers


class IntervalField(serializers.ListField):
    """Lower and upper end of a 95 % interval, or null where there is none."""

    def __init__(self, **kwargs):
        super().__init__(
            child=serializers.FloatField(), min_length=2, max_length=2, **{"allow_null": True, **kwargs}
        )


class JudgedSerializer(serializers.Serializer):
    """An estimate with its interval and p."""

    estimate = serializers.FloatField()
    interval = IntervalField()
    p = serializers.FloatField(allow_null=True)
    df = serializers.FloatField(allow_null=True)


class EquivalenceSerializer(serializers.Serializer):
    """A difference beside the smallest that matters: two one-sided tests."""

    smallest_effect = serializers.FloatField()
    interval = IntervalField(help_text="90 %: within ± smallest_effect just where p is at most 0.05")
    p = serializers.FloatField(help_text="the larger of the two")
    p_holm = serializers.FloatField(allow_null=True, help_text="corrected over the declared contrasts")
    found = serializers.BooleanField(
        allow_null=True, help_text="no difference that matters; null where nothing declared says so"
    )


class SizeSerializer(serializers.Serializer):
    """An effect size with its 95 % interval; an end without a bound is null."""

    estimate = serializers.FloatField(allow_null=True)
    interval = serializers.ListField(
        child=serializers.FloatField(allow_null=True), min_length=2, max_length=2, allow_null=True
    )


class SizesField(serializers.DictField):
    """Effect sizes by their names."""

    def __init__(self, **kwargs: Any):
        super().__init__(child=SizeSerializer(), **kwargs)


class EstimandsField(serializers.DictField):
    """By what counts once (items, people, answers): each figure by its name."""

    def __init__(self, **kwargs: Any):
        super().__init__(
            child=serializers.DictField(child=JudgedSerializer()),
            **{"help_text": "by what counts once: items, people, answers", **kwargs},
        )
