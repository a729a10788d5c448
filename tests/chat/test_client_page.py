"""The first page of the client: its language, its theme, and what is left to the server."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.factories import make_fan

pytestmark = pytest.mark.django_db(transaction=True)  # the page is read in other threads
PAGE = '<!doctype html><html lang="fr" data-theme="system"><div id="root"></div></html>'


@pytest.fixture
def built(settings: Any, tmp_path: Path) -> Path:
    settings.FRONTEND_DIST = tmp_path
    (tmp_path / "index.html").write_text(PAGE)
    return tmp_path / "index.html"


def body(path: str = "/messages", **extra: Any) -> str:
    return Client().get(path, **extra).content.decode()


def test_any_path_of_the_client_answers_the_page_uncached_with_a_csrf_cookie(built: Path) -> None:
    response = Client().get("/messages/0198")
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-cache"
    assert "csrftoken" in response.cookies


def test_no_inline_script_or_style_may_run_on_it(built: Path) -> None:
    policy = Client().get("/")["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/api/nothing", "/media/nothing", "/static/nothing", "/rules/x"])
def test_paths_of_the_server_are_not_the_clients(built: Path, path: str) -> None:
    assert 'id="root"' not in body(path)


def test_a_stranger_reads_the_language_of_the_browser(built: Path) -> None:
    assert 'lang="en"' in body(headers={"accept-language": "en-GB,en"})
    assert 'lang="fr"' in body(headers={"accept-language": "de"})


def test_an_account_reads_its_own_language_whatever_the_browser_says(built: Path) -> None:
    client = Client()
    client.force_login(make_fan(language="en"))
    assert 'lang="en"' in client.get("/", headers={"accept-language": "fr"}).content.decode()


def test_the_theme_of_this_device_is_drawn_at_once_and_nothing_else_is_copied(built: Path) -> None:
    client = Client()
    client.cookies["aparte_theme"] = "dark"
    assert 'data-theme="dark"' in client.get("/").content.decode()
    client.cookies["aparte_theme"] = '"><script>'
    assert 'data-theme="system"' in client.get("/").content.decode()


def test_a_new_build_is_served_at_once(built: Path) -> None:
    assert "second" not in body()
    built.write_text(PAGE.replace("root", "second"))
    assert "second" in body()


def test_without_a_build_it_says_how_to_make_one(built: Path) -> None:
    built.unlink()
    response = Client().get("/")
    assert response.status_code == 503
    assert b"frontend/build.py" in response.content


def test_only_reading_is_possible(built: Path) -> None:
    assert Client().post("/messages").status_code == 405
