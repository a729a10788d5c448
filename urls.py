"""One REST API of four routers, allauth, the public pages and the built client."""

from django.urls import include, path, re_path
from ninja import NinjaAPI

from accounts.api import router as accounts_router
from accounts.web import answer_refusals
from chat.api import router as chat_router
from chat.pages import CLIENT_PATHS, client_page
from paywall.api import router as paywall_router
from paywall.api.media_files import media_file
from safety.api import router as safety_router
from safety.api.pages import rules_page, statement_page

api = NinjaAPI(title="Aparté", version="1", urls_namespace="api")
for router in (accounts_router, paywall_router, safety_router, chat_router):
    api.add_router("", router)
answer_refusals(api)

urlpatterns = [
    path("api/", api.urls),
    path("media/<path:path>", media_file),
    path("_allauth/", include("allauth.headless.urls")),
    path("statements/<uuid:statement_id>", statement_page),
    path("rules", rules_page),
    re_path(CLIENT_PATHS, client_page),  # last: whatever is not the server's is the client's
]
