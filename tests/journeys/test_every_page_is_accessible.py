"""axe finds nothing on any route, in both languages and themes, on a phone and on a desktop."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.browser import DESKTOP, FRONTEND, PHONE, Visitor, axe_source
from tests.running_server import RunningServer
from tests.wire import Person

PATH = re.compile(r"path: '([^']+)'")
FACES = ("fan", "creator", "moderator")
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
RUN = """async () => (await axe.run(document, { resultTypes: ['violations'] })).violations
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(' | ')}`)"""


def paths(file: str) -> list[str]:
    return PATH.findall((FRONTEND / "src" / file).read_text())


def shared(*, public: bool) -> list[str]:
    return [path for path in paths("routes.ts") if (path.startswith("/sign")) == public]


class Places:
    """A concrete page for every route with an id in it."""

    def __init__(self, stage: RunningServer) -> None:
        self.stage = stage

    def page_of(self, route: str, person: Person) -> str:
        return route.replace(":id", self._id(route, person)) if ":id" in route else route

    def _id(self, route: str, person: Person) -> str:
        if route.startswith("/desk"):
            found: str = person.get("/api/desk/cases").json()["cases"][0]["id"]
            return found
        side = "fan" if route.startswith("/messages") else "creator"
        mine = [c["id"] for c in self.stage.conversations if c[side] == person.email]
        return mine[-1]


@pytest.fixture(params=["fr", "en"])
def visitor(
    request: pytest.FixtureRequest, chromium: Browser, stage: RunningServer
) -> Iterator[Visitor]:
    with Visitor(chromium, stage, language=request.param, bypass_csp=True) as one:
        yield one


def violations(page: Page) -> Iterator[str]:
    """In both themes and at both sizes."""
    page.evaluate(axe_source())
    for size in (DESKTOP, PHONE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.evaluate(TWO_FRAMES)  # lists that draw what is in sight have drawn it
        for theme in ("light", "dark"):
            page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
            found: list[Any] = page.evaluate(RUN)
            yield from (f"{page.url} {size[0]} {theme}: {each}" for each in found)


def settle(page: Page) -> None:
    """Wait until what the page loads is there."""
    page.get_by_role("main").first.wait_for()
    page.wait_for_load_state("networkidle")


def test_the_pages_of_a_stranger(visitor: Visitor) -> None:
    found: list[str] = []
    for route in shared(public=True):
        visitor.page.goto(route)
        settle(visitor.page)
        found += violations(visitor.page)
    assert found == []


@pytest.mark.parametrize("face", FACES)
def test_the_pages_of_a_face(visitor: Visitor, stage: RunningServer, face: str) -> None:
    found: list[str] = []
    number = {"fr": 0, "en": 1}[visitor.language]
    with Person.of(stage, face, number) as person:
        visitor.take_session(person)
        for route in [*paths(f"faces/{face}/routes.ts"), *shared(public=False)]:
            visitor.page.goto(Places(stage).page_of(route, person))
            settle(visitor.page)
            found += violations(visitor.page)
    assert found == []
    assert visitor.complaints == []
