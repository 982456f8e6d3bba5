"""The parts that pages are made of, the frame around them, error pages and sign-in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template, render_to_string
from django.utils import timezone, translation

from governance.web.templatetags import words
from tests.governance.web import gallery
from tests.governance.web.gallery import included, rendered, text_of

TEMPLATES = Path(settings.BASE_DIR) / "templates"
STATIC = Path(settings.BASE_DIR) / "static"

pytestmark = pytest.mark.urls("tests.governance.web.gallery")


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"), timezone.override("UTC"):
        yield


STRUCK = (
    "{% hallmark in_force=holds stage='production' policy='high-production' number=7 granted_at=day expires_at=later"
    " by='three people' %}"
)


def test_the_hallmark_says_stage_policy_and_week_and_until_when() -> None:
    html = rendered(STRUCK, holds=True, day=gallery.DAY, later=gallery.LATER)

    assert [part for part in re.findall(r"<text[^>]*>([^<]*)", html)] == ["PROD", "HP·7", "26·48"]
    assert 'aria-label="Approved: Production, policy high-production 7, week 48 of 2026"' in html
    assert "until 15 Feb 2027" in text_of(html)


@pytest.mark.parametrize("holds", [False, None, "", 0])
def test_an_approval_that_is_not_in_force_has_no_hallmark(holds: object) -> None:
    assert rendered(STRUCK, holds=holds, day=gallery.DAY, later=gallery.LATER).strip() == ""


def test_a_hallmark_cannot_be_struck_without_saying_whether_the_approval_holds() -> None:
    with pytest.raises(Exception, match="in_force"):
        rendered("{% hallmark stage='pilot' granted_at=day %}", day=gallery.DAY)


def test_requirements_that_close_the_gate_stand_first_and_those_that_hold_fold_up() -> None:
    html = included("requirements", requirements=list(reversed(gallery.REQUIREMENTS)))

    titles = [text_of(part) for part in re.findall(r'<h3 class="reqs__group">.*?</h3>', html, re.S)]
    assert titles == ["Close the gate: 3", "Warn, and do not close the gate: 1", "Hold: 9", "Do not apply: 1"]
    assert "4 more that hold" in html


def test_no_requirements_at_all_are_not_a_pass() -> None:
    html = included("requirements", requirements=[])

    assert "the gate stays closed" in html
    assert "tone-pass" not in html


def test_a_repair_stands_in_its_requirement() -> None:
    html = included("requirement", requirement=gallery.REQUIREMENTS[0])

    assert "To mend: raise the ratio and run the audit again, or ask for a waiver. (Omar Haddad)" in text_of(html)
    assert 'id="requirement-bias"' in html


def test_a_waiver_is_named_where_its_requirement_is_named() -> None:
    html = included("requirement", requirement=gallery.REQUIREMENTS[4])

    assert "Waived by M. Okafor until 15 Feb 2027. Control: figures are due" in text_of(html)


def test_a_refused_vote_keeps_what_was_written() -> None:
    html = included(
        "vote_form",
        action="/vote",
        lanes=[{"value": "ethics"}, {"value": "legal"}],
        values={"lane": "legal", "vote": "-2", "reason": "</textarea><b>because"},
        refused="Not recorded: R. Tanaka decided while you were writing.",
        csrf_token="t",
    )

    assert re.search(r'name="lane" value="legal" checked', html)
    assert re.search(r'name="vote" value="-2" checked', html)
    assert "&lt;/textarea&gt;&lt;b&gt;because</textarea>" in html
    assert 'role="alert"' in html


def test_who_may_not_vote_is_told_why_and_gets_no_form() -> None:
    html = included("vote_form", closed="You submitted this; someone else has to vote.")

    assert "<form" not in html
    assert "someone else has to vote" in html


def test_nobody_votes_by_accident_because_nothing_is_chosen_beforehand() -> None:
    assert " checked" not in included(
        "vote_form", action="/vote", lanes=[{"value": "ethics"}], values={}, csrf_token="t"
    )


def test_progress_of_known_work_is_a_bar_and_of_unknown_work_is_words() -> None:
    known = included("progress", title="run 7", done=11700, total=18000, unit="rows")
    unknown = included("progress", title="run 7", done=11700, total=None, unit="rows")
    none = included("progress", title="run 7", done=None, total=None)

    assert '<progress max="18000" value="11700"' in known
    assert "11,700 of 18,000 rows" in text_of(known)
    assert "<progress" not in unknown
    assert "11,700 rows so far; how many there are is not known yet" in text_of(unknown)
    assert "nothing counted yet" in text_of(none)


def test_a_veto_is_seen_in_its_lane() -> None:
    html = included("lanes", lanes=gallery.context()["lane_results"], distinct_needed=3, distinct_have=1)

    assert "Vetoed" in html
    assert "1 of 3 distinct people have agreed" in text_of(html)
    assert "Licence conflict." in html


def test_a_fields_help_and_error_are_tied_to_its_control() -> None:
    form = gallery.context()["form"]

    html = rendered("{% field form.until %}", form=form)
    described = re.search(r'aria-describedby="([^"]*)"', html)
    assert described
    assert all(f'id="{name}"' in html for name in described[1].split())
    assert 'aria-invalid="true"' in html
    assert "At most 30 days" in html


@pytest.mark.parametrize("name", ["control", "approver", "lane", "tell", "evidence"])
def test_every_control_has_a_label(name: str) -> None:
    html = rendered(f"{{% field form.{name} %}}", form=gallery.context()["form"])

    assert "<legend>" in html or re.search(rf'<label for="id_{name}"', html)


def test_wrong_fields_are_listed_over_the_form_with_links_to_them() -> None:
    html = included("form_errors", form=gallery.context()["form"])

    assert 'href="#id_until"' in html
    assert "outlive the approval" in html
    assert 'role="alert"' in html


def test_messages_are_told_by_shape_and_role() -> None:
    class Message:
        def __init__(self, text: str, level_tag: str) -> None:
            self.text, self.level_tag = text, level_tag

        def __str__(self) -> str:
            return self.text

    html = included("messages", messages=[Message("Saved <b>", "success"), Message("Refused", "error")], oob=True)

    assert 'tone-pass" role="status"' in html
    assert 'tone-fail" role="alert"' in html
    assert "Saved &lt;b&gt;" in html
    assert 'hx-swap-oob="true"' in html


def test_the_frame_names_the_room_that_one_is_in_and_shows_only_rooms_that_exist() -> None:
    html = render_to_string("components/gallery.html", gallery.context())

    nav = html[html.index('<nav class="nav"') :].split("</nav>")[0]
    assert re.search(r'href="/catalogue/entries/" aria-current="page"', nav)
    assert "Inbox <span" in nav
    assert "Policies" not in nav  # the URLs of this test have no such page


@pytest.mark.parametrize(
    ("cookie", "attribute"),
    [("dark", ' data-theme="dark"'), ("light", ' data-theme="light"'), ('"><script>', ""), ("", "")],
)
def test_the_theme_is_what_the_person_chose_and_a_forged_choice_is_none(cookie: str, attribute: str) -> None:
    html = render_to_string("components/gallery.html", gallery.context(cookies={"theme": cookie}))

    opening = re.search(r"<html[^>]*>", html)
    assert opening
    assert opening[0] == f'<html lang="en"{attribute}>'


def test_the_theme_and_the_language_change_without_scripts() -> None:
    html = render_to_string("components/gallery.html", gallery.context())

    assert re.search(r'<form method="post" action="/web/theme/">.*?name="next" value="/catalogue/\?q=bert"', html)
    assert re.search(r'<form method="post" action="/language/">', html)
    assert re.search(r'<form method="post" action="/people/sign-out/">', html)


def test_refusals_are_swapped_and_other_errors_hand_over_their_message() -> None:
    html = render_to_string("components/gallery.html", gallery.context())

    found = re.search(r'<meta name="htmx-config" content=\'([^\']*)\'', html)
    assert found
    config = json.loads(unescape(found[1]))
    handling = {rule["code"]: rule for rule in config["responseHandling"]}
    assert handling["409"]["swap"]
    assert handling["422"]["swap"]
    assert handling["[45].."]["target"] == "#messages"
    assert config["allowEval"] is config["includeIndicatorStyles"] is config["allowScriptTags"] is False
    assert config["selfRequestsOnly"]
    assert config["historyCacheSize"] == 0


ERRORS = ["400", "403", "404", "409", "413", "429", "500", "503"]


@pytest.mark.parametrize("code", ERRORS)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_an_error_page_needs_no_session_no_database_and_no_context(code: str, language: str) -> None:
    with translation.override(language):
        html = get_template(f"errors/{code}.html").render()

    assert 'id="problem"' in html
    assert len(re.findall(r"<h1>[^<]+</h1>", html)) == 1
    assert text_of(html[html.index('class="quiet"') :])


@pytest.mark.parametrize("code", ["400", "403", "404", "500"])
def test_djangos_own_error_pages_are_the_products(code: str) -> None:
    assert get_template(f"{code}.html").render() == get_template(f"errors/{code}.html").render()


def test_an_error_page_says_what_was_refused_and_nothing_that_a_stranger_wrote_is_markup() -> None:
    html = render_to_string("errors/409.html", {"reason": "R. Tanaka approved it <script>", "reference": "a1b2"})

    assert "R. Tanaka approved it &lt;script&gt;" in html
    assert "Reference: a1b2" in text_of(html)


def test_a_form_without_its_token_is_told_from_a_missing_role() -> None:
    assert "load the page again" in render_to_string("403.html", {"csrf": True})
    assert "load the page again" not in render_to_string("403.html")


def test_too_large_and_too_many_name_the_limit() -> None:
    assert "larger than 2.1 GB" in text_of(render_to_string("errors/413.html", {"limit_bytes": 2_147_483_648}))
    assert "Wait 5 min" in text_of(render_to_string("errors/429.html", {"retry_after": 300}))


def test_sign_in_keeps_the_name_and_says_what_is_wrong() -> None:
    html = render_to_string(
        "people/sign_in.html",
        {
            "email": "v@example.org",
            "error": "That name and password do not match.",
            "next": "/x/?a=1",
            "csrf_token": "t",
        },
    )

    assert 'value="v@example.org"' in html
    assert 'name="next" value="/x/?a=1"' in html
    assert re.search(r'id="sign-in-problem">.*?do not match', html, re.S)
    assert html.count('aria-describedby="sign-in-problem"') == 2
    assert 'type="password"' in html
    assert "value=" not in re.findall(r'<input[^>]*type="password"[^>]*>', html)[0]


def test_sign_in_that_is_closed_for_a_while_says_how_long() -> None:
    html = render_to_string("people/sign_in.html", {"throttled": True, "retry_after": 300, "csrf_token": "t"})

    assert "Too many tries. Wait 5 min, then try again" in text_of(html)


class Page(HTMLParser):
    """What a strict browser would object to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.bad: list[str] = []
        self.ids: list[str] = []
        self.named: list[str] = []
        self.pointed: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given_attrs = dict(attrs)
        self.bad += [f"{tag} {name}" for name in given_attrs if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and not given_attrs.get("src")):
            self.bad.append(tag)
        for name in ("src", "href", "action"):
            target = given_attrs.get(name) or ""
            if re.match(r"(?i)\s*(javascript:|data:|https?:|//)", target):
                self.bad.append(f"{tag} {name}={target}")
        if given_attrs.get("id"):
            self.ids.append(str(given_attrs["id"]))
        for name in ("aria-describedby", "aria-labelledby", "for"):
            self.pointed += (given_attrs.get(name) or "").split()
        if tag == "use":
            self.pointed.append(str(given_attrs["href"]).lstrip("#"))


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_whole_gallery_is_clean_under_the_content_security_policy(language: str) -> None:
    with translation.override(language):
        made = Page(render_to_string("components/gallery.html", gallery.context()))

    assert made.bad == []
    assert sorted(set(made.pointed) - set(made.ids)) == []
    assert sorted({name for name in made.ids if made.ids.count(name) > 1}) == []


