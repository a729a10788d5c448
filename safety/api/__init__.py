"""REST of safety: each route is one domain call and a translation."""

from ninja import Router

from safety.api.desk import router as desk_router
from safety.api.rulebook import router as rulebook_router
from safety.api.statements import router as statements_router

router = Router(tags=["safety"])
router.add_router("", desk_router)
router.add_router("", rulebook_router)
router.add_router("", statements_router)
