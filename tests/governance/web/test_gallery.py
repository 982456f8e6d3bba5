"""The gallery in a real browser: under the product's own content security policy, light and dark, wide and narrow."""

from __future__ import annotations

import mimetypes
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import translation

from tests.governance.web import gallery

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
POLICY = "default-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.urls("tests.governance.web.gallery"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package chromium"),
]

# What the eye sees of the contrast between every text and what lies behind it (WCAG 2.2, 1.4.3), without images.
CONTRAST = """() => {
  const channel = (c) => { c /= 255; return c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  const rgba = (text) => { const p = text.match(/[\\d.]+/g).map(Number); return p.length < 4 ? [...p, 1] : p; };
  const behind = (el) => {
    for (let at = el; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return rgba(getComputedStyle(document.body).backgroundColor);
  };
  const bad = [];
  for (const el of document.querySelectorAll("body *")) {
    if (el.closest("svg, .vh, [hidden], [disabled], details:not([open]) > :not(summary)")) continue;
    if (![...el.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    const box = el.getBoundingClientRect();
    if (!box.width || !box.height) continue;
    const pair = [light(rgba(getComputedStyle(el).color)), light(behind(el))].sort((a, b) => b - a);
    const ratio = (pair[0] + .05) / (pair[1] + .05);
    const words = el.textContent.trim().slice(0, 40);
    if (ratio < 4.5) bad.push(`${el.className || el.tagName} ${ratio.toFixed(2)}: ${words}`);
  }
  return [...new Set(bad)];
}"""
SMALL_TARGETS = """() => [...document.querySelectorAll("button, select, summary, input:not([type=hidden]), .button")]
  .filter((el) => el.offsetParent && !el.closest("label, .vh, .more"))
  .map((el) => [el, el.getBoundingClientRect()])
  .filter(([, box]) => box.width < 24 || box.height < 24)
  .map(([el, box]) => `${el.tagName} ${el.className} ${box.width}x${box.height}`)"""


def pages() -> dict[str, str]:
    """The pages to look at, by path."""
    made: dict[str, str] = {}
    for language in ("en", "ru"):
        with translation.override(language):
            made[f"/{language}/gallery"] = render_to_string("components/gallery.html", gallery.context())
            signing_in = {"email": "v@example.org", "error": "That name and password do not match.", "csrf_token": "t"}
            made[f"/{language}/sign-in"] = render_to_string("people/sign_in.html", signing_in)
            made[f"/{language}/500"] = render_to_string("500.html")
    return made


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """A server with the rendered pages and the product's static files, under its content security policy."""
    with_urls = pytest.MonkeyPatch()
    with_urls.setattr(settings, "ROOT_URLCONF", "tests.governance.web.gallery")
    made = pages()
    with_urls.undo()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            found = finders.find(path.removeprefix("/static/")) if path.startswith("/static/") else None
            if path in made:
                body, kind, code = made[path].encode(), "text/html; charset=utf-8", 200
            elif isinstance(found, str):
                body, kind, code = Path(found).read_bytes(), mimetypes.guess_type(found)[0] or "text/plain", 200
            else:
                body, kind, code = b"", "text/plain", 404
            self.send_response(code)
            for name, value in (("Content-Type", kind), ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            """Votes are refused, everything else breaks: what htmx does with both is looked at."""
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            refused = self.path.startswith("/vote")
            with translation.override("en"):
                body = (
                    '<section id="vote"><p class="form-error" role="alert">refused by the server</p></section>'
                    if refused
                    else render_to_string("500.html", {"reason": "broken by the server"})
                ).encode()
            self.send_response(409 if refused else 500)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*arguments, "--disable-component-update", "--disable-sync"]
        )
        yield launched
        launched.close()


def opened(
    browser: Browser,
    url: str,
    *,
    width: int = 1440,
    scheme: Any = "light",
    scripts: bool = True,
    said: list[str] | None = None,
) -> Page:
    """A page in a window of its own; what the browser complains of while loading it goes to ``said``."""
    complaints = [] if said is None else said
    page = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts
    ).new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1050, 768, 360])
