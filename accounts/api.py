"""REST of accounts: who am I, how this server is set, my language."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from ninja import Router, Schema

from accounts.commands import set_language
from accounts.db import in_db
from accounts.models import Account, Role
from accounts.queries import certified
from accounts.web import RefusalOut, SignedIn, visitor

router = Router(tags=["accounts"])


class MeOut(Schema):
    id: UUID
    name: str
    role: Role
    language: str
    certified: bool


class SessionOut(Schema):
    authenticated: bool
    account: MeOut | None = None


class ConfigOut(Schema):
    payments: str
    languages: list[str]
    version: str


class LanguageIn(Schema):
    language: str


def _me(account: Account) -> MeOut:
    return MeOut(
        id=account.id,
        name=account.name,
        role=Role(account.role),
        language=account.language,
        certified=account.id in certified([account.id]),
    )


@router.get("/session", response=SessionOut, operation_id="session")
async def session(request: HttpRequest) -> Any:
    """Who is signed in, if anybody: also what a client asks after a refused socket."""
    account = await visitor(request)
    if account is None:
        return SessionOut(authenticated=False)
    return SessionOut(authenticated=True, account=await in_db(_me)(account))


@router.get("/config", response=ConfigOut, operation_id="config")
async def config(request: HttpRequest) -> Any:
    """What the client must know before anybody signs in."""
    languages = [code for code, _ in settings.LANGUAGES]
    return ConfigOut(payments=settings.PAYMENTS, languages=languages, version=settings.VERSION)


@router.put(
    "/me/language",
    response={200: MeOut, 422: RefusalOut},
    auth=SignedIn(),
    operation_id="set_language",
)
async def put_language(request: HttpRequest, body: LanguageIn) -> Any:
    """Change the language of the screens, notices and statements of this account."""
    account: Account = request.auth  # type: ignore[attr-defined]
    await in_db(set_language)(account_id=account.id, language=body.language)
    return await in_db(lambda: _me(Account.objects.get(id=account.id)))()
