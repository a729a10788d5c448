"""People at real browsers: Chromium driven by Playwright, words from the client's own catalogues.

Nothing here or in a test that uses it may touch Django's models: Playwright runs a loop in this
thread. What happened is read from pages, REST and the CLI.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

import msgpack
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Playwright,
    Route,
    WebSocket,
)

from tests.running_server import ROOT, RunningServer
from tests.wire import Person

FRONTEND = ROOT / "frontend"
PHONE, DESKTOP = (390, 844), (1280, 800)
WAIT_MS = 15_000
SERVER_ANSWERS = re.compile(r"/(api|_allauth)/")
QUIET_SWITCHES: Final = (
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def launch(playwright: Playwright) -> Browser:
    """Chromium of PLAYWRIGHT_CHROMIUM or of PATH; skips where there is none, or no client."""
    program = os.environ.get("PLAYWRIGHT_CHROMIUM") or shutil.which("chromium")
    if not program:
        pytest.skip("no Chromium: install it, or name one in PLAYWRIGHT_CHROMIUM")
    if not (FRONTEND / "dist" / "index.html").exists():
        pytest.skip("the client is not built: run `python frontend/build.py`")
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(
        executable_path=program, args=[*QUIET_SWITCHES, *as_root], headless=True
    )


def euros(cents: int, language: str) -> str:
    """An amount as the client writes it."""
    whole, rest = divmod(cents, 100)
    return f"{whole},{rest:02}\u00a0€" if language == "fr" else f"€{whole}.{rest:02}"


class Words:
    """The client's catalogue of one language."""

    def __init__(self, language: str) -> None:
        folder = FRONTEND / "src" / "i18n" / language
        self._words = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}

    def __call__(self, key: str, **values: object) -> str:
        """`fan:inbox.title` with its values filled in. Raises KeyError for an unknown key."""
        space, _, path = key.partition(":")
        found: Any = self._words[space]
        for part in path.split("."):
            found = found[part]
        return re.sub(r"\{\{(\w+)\}\}", lambda match: str(values[match[1]]), found)

    def pattern(self, key: str) -> re.Pattern[str]:
        """The same sentence, whatever its values."""
        text = self(key, **dict.fromkeys(re.findall(r"\{\{(\w+)\}\}", self._raw(key)), "\0"))
        return re.compile(re.escape(text).replace("\0", ".+?"))

    def _raw(self, key: str) -> str:
        space, _, path = key.partition(":")
        found: Any = self._words[space]
        for part in path.split("."):
            found = found[part]
        return str(found)


class Visitor:
    """One person at one browser. Keeps every complaint of the page and every answer it received."""

    def __init__(
        self,
        browser: Browser,
        server: RunningServer,
        *,
        language: str,
        size: tuple[int, int] = DESKTOP,
        **options: Any,
    ) -> None:
        self.server, self.words, self.language = server, Words(language), language
        self.offline = False
        self.complaints: list[str] = []
        self.heard: list[Any] = []  # every frame and every JSON answer
        self.context: BrowserContext = browser.new_context(
            base_url=server.url,
            locale={"fr": "fr-FR", "en": "en-IE"}[language],
            viewport={"width": size[0], "height": size[1]},
            timezone_id="Europe/Paris",
            reduced_motion="reduce",
            **options,
        )
        self.context.set_default_timeout(WAIT_MS)
        self.context.route(SERVER_ANSWERS, self._record)
        self.page = self.open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.context.close()

    def open(self) -> Page:
        """A tab of this browser."""
        page = self.context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("websocket", self._websocket)
        return page

    def sign_in(self, email: str, password: str) -> None:
        """As a person does: on the page, and with the keyboard."""
        self.page.goto("/sign-in")
        self.page.get_by_label(self.words("common:auth.email")).fill(email)
        self.page.get_by_label(self.words("common:auth.password")).fill(password)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(re.compile(r"/(messages|studio|desk)"))

    def take_session(self, person: Person) -> None:
        """Go on with the session of somebody who signed in over HTTP."""
        value = person.http.cookies["sessionid"]
        self.context.add_cookies([{"name": "sessionid", "value": value, "url": self.server.url}])

    def pause(self, seconds: float) -> None:
        """Let frames that this test routes travel on: a plain sleep would hold them back."""
        self.page.wait_for_timeout(seconds * 1_000)

    def press(self, key: str, **values: object) -> None:
        """Press the button of this name."""
        self.button(key, **values).click()

    def button(self, key: str, **values: object) -> Locator:
        return self.page.get_by_role("button", name=self.words(key, **values), exact=True)

    def shows(self, text: str | re.Pattern[str]) -> Locator:
        """Wait until a text is there to be seen; the last place that shows it."""
        found = self.page.get_by_text(text).locator("visible=true").last
        found.wait_for()
        return found

    def says(self, key: str, **values: object) -> Locator:
        """Wait for a sentence of the catalogue, whatever its values unless they are given."""
        return self.shows(self.words(key, **values) if values else self.words.pattern(key))

    def write(self, text: str) -> None:
        self.page.get_by_label(self.words("timeline:composer.field"), exact=True).fill(text)

    def row(self, text: str) -> Locator:
        """The message with this text."""
        return self.page.locator("article[data-row]").filter(has_text=text).last

    def money_of(self, text: str, state: str) -> Locator:
        """Wait until the stub of the message with this text is in this state."""
        stub = self.row(text).locator(f"[data-money={state}]").last
        stub.wait_for()
        return stub

    def opened_picture(self) -> Locator:
        """The last picture of a media that is open."""
        label = self.words("timeline:media.open_label_one", count=1)
        return self.page.locator(f"section[aria-label='{label}'] img").last

    def state_of(self, text: str, state: str) -> None:
        """Wait until the message with this text is in this state."""
        self.page.locator(f"article[data-row][data-state={state}]").filter(
            has_text=text
        ).last.wait_for()

    def go_offline(self, offline: bool) -> None:
        self.context.set_offline(offline)
        self.offline = offline

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not self.offline:
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def _record(self, route: Route) -> None:
        """Pass a request on, and keep the answer before the page can navigate away from it."""
        with suppress(Error):  # the page left while it was asked
            answer = route.fetch()
            if "json" in answer.headers.get("content-type", ""):
                self.heard.append(answer.json())
            route.fulfill(response=answer)

    def _websocket(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda payload: self.heard.append(decoded(payload)))

    def heard_keys(self) -> set[str]:
        """Every key, at any depth, of every frame and answer."""
        return set(keys_of(self.heard))


def decoded(payload: str | bytes) -> Any:
    """A frame as the client reads it."""
    return msgpack.unpackb(payload) if isinstance(payload, bytes) else json.loads(payload)


def keys_of(value: Any) -> Iterator[str]:
    """Every key at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


def axe_source() -> str:
    """The rules of axe, as the client's own tests use them."""
    return Path(FRONTEND / "node_modules" / "axe-core" / "axe.min.js").read_text()
