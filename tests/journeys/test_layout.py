"""What lies where: nothing sticks out, nothing is too small to hit, in a browser."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.journeys.conftest import Visitor
from tests.story import Story

pytestmark = [pytest.mark.timeout(300), pytest.mark.parametrize("scripts", [False], indirect=True)]

STICKS_OUT = """
box => Math.max(...[...box.querySelectorAll('*')].map(e => e.getBoundingClientRect().right))
  - box.getBoundingClientRect().right
"""
WIDE = "# Card\n\n| " + " | ".join(["a heading that is long"] * 9) + " |\n" + "|---" * 9 + "|\n" + "| 1 " * 9 + "|\n"


def test_nothing_sticks_out_of_the_boxes_of_the_account(story: Story, visitor: Visitor) -> None:
    visitor.sign_in(story.submitter)

    visitor.go(reverse("people:account"))

    boxes = visitor.page.locator(".aside .box")
    assert boxes.count() == 2
    assert all(boxes.nth(number).evaluate(STICKS_OUT) <= 0 for number in range(2))


def test_filters_stand_on_one_line(story: Story, visitor: Visitor) -> None:
    visitor.sign_in(story.submitter)

    for name in ("evidence:runs", "reviews:submissions"):
        visitor.go(reverse(name))
        ends = visitor.page.locator("main form.row").locator("select, button").all()
        assert len({round(one.evaluate("e => e.getBoundingClientRect().bottom")) for one in ends}) == 1


def test_what_folds_out_is_large_enough_to_hit(story: Story, visitor: Visitor) -> None:
    visitor.sign_in(story.submitter)
    entry = story.version.entry

    visitor.go(reverse("catalog:version", args=[entry.kind, entry.namespace, entry.name, story.version.revision]))

    shown = [one for one in visitor.page.locator("summary").all() if one.is_visible()]
    assert len(shown) > 1
    assert all(one.evaluate("e => e.getBoundingClientRect().height") >= 24 for one in shown)


@pytest.mark.parametrize("card", ["---\nlicense: mit\n---\n\n" + WIDE])
def test_a_wide_table_of_a_card_scrolls_by_itself(story: Story, visitor: Visitor) -> None:
    visitor.sign_in(story.submitter)
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    entry = story.version.entry

    visitor.go(reverse("catalog:version", args=[entry.kind, entry.namespace, entry.name, story.version.revision]))

    region = visitor.page.locator(".prose .scroll")
    region.focus()
    visitor.page.keyboard.press("ArrowRight")
    visitor.page.wait_for_function("document.querySelector('.prose .scroll').scrollLeft > 0")
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