# Pages that are downloaded to be kept or published elsewhere; the portal never shows them.
STAND_ALONE = {"evidence/ll144_summary.html"}


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_no_template_has_inline_style_or_script(path: Path) -> None:
    source = path.read_text()
    get_template(str(path.relative_to(TEMPLATES)))

    assert not re.search(r"<[^>]*\s(?:style|on[a-z]+)\s*=", source)
    assert not re.search(r"<script(?![^>]*\bsrc=)|javascript:", source)
    assert "<style" not in source or str(path.relative_to(TEMPLATES)) in STAND_ALONE


@pytest.mark.parametrize("path", sorted((TEMPLATES / "components").glob("*.html")), ids=lambda path: path.stem)
def test_every_part_says_at_its_top_what_it_shows_and_stands_in_the_gallery(path: Path) -> None:
    source = path.read_text()
    assert "{% comment %}" in source.splitlines()[0]

    everything = "".join(p.read_text() for p in TEMPLATES.rglob("*.html"))
    tags = "".join(p.read_text() for p in (Path(words.__file__).parent / "assay").glob("*.py"))
    used = f"components/{path.name}"
    assert path.stem == "gallery" or used in everything or used in tags


def test_components_take_their_colours_from_the_tokens() -> None:
    sheet = re.sub(r"/\*.*?\*/", "", (STATIC / "css" / "components.css").read_text(), flags=re.S)

    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsl", sheet) == []


def test_both_dark_themes_are_the_same() -> None:
    tokens = (STATIC / "css" / "tokens.css").read_text()

    blocks = re.findall(r"color-scheme: dark;(.*?)\}", tokens, re.S)
    assert len(blocks) == 2
    assert blocks[0].split() == blocks[1].split()


def test_a_long_name_breaks_after_underscores_and_stops_and_nowhere_else() -> None:
    html = rendered("{{ name|breakable }}", name="demographic_parity_ratio race=a_b & <b> v1.5 _x_ end.")

    assert html == "demographic_<wbr>parity_<wbr>ratio race=a_<wbr>b &amp; &lt;b&gt; v1.<wbr>5 _x_ end."


def test_the_place_of_a_finding_breaks_between_words() -> None:
    finding = {"severity": "high", "title": "t", "where": "demographic_parity_ratio", "code": "bias.ratio_below"}

    html = included("findings", findings=[finding])

    assert "<span>demographic_<wbr>parity_<wbr>ratio</span>" in html
    assert "bias.<wbr>ratio_<wbr>below" in html
