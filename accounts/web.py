"""What the four REST routers share: who asks, and how a refusal is answered."""

from typing import Any

from django.contrib.auth import get_user
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.deprecation import MiddlewareMixin
from ninja import NinjaAPI, Schema
from ninja.security import APIKeyCookie

from accounts import logs
from accounts.db import drop_broken, in_db
from accounts.errors import BUSY_RETRY_MS, Busy, NotAllowed, Refusal
from accounts.models import Account, Role


async def visitor(request: HttpRequest) -> Account | None:
    """Who asks, None for somebody who is not signed in.

    Not by `request.auser()`: its thread keeps a connection until the answer is sent, and with as
    many requests as the pool has connections each would wait for the second one its view needs.
    """
    account: Account | None = await in_db(_visitor)(request)
    if account is not None:
        logs.bind(account=str(account.id))
    return account


def _visitor(request: HttpRequest) -> Account | None:
    account = get_user(request)
    return account if isinstance(account, Account) else None


class RefusalOut(Schema):
    """The body of every expected no; the facts of the code stand beside these two."""

    code: str
    detail: str


class SignedIn(APIKeyCookie):
    """A session cookie, with a CSRF check on unsafe methods; `request.auth` is the account."""

    param_name = "sessionid"

    def __init__(self, *roles: Role) -> None:
        super().__init__(csrf=True)
        self.roles = roles

    async def authenticate(self, request: HttpRequest, key: str | None) -> Account | None:
        account = await visitor(request)
        if account is None:
            return None
        if self.roles and account.role not in self.roles:
            raise NotAllowed("This page belongs to another role.")
        return account


def answer_refusals(api: NinjaAPI) -> None:
    """Make every `Refusal` raised under this API an answer `{code, detail, ...data}`."""

    @api.exception_handler(Refusal)
    def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
        return api.create_response(request, _body(refusal), status=refusal.status)


class BusyMiddleware(MiddlewareMixin):
    """While the database is away every address answers 503 `busy`, as the socket does."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Called in a thread, also for what the routers do not expect."""
        if not isinstance(error, (OperationalError, InterfaceError)):
            return None
        drop_broken()
        busy = Busy()
        headers = {"Retry-After": str(BUSY_RETRY_MS // 1_000)}
        return JsonResponse(_body(busy), status=busy.status, headers=headers)


def _body(refusal: Refusal) -> dict[str, Any]:
    return {"code": refusal.code, "detail": refusal.detail, **refusal.data}
