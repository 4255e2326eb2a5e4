"""Kinds of deliveries that failed at first, each as what its address makes of one try after the other."""

from collections.abc import Mapping, Sequence

DELIVERIES: Mapping[str, Sequence[str]] = {
    "delivered_at_the_second_try": ["delivered"],
    "delivered_at_the_fourth_try": ["failed", "failed", "delivered"],
    "given_up_after_ten_tries": ["failed"],
    "nobody_wants_it_any_more": ["failed", "over"],
    "busy_address": ["busy", "busy", "failed", "delivered"],
    "database_away_for_a_moment": ["away", "away", "delivered"],
}
