"""REST of chat: each route is one domain call and a translation."""

from ninja import Router

from chat.api import conversations, studio

router = Router()
router.add_router("", conversations.router)
router.add_router("", studio.router)
