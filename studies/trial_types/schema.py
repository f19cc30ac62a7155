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


class EstimandsField(serializers.DictField):
    """By what counts once (items, people, answers): each figure by its name."""

    def __init__(self, **kwargs: Any):
        super().__init__(
            child=serializers.DictField(child=JudgedSerializer()),
            **{"help_text": "by what counts once: items, people, answers", **kwargs},
        )
