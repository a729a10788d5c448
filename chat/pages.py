"""The page that starts the built client; hides how language and theme are chosen for it."""

import re
from functools import lru_cache
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils.translation import get_language_from_request
from django.views.decorators.http import require_safe

from accounts.web import visitor

NOT_BUILT: Final = "The client is not built yet: run `python frontend/build.py`."
THEME_COOKIE: Final = "aparte_theme"
THEMES: Final = ("light", "dark")
# What the server answers itself; every other path is one of the client's.
CLIENT_PATHS: Final = r"^(?!(?:api|_allauth|media|static|ws|statements|rules)(?:/|$))"
_OPENING_TAG: Final = re.compile(rb"<html[^>]*>")


@require_safe
async def client_page(request: HttpRequest) -> HttpResponse:
    """The client's first page, in the reader's language and theme; 503 while it is not built.

    Never cached, for it names the files of this very build; carries the CSRF cookie.
    """
    path = settings.FRONTEND_DIST / "index.html"
    if not path.exists():
        return HttpResponse(NOT_BUILT, status=503, content_type="text/plain; charset=utf-8")
    page = _page(str(path), path.stat().st_mtime_ns)
    tag = f'<html lang="{await _language(request)}" data-theme="{_theme(request)}">'
    response = HttpResponse(_OPENING_TAG.sub(tag.encode(), page, count=1))
    response["Cache-Control"] = "no-cache"
    response["Vary"] = "Cookie, Accept-Language"
    get_token(request)
    return response


@lru_cache(maxsize=2)
def _page(path: str, changed_ns: int) -> bytes:
    """The built page, read again when it was built again."""
    with open(path, "rb") as file:
        return file.read()


async def _language(request: HttpRequest) -> str:
    """The account's own language; for a stranger the one chosen here before, or the browser's."""
    account = await visitor(request)
    chosen = account.language if account else get_language_from_request(request)
    known = [code for code, _ in settings.LANGUAGES]
    return chosen if chosen in known else settings.LANGUAGE_CODE


def _theme(request: HttpRequest) -> str:
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return theme if theme in THEMES else "system"