@pytest.mark.parametrize("path", ["/en/gallery", "/ru/gallery", "/en/sign-in", "/en/500"])
def test_a_page_fits_its_window_can_be_read_and_breaks_no_rule_of_the_policy(
    site: str, browser: Browser, path: str, width: int, scheme: str
) -> None:
    said: list[str] = []

    page = opened(browser, site + path, width=width, scheme=scheme, said=said)

    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(SMALL_TARGETS) == []
    page.context.close()


def test_the_theme_that_a_person_chose_beats_the_systems(site: str, browser: Browser) -> None:
    page = opened(browser, site + "/en/gallery", scheme="dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.evaluate("document.documentElement.dataset.theme = 'light'")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    assert page.locator(".to-dark").is_visible()
    assert not page.locator(".to-light").is_visible()
    page.context.close()


def test_a_digest_is_short_on_the_screen_and_whole_when_copied_and_printed(site: str, browser: Browser) -> None:
    page = opened(browser, site + "/en/gallery")
    digest = page.locator("dl.facts .digest").first

    digest.click()

    assert page.evaluate("getSelection().toString()") == gallery.SHA
    on_screen = digest.bounding_box()
    page.emulate_media(media="print")
    on_paper = digest.bounding_box()
    assert on_screen
    assert on_paper
    assert on_paper["width"] * on_paper["height"] > 3 * on_screen["width"] * on_screen["height"]
    page.context.close()


def test_paper_carries_no_controls(site: str, browser: Browser) -> None:
    page = opened(browser, site + "/en/gallery", scheme="dark")

    page.emulate_media(media="print")

    assert not page.locator("header.top").is_visible()
    assert page.get_by_text("Requirement 7 holds").is_visible(), "what is folded on the screen is printed"
    assert page.locator("button:visible").count() == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.context.close()


def test_a_refused_vote_replaces_the_form_and_a_broken_answer_is_told_over_the_page(
    site: str, browser: Browser
) -> None:
    page = opened(browser, site + "/en/gallery")
    page.evaluate(
        """() => {
          const form = document.querySelector('#vote form');
          form.setAttribute('hx-post', '/vote');
          htmx.process(form);
          const other = document.querySelector('#vote-refused form');
          other.setAttribute('hx-post', '/broken');
          htmx.process(other);
        }"""
    )

    page.locator("#vote-refused button").click()
    page.locator("#messages #problem").wait_for()
    assert "broken by the server" in page.locator("#messages").inner_text()
    assert page.locator("#vote-refused textarea").input_value() == "The test set?"

    page.locator("#vote input[value='2']").check()
    page.locator("#vote button").click()
    page.get_by_text("refused by the server").wait_for()
    assert page.locator("#vote").count() == 1
    page.context.close()


def test_a_server_that_does_not_answer_is_named(site: str, browser: Browser) -> None:
    page = opened(browser, site + "/en/gallery")
    page.context.set_offline(True)
    assert not page.locator("#offline").is_visible()

    page.locator("#vote input[value='2']").check()
    page.locator("#vote button").click()

    page.locator("#offline").wait_for(state="visible")
    page.context.close()


def test_the_key_for_the_search_is_promised_only_where_it_works(site: str, browser: Browser) -> None:
    without = opened(browser, site + "/en/gallery", scripts=False)
    assert not without.locator("kbd").is_visible()
    without.context.close()

    page = opened(browser, site + "/en/gallery")
    assert page.locator("kbd").is_visible()
    page.keyboard.press("Control+k")
    assert page.evaluate("document.activeElement.id") == "top-search"
    page.context.close()


def test_menus_open_without_scripts(site: str, browser: Browser) -> None:
    page = opened(browser, site + "/en/gallery", width=360, scripts=False)

    page.locator("summary", has_text="Menu").click()

    assert page.get_by_role("link", name="Use cases").is_visible()
    page.context.close()


def test_the_first_press_of_tab_offers_to_skip_the_navigation(site: str, browser: Browser) -> None:
    page = opened(browser, site + "/en/gallery")

    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").is_visible()
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    page.context.close()
