"""`/media/...`: sold files, decrypted on their way out; every no is one and the same answer."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from threading import Lock
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts.db import in_db
from accounts.logs import get_logger
from accounts.web import visitor
from paywall.queries.media import SERVED_TYPE, NotAvailable, linked_file
from paywall.vault.keys import Unreadable
from paywall.vault.links import Subject
from paywall.vault.ranges import Answer, RangeRequired, Unsatisfiable, answer
from paywall.vault.store import StoreAway
from paywall.vault.stream import RangeReader, SealedFile, Span, stream

log = get_logger(__name__)

STREAMS_PER_ACCOUNT = 8  # a browser opens six connections to a host
SLICES_PER_PROCESS = 256  # of 2 MiB, mostly: what slow readers can make us hold

_PROTECTION = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Disposition": "inline",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def protected[Response: HttpResponseBase](response: Response) -> Response:
    """The response with the headers of private media: never kept, sniffed or embedded elsewhere."""
    for name, value in _PROTECTION.items():
        response[name] = value
    return response


async def media_file(request: HttpRequest, path: str) -> HttpResponseBase:
    """One item of an unlock, whole or in ranges, for the session its link was made for."""
    subject = await _subject(request, path)
    if subject is None or request.method not in ("GET", "HEAD"):
        return _not_available()
    try:
        file: SealedFile = await in_db(linked_file)(
            subject=subject,
            expires=request.GET.get("e", ""),
            signature=request.GET.get("s", ""),
            now=timezone.now(),
        )
    except NotAvailable:
        return _not_available()
    try:
        return await _answer(request, file, subject.account_id)
    except StoreAway:
        return _wait(503, StoreAway.code)
    except (FileNotFoundError, Unreadable) as error:
        log.error(
            "a sold file does not open", fault=type(error).__name__, object=str(file.object_id)
        )
        return _not_available()


async def _subject(request: HttpRequest, path: str) -> Subject | None:
    """What is asked and by whom, None for anything that cannot be a link of this session."""
    account = await visitor(request)
    session_key = request.session.session_key
    unlock, _, item = path.partition("/")
    if account is None or not session_key:
        return None
    try:
        subject = Subject(UUID(unlock), int(item), account.id, session_key)
    except ValueError:
        return None
    return subject if path == f"{subject.unlock_id}/{subject.item}" else None


async def _answer(request: HttpRequest, file: SealedFile, account_id: UUID) -> HttpResponseBase:
    # There are no validators, hence no If-Range that could match: such a Range is ignored.
    asked = None if "If-Range" in request.headers else request.headers.get("Range")
    try:
        found = answer(asked, length=file.plain_bytes)
    except Unsatisfiable:
        return _refused(416, "range_not_satisfiable", file)
    except RangeRequired:
        return _refused(400, "range_required", file)
    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse()
    elif (place := _Place.take(account_id)) is not None:
        response = await _Slice.of(file, found.span, place)
    elif _places.total() >= SLICES_PER_PROCESS:
        return _wait(503, "busy")
    else:
        return _wait(429, "too_fast")
    return _described(response, file, found)


def _described(response: HttpResponseBase, file: SealedFile, found: Answer) -> HttpResponseBase:
    span = found.span
    response.status_code = 206 if found.partial else 200
    response["Content-Type"] = SERVED_TYPE
    response["Accept-Ranges"] = "bytes"
    response["Content-Length"] = str(span.length)
    if found.partial:
        response["Content-Range"] = f"bytes {span.start}-{span.end}/{file.plain_bytes}"
    return protected(response)


class _Place:
    """One of the places for streams; given back once, however the stream ends."""

    def __init__(self, account_id: UUID) -> None:
        self._account_id: UUID | None = account_id

    @classmethod
    def take(cls, account_id: UUID) -> "_Place | None":
        """A place for this account, None when it or the process has no more."""
        with _places_lock:
            if _places.total() >= SLICES_PER_PROCESS:
                return None
            if _places[account_id] >= STREAMS_PER_ACCOUNT:
                return None
            _places[account_id] += 1
            return cls(account_id)

    def give_back(self) -> None:
        with _places_lock:
            account_id, self._account_id = self._account_id, None
            if account_id is not None:
                _places[account_id] -= 1
                if not _places[account_id]:
                    del _places[account_id]


_places: Counter[UUID] = Counter()
_places_lock = Lock()


class _Slice(StreamingHttpResponse):
    """Plain bytes on their way out; holds its place until they are sent or nobody wants them."""

    def __init__(self, reader: RangeReader, place: _Place) -> None:
        self._reader, self._place = reader, place
        super().__init__(self._sent())

    @classmethod
    async def of(cls, file: SealedFile, span: Span, place: _Place) -> "_Slice":
        """The answer, once the store has given the bytes. Raises what a `RangeReader` does."""
        try:
            return cls(await asyncio.to_thread(RangeReader, file, span), place)
        except BaseException:
            place.give_back()
            raise

    async def _sent(self) -> AsyncIterator[bytes]:
        try:
            async with aclosing(stream(self._reader)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            self._place.give_back()

    def close(self) -> None:
        super().close()
        self._reader.close()
        self._place.give_back()


def _wait(status: int, code: str) -> HttpResponseBase:
    return protected(JsonResponse({"code": code}, status=status, headers={"Retry-After": "1"}))


def _refused(status: int, reason: str, file: SealedFile) -> HttpResponseBase:
    body = {"code": "malformed", "detail": reason, "field": "Range"}
    response = JsonResponse(body, status=status)
    response["Accept-Ranges"] = "bytes"
    response["Content-Range"] = f"bytes */{file.plain_bytes}"
    return protected(response)


def _not_available() -> HttpResponseBase:
    return protected(JsonResponse({"code": NotAvailable.code}, status=NotAvailable.status))
