"""Fields of the API's schema that results of several types have."""

from rest_framework import serializers


class IntervalField(serializers.ListField):
    """Lower and upper end of a 95 % interval, or null where there is none."""

    def __init__(self, **kwargs):
        super().__init__(
            child=serializers.FloatField(), min_length=2, max_length=2, **{"allow_null": True, **kwargs}
        )
