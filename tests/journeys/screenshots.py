"""Makes docs/screenshots: the three faces of a fresh demo, on phone and desktop, light and dark.

`python -m tests.journeys.screenshots [folder]`, with Chromium and the built client.
"""

import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.journeys import browser, desk
from tests.journeys.browser import DESKTOP, PHONE, Visitor
from tests.running_server import ROOT, RunningServer
from tests.wire import Person

FOLDER = ROOT / "docs" / "screenshots"
SIZES = {"phone": PHONE, "desktop": DESKTOP}
THEMES = ("light", "dark")
COLOURS = 128  # a palette: every picture stays well below 150 kB


def main(folder: Path) -> None:
    """Write every picture, replacing those of the last time."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory() as home,
        RunningServer(home=Path(home)) as server,
        sync_playwright() as playwright,
        browser.launch(playwright) as chromium,
    ):
        prepare(server)
        for name, (role, address) in SCENES.items():
            with Person.of(server, role) as person:
                shoot(chromium, server, person, name, address(server, person), folder)


def prepare(server: RunningServer) -> None:
    """What the demo does not show by itself: a question that waits, and a message that is held."""
    with Person.of(server, "fan") as fan, fan.socket() as talk:
        place = of(server, fan.email, 1)
        talk.send(place, "Et la pièce de ce soir, vous la conseillez ?", most=200)
        talk.send(place, "Je vous paie 300 euros pour une nuit à mon hôtel demain.", most=200)


def of(server: RunningServer, fan: str, creator: int) -> str:
    """The conversation of this fan with the n-th creator."""
    address = [a["email"] for a in server.accounts if a["role"] == "creator"][creator]
    pair = (fan, address)
    return next(c["id"] for c in server.conversations if (c["fan"], c["creator"]) == pair)


def fan_address(server: RunningServer, fan: Person) -> str:
    return f"/messages/{of(server, fan.email, 1)}"


def creator_address(server: RunningServer, creator: Person) -> str:
    fan = [a["email"] for a in server.accounts if a["role"] == "fan"][1]
    return f"/studio/{of(server, fan, 0)}"


def moderator_address(server: RunningServer, moderator: Person) -> str:
    body = "Je vous paie 300 euros pour une nuit à mon hôtel demain."
    return f"/desk/cases/{desk.open_case(moderator, body=body)}"


Address = Callable[[RunningServer, Person], str]
SCENES: dict[str, tuple[str, Address]] = {
    "fan-conversation": ("fan", fan_address),
    "creator-inbox": ("creator", creator_address),
    "moderator-case": ("moderator", moderator_address),
}
ON_PHONE = {"creator-inbox": "/studio"}  # a phone shows the list or the conversation, not both


def shoot(
    chromium: Browser,
    server: RunningServer,
    person: Person,
    name: str,
    address: str,
    folder: Path,
) -> None:
    """One page at both sizes and in both themes."""
    for size_name, size in SIZES.items():
        for theme in THEMES:
            with Visitor(chromium, server, language="fr", size=size, color_scheme=theme) as visitor:
                visitor.take_session(person)
                visitor.page.goto(ON_PHONE.get(name, address) if size == PHONE else address)
                visitor.page.get_by_role("main").wait_for()
                visitor.page.wait_for_load_state("networkidle")
                jump = visitor.button("timeline:list.jump")
                if jump.count():
                    jump.click()
                    jump.wait_for(state="hidden")
                path = folder / f"{name}-{size_name}-{theme}.png"
                path.write_bytes(small(visitor.page.screenshot()))
                print(f"{path.name}: {path.stat().st_size / 1_000:.0f} kB")  # noqa: T201  a command


def small(picture: bytes) -> bytes:
    """The same picture with a palette."""
    out = BytesIO()
    image = Image.open(BytesIO(picture)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
