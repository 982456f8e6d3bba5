"""A real browser against the running portal. Skipped, with the reason, where there is no browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, sync_playwright

from governance.people.models import User
from tests.story import CARD, PASSWORD, Story, tell

PATHS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)


@pytest.fixture(scope="module")
def monkeypatch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def browser(django_db_setup: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """While its event loop is there, this thread has other connections than before and after: none stays open."""
    found = next((path for name in PATHS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(PATHS)} is installed")
    connections.close_all()
    # The loop is Playwright's; the database is used beside it, never inside.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS.split())
        yield browser
        browser.close()
        connections.close_all()


@pytest.fixture(autouse=True, scope="session")
def _connections_end_with_their_request() -> None:
    """A browser keeps its line open, and with it the server's thread: that must not hold the test database."""
    for alias in connections:
        connections.settings[alias]["CONN_MAX_AGE"] = 0


@dataclass
class Visitor:
    """Somebody at a browser, and what must never happen while they look."""

    page: Page
    context: BrowserContext
    base: str
    scripts: bool
    dialogs: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    abroad: list[str] = field(default_factory=list)

    def go(self, address: str) -> None:
        self.page.goto(self.base + address)

    def sign_in(self, user: User) -> None:
        self.go(reverse("people:sign-in"))
        self.page.get_by_label("E-mail").fill(user.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/inbox/")

    def sign_out(self) -> None:
        self.context.clear_cookies()

    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    def nothing_went_wrong(self) -> None:
        """No dialog, no complaint of the browser (a violated policy is one), no request to another host."""
        assert (self.dialogs, self.complaints, self.abroad) == ([], [], [])


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def visitor(browser: Browser, live_server: Any, scripts: bool) -> Iterator[Visitor]:
    context = browser.new_context(java_script_enabled=scripts, viewport={"width": 1280, "height": 900}, locale="en")
    context.set_default_timeout(20_000)
    page = context.new_page()
    visitor = Visitor(page, context, live_server.url, scripts)

    def dismiss(dialog: Dialog) -> None:
        visitor.dialogs.append(dialog.message)
        dialog.dismiss()

    def told(kind: str, text: str) -> None:
        # A refused form answers 4xx, of which Chromium speaks as of a failed request.
        if kind in ("error", "warning") and "the server responded with a status of 4" not in text:
            visitor.complaints.append(text)

    page.on("dialog", dismiss)
    page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    page.on("console", lambda message: told(message.type, message.text))
    page.on(
        "request",
        lambda asked: None if asked.url.startswith((live_server.url, "data:")) else visitor.abroad.append(asked.url),
    )
    yield visitor
    context.close()


@pytest.fixture
def card() -> str:
    return CARD


@pytest.fixture
def story(transactional_db: None, tmp_path: Path, card: str) -> Story:
    return tell(tmp_path / "model", card=card)
