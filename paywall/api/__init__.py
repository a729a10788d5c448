"""REST of paywall: each route is one domain call and a translation."""

from ninja import Router

from paywall.api.earnings import router as earnings_router
from paywall.api.media import router as media_router
from paywall.api.prices import router as prices_router
from paywall.api.wallet import router as wallet_router
from paywall.api.webhook import router as webhook_router

router = Router(tags=["paywall"])
for part in (wallet_router, webhook_router, prices_router, earnings_router, media_router):
    router.add_router("", part)
