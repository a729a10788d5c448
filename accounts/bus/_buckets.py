"""A token bucket that all processes share, in Redis: how fast something may happen everywhere."""

import logging
from functools import cache

from django.conf import settings

from accounts.bus._links import LOST, link

logger = logging.getLogger(__name__)

# Redis' own clock, so that processes need not agree on the time. What was spent before it was
# asked for is a debt. Answers the tokens it gives, or how long until it has one, in negative ms.
DRAW = """
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local wanted, spent = tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(kept[1]) or burst, tonumber(kept[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * rate) - spent
local given = math.max(0, math.min(wanted, math.floor(tokens)))
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens - given), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((2 * burst - tokens) / rate * 1000) + 1000)
if given > 0 then return given end
return -math.ceil((1 - tokens) / rate * 1000)
"""


async def draw(name: str, *, wanted: int, spent: int, rate: float, burst: float) -> int | None:
    """Take up to `wanted` tokens of the bucket `name`, after `spent` that were used unasked.

    Returns how many it gave, or the milliseconds until it has one as a negative number; None
    without Redis, or when it does not answer. `rate` in tokens a second, `burst` at most.
    """
    if not settings.REDIS_URL:
        return None
    pipeline = _link(settings.REDIS_URL, settings.BUS_PREFIX).async_pipeline()
    key = f"{settings.BUS_PREFIX}:bucket:{name}"
    pipeline.eval(DRAW, 1, key, rate, burst, wanted, spent)
    try:
        (given,) = await pipeline.execute()
    except LOST as error:
        logger.warning("bus: a bucket was not asked (%s)", type(error).__name__)
        return None
    return int(given)


_link = cache(link)
