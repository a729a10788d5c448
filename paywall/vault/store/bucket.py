"""Hides S3: sealed objects as objects of a bucket, each written and read by one request.

Credentials are what boto3 finds for itself (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, a role of
the machine). Keys and plain bytes never come here, and no presigned address is ever made: clients
would be served ciphertext, from another origin.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from io import BytesIO
from typing import BinaryIO, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from django.core.exceptions import ImproperlyConfigured

from accounts.logs import get_logger
from accounts.rest import Rest
from paywall.vault.keys import Unreadable
from paywall.vault.store.port import StoreAway

log = get_logger(__name__)

_CONFIG = Config(
    signature_version="s3v4",
    s3={"addressing_style": "path"},  # of host names, not every server but Amazon's has one each
    # A connection takes milliseconds where the bucket is near; somebody waits for each answer, so
    # that one more try is all that fits. An object has 2 MiB mostly, 25 MB at most.
    connect_timeout=2,
    read_timeout=10,
    retries={"total_max_attempts": 2, "mode": "standard"},
    max_pool_connections=32,  # as many as threads that may ask at once
    # Objects authenticate themselves, and other servers than Amazon's refuse the newer checksums.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
SILENT_SECONDS = 5.0  # in which a bucket that did not answer is not asked
_KEY = re.compile(r"([0-9a-f]{2})/(\1[0-9a-f]{30})")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_PREFIX = re.compile(r"[\w./-]*", re.ASCII)
_OPTIONS, _HTTP = {"endpoint", "region"}, ("http", "https")
_FORM = (
    "MEDIA_URL is s3://BUCKET/PREFIX?endpoint=URL&region=NAME, of which all but s3://BUCKET may be "
    "left out."
)
_NO_CREDENTIALS = (
    "MEDIA_URL holds credentials: take them out, and give them to boto3 by AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY."
)


class Bucket:
    """Objects under one prefix of one bucket; nothing else there is ever touched.

    Raises `ImproperlyConfigured` for an address that is not of the documented form.
    """

    def __init__(self, url: str) -> None:
        place = _place(url)
        self._bucket, self._prefix = place.bucket, place.prefix
        self._rest = Rest()
        try:
            self._client = boto3.session.Session().client(
                "s3", region_name=place.region, endpoint_url=place.endpoint, config=_CONFIG
            )
        except (BotoCoreError, ValueError) as error:
            fault = type(error).__name__
            raise ImproperlyConfigured(f"boto3 cannot use MEDIA_URL or AWS_*: {fault}.") from None

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        """See `Store`: one request stores all of the object or nothing of it.

        The bytes are joined first, as many as their caller holds anyway; an upload in several
        requests could be left unfinished, and paid for.
        """
        whole = b"".join(pieces)
        with self._asked():
            self._client.put_object(
                Bucket=self._bucket, Key=self._key(name), Body=whole, IfNoneMatch="*"
            )

    def open_object(self, name: str, start: int, end: int) -> BinaryIO:
        """See `Store`: these bytes alone are fetched, all of them before this returns.

        What fails then fails before an answer has begun, and a slow reader holds no connection.
        """
        with self._asked():
            answer = self._client.get_object(
                Bucket=self._bucket, Key=self._key(name), Range=f"bytes={start}-{end - 1}"
            )
            return BytesIO(answer["Body"].read())

    def remove(self, name: str) -> None:
        """See `Store`."""
        with suppress(FileNotFoundError), self._asked():
            self._client.delete_object(Bucket=self._bucket, Key=self._key(name))

    def names_older_than(self, moment: datetime) -> Iterator[str]:
        """See `Store`: of what has a name of ours alone."""
        pages = self._client.get_paginator("list_objects_v2")
        with self._asked():
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for found in page.get("Contents", ()):
                    ours = _KEY.fullmatch(found["Key"].removeprefix(self._prefix))
                    if ours and found["LastModified"] < moment:
                        yield ours[2]

    @property
    def silent(self) -> bool:
        """See `Store`."""
        return self._rest.seconds > 0

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Around one question: `FileNotFoundError` for what is not there, `Unreadable` for what
        ends too early, `StoreAway` for all else, and then a line that says why without a name of
        anything. Where the last one had no answer, most are not asked: each waits for seconds.
        """
        if not self._rest.is_over():
            raise StoreAway
        try:
            yield
        except ClientError as error:
            self._answered()
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code == "NoSuchKey":
                raise FileNotFoundError from None
            if code == "InvalidRange":
                raise Unreadable("The object is shorter than what was sealed.") from None
            log.warning("the bucket of media refuses", code=code)
            raise StoreAway from None
        except (BotoCoreError, ResponseParserError) as error:
            self._rest.lasts(SILENT_SECONDS)
            log.warning("the bucket of media does not answer", fault=type(error).__name__)
            raise StoreAway from None
        else:
            self._answered()

    def _answered(self) -> None:
        if self._rest.lasts(0.0):
            log.warning("the bucket of media answers again")

    def _key(self, name: str) -> str:
        """As in the folder, so that one is copied to the other as it is."""
        return f"{self._prefix}{name[:2]}/{name}"


class _Place(NamedTuple):
    bucket: str
    prefix: str  # empty, or with its last slash
    endpoint: str | None
    region: str | None


def _place(url: str) -> _Place:
    """What `MEDIA_URL` says. Raises `ImproperlyConfigured`, and quotes none of it: a secret may
    stand where it does not belong."""
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        endpoint = urlsplit(options.get("endpoint", ""))
        _ = endpoint.port  # raises for what is no number
    except ValueError:
        raise ImproperlyConfigured(_FORM) from None
    if "@" in parts.netloc + endpoint.netloc:
        raise ImproperlyConfigured(_NO_CREDENTIALS)
    prefix = parts.path.strip("/")
    known = parts.scheme == "s3" and not parts.fragment and options.keys() <= _OPTIONS
    reachable = not endpoint.geturl() or (endpoint.scheme in _HTTP and endpoint.hostname)
    if not (known and reachable and _BUCKET.fullmatch(parts.netloc) and _PREFIX.fullmatch(prefix)):
        raise ImproperlyConfigured(_FORM)
    return _Place(
        parts.netloc,
        prefix and f"{prefix}/",
        options.get("endpoint"),
        options.get("region"),
    )
