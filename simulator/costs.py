"""What a call costs, and how quick the machine was. Money is in cents, as Retell gives it."""

from simulator.call import Call
from simulator.dice import dice
from simulator.wire import JsonObject

_CENTS_A_SECOND = {"elevenlabs_tts": 7 / 60, "gpt_4_1": 4.5 / 60, "us_telephony": 1.5 / 60}


def cost_of(call: Call) -> JsonObject:
    """The ``call_cost`` of a call that has ended; one that never connected costs nothing."""
    seconds = call.duration_ms / 1000
    products = [
        {"product": product, "unit_price": round(price, 6), "cost": round(price * seconds, 6)}
        for product, price in _CENTS_A_SECOND.items()
        if seconds
    ]
    return {
        "product_costs": products,
        "total_duration_seconds": seconds,
        "total_duration_unit_price": round(sum(_CENTS_A_SECOND.values()), 6) if seconds else 0,
        "combined_cost": round(sum(price * seconds for price in _CENTS_A_SECOND.values()), 6),
    }


def latency_of(call: Call, replies: int) -> JsonObject:
    """Latencies in milliseconds for each part of the machine, over so many replies."""
    throw = dice(call.plan.key, "latency")
    return {
        part: _spread([round(throw.uniform(low, high), 1) for _ in range(max(replies, 1))])
        for part, (low, high) in {"e2e": (700, 1600), "llm": (300, 900), "tts": (150, 400), "asr": (60, 200)}.items()
    }


def tokens_of(call: Call, replies: int) -> JsonObject:
    throw = dice(call.plan.key, "tokens")
    values = [throw.randint(400, 2400) for _ in range(max(replies, 1))]
    return {"values": values, "average": sum(values) / len(values), "num_requests": len(values)}


def _spread(values: list[float]) -> JsonObject:
    ordered = sorted(values)
    quantiles = {f"p{q}": ordered[min(len(ordered) * q // 100, len(ordered) - 1)] for q in (50, 90, 95, 99)}
    return {**quantiles, "min": ordered[0], "max": ordered[-1], "num": len(ordered), "values": values}
