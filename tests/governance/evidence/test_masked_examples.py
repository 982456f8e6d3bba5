"""Texts that may offend are hidden until somebody opens their fold: on the screen, in print, with no script at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.template.loader import render_to_string

from audits.models import Run
from governance.evidence.kind_pages import _REPORTS
from tests.audits.measures.counterfactual.made import audited as compared
from tests.audits.measures.counterfactual.made import table_of as texts_of
from tests.audits.measures.counterfactual.made import texts
from tests.audits.measures.suites.made import audited as judged
from tests.audits.measures.suites.made import cases, table_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package chromium"),
]
FLAGS = "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield launched
        launched.close()


def documents() -> dict[str, dict[str, Any]]:
    """Both audits, with an insult in every text and every id."""
    suite = [(row[0], f"insult {row[1]}", f"insult {row[2]}", *row[3:]) for row in cases("negation", 10, 50)]
    pairs = [(f"insult {row[0]}", *row[1:], f"insult {row[0]} {row[3]}") for row in texts((60, "1", "0", "1"))]
    head = ("text_id", "template", "identity", "role", "prediction", "score", "text")
    return {
        "suite": judged(table_of(suite + cases("other", 50, 50, label="no"))),
        "counterfactual": compared(texts_of(pairs, head)),
    }


@pytest.mark.parametrize("kind", ["suite", "counterfactual"])
@pytest.mark.parametrize("scripts", [False, True], ids=["no script", "script"])
def test_examples_are_hidden_until_their_fold_is_opened(browser: Browser, kind: str, scripts: bool) -> None:
    template, context = _REPORTS[kind]
    document = documents()[kind]
    body = render_to_string(template, {"document": document, **context(Run(), document)})
    sheets = [(Path(settings.BASE_DIR) / "static" / "css" / name).read_text() for name in ("tokens.css", "base.css")]
    sheets.append((Path(settings.BASE_DIR) / "static" / "css" / "components.css").read_text())
    page = browser.new_context(java_script_enabled=scripts).new_page()

    page.set_content(f"<!doctype html><style>{''.join(sheets)}</style>{body}")

    shown = page.get_by_text("insult")
    assert shown.count() > 0
    assert not any(one.is_visible() for one in shown.all())
    page.emulate_media(media="print")
    assert not any(one.is_visible() for one in shown.all())
    page.emulate_media(media="screen")
    page.locator("summary", has_text="negation" if kind == "suite" else "Text 1").first.click()
    assert any(one.is_visible() for one in shown.all())
