"""The results of pairs in the API's schema."""

from rest_framework import serializers

from ..schema import EquivalenceSerializer, EstimandsField, IntervalField, JudgedSerializer, SizesField


class PairScoreSerializer(serializers.Serializer):
    strength = serializers.FloatField(
        allow_null=True,
        help_text="log odds against an arm of average strength; null: not connected with the others",
    )
    interval = IntervalField()
    chance = serializers.FloatField(
        allow_null=True,
        help_text="of those who prefer one, the share that prefers it to an arm of average strength",
    )
    chance_interval = IntervalField()
    rank = serializers.IntegerField(allow_null=True, help_text="1 is the strongest")
    ranks = serializers.ListField(
        child=serializers.IntegerField(),
        min_length=2,
        max_length=2,
        allow_null=True,
        help_text="best and worst rank; those of all arms hold together at 95 %",
    )
    wins = serializers.IntegerField()
    losses = serializers.IntegerField()
    same = serializers.IntegerField()


class PairSameSerializer(serializers.Serializer):
    answers = serializers.IntegerField()
    log_tie = JudgedSerializer(
        allow_null=True, help_text="log of how many times as often “same” is said as either of two equal arms"
    )


class PairLeadSerializer(JudgedSerializer):
    first = serializers.CharField(help_text="the strongest arm")
    second = serializers.CharField(help_text="the next")


class PairContrastSerializer(JudgedSerializer):
    first = serializers.CharField()
    second = serializers.CharField()
    p_holm = serializers.FloatField(allow_null=True)
    interval_all_pairs = IntervalField(help_text="of every pair: all hold together at 95 %")
    equivalence = EquivalenceSerializer(
        allow_null=True, help_text="null where no smallest effect is declared"
    )
    effect_sizes = SizesField(
        help_text="superiority: of those who prefer one of the two, the share that prefers the first; odds"
    )
    exploratory = serializers.BooleanField(help_text="not declared in the protocol, or no planned look")
    note = serializers.CharField(allow_blank=True)


def json_fields() -> dict[str, serializers.Field]:
    return {
        "scores": serializers.DictField(child=PairScoreSerializer()),
        "same": PairSameSerializer(),
        "side": JudgedSerializer(
            allow_null=True, help_text="log odds for the left of two equal arms; null: not estimated"
        ),
        "wins": serializers.DictField(
            child=serializers.DictField(child=serializers.IntegerField()),
            help_text="arm -> other arm -> how often the first was preferred",
        ),
        "alike": serializers.ListField(
            child=serializers.ListField(child=serializers.CharField()),
            help_text="arms of which no two are found to differ",
        ),
        "parts": serializers.ListField(
            child=serializers.ListField(child=serializers.CharField()),
            help_text="arms that comparisons connect; more than one: strengths are of the largest alone",
        ),
        "lead": PairLeadSerializer(
            allow_null=True, help_text="difference of preferences of the strongest and the next"
        ),
        "contrasts": PairContrastSerializer(many=True),
        "any_difference": serializers.DictField(
            allow_null=True, help_text="one test over all connected arms"
        ),
        "estimands": EstimandsField(),
    }
