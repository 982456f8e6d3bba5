"""Sample content for ``components/gallery.html``: every part in every state, awkward values among them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import include, path
from django.utils.safestring import mark_safe
from hypothesis import strategies as st

NB = "\N{NO-BREAK SPACE}"
DAY = dt.datetime(2026, 11, 23, 14, 1, tzinfo=dt.UTC)
LATER = dt.datetime(2027, 2, 15, 14, 1, tzinfo=dt.UTC)
SHA = "0f1e2d3c4b5a69788796a5b4c3d2e1f001122334"

FAMILIES: list[tuple[str, list[Any]]] = [
    ("verdict", ["pass", "warn", "warning", "fail", "insufficient_data", "no_information"]),
    ("licence", ["pass", "obligation", "warning", "unknown", "conflict"]),
    ("gate", ["allow", "warn", "deny", "pending", "error"]),
    ("requirement", ["satisfied", "unsatisfied", "pending", "waived", "not_applicable", "error", "missing", "stale"]),
    ("run", ["queued", "running", "succeeded", "errored", "timed_out", "cancelled"]),
    (
        "submission",
        [
            "draft",
            "submitted",
            "in_review",
            "changes_requested",
            "approved",
            "rejected",
            "withdrawn",
            "superseded",
        ],
    ),
    ("approval", ["in_force", "suspended", "revoked", "expired", "ended", "replaced", "evidence_failed"]),
    ("waiver", ["proposed", "active", "rejected", "revoked", "expired"]),
    ("severity", ["info", "low", "medium", "high", "critical"]),
    ("stage", ["prototype", "pilot", "production"]),
    ("tier", ["minimal", "limited", "high", "critical"]),
    ("vote", [2, 1, 0, -1, -2]),
    ("origin", ["observed", "declared"]),
    ("assurance", ["hashed", "listed", "card-only"]),
]

RATES: list[dict[str, Any]] = [
    {"label": "African-American", "n": 1795, "value": 0.4485, "low": 0.4256, "high": 0.4716, "verdict": "fail"},
    {"label": "Caucasian", "n": 1488, "value": 0.2345, "low": 0.2137, "high": 0.2568, "is_reference": True},
    {"label": "Hispanic", "n": 405, "value": 0.2148, "low": 0.1776, "high": 0.2574, "verdict": "pass"},
    {"label": "Other", "n": 244, "value": 0.2948, "low": 0.2509, "high": 0.3497, "verdict": "warn"},
    {"label": "Native American", "n": 8, "value": 0.375, "low": 0.14, "high": 0.69},
    {"label": "Asian", "n": 23, "value": 0.0869, "low": 0.0242, "high": 0.268, "verdict": "insufficient_data"},
    {"label": "Not stated", "n": 31, "value": None, "low": None, "high": None, "verdict": "no_information"},
]
RATIOS = [
    {"label": "White", "n": 1681, "value": 1.0, "low": None, "high": None, "is_reference": True},
    {"label": "Black", "n": 197, "value": 0.704, "low": 0.63, "high": 0.786, "verdict": "fail"},
    {"label": "Hispanic", "n": 108, "value": 0.82, "low": 0.74, "high": 0.91, "verdict": "warn"},
]
GAPS = [
    {
        "label": "African-American minus Caucasian",
        "n": 3283,
        "value": 0.2139,
        "low": 0.182,
        "high": 0.245,
        "verdict": "fail",
    },
    {"label": "Hispanic minus Caucasian", "n": 1893, "value": -0.0197, "low": -0.064, "high": 0.027, "verdict": "pass"},
]

REQUIREMENTS: list[dict[str, Any]] = [
    {
        "id": "bias",
        "status": "unsatisfied",
        "severity": "fail",
        "title": "Impact ratio of every group with n ≥ 30 is at least 0.80",
        "message": "Black applicants are approved at 0.70 of the rate of White applicants.",
        "mend": "raise the ratio and run the audit again, or ask for a waiver.",
        "who": "Omar Haddad",
        "policy": "high-production 7",
        "links": [{"url": "#run", "label": "Bias run 981"}, {"url": "#thread", "label": "Comment (2)"}],
        "gauge": {
            "value": 0.704,
            "low": 0.63,
            "high": 0.786,
            "n": 197,
            "kind": "ratio",
            "floor": 0.8,
            "verdict": "fail",
        },
    },
    {
        "status": "error",
        "severity": "fail",
        "title": "The publisher’s signature verifies",
        "message": "The key server gave no answer three times. No answer is not a pass.",
        "mend": "try again.",
    },
    {
        "status": "pending",
        "severity": "fail",
        "title": "Two Ethics reviewers agree",
        "next": "your vote is one of them.",
    },
    {"status": "unsatisfied", "severity": "warn", "title": "Licence allows the declared use", "message": "Unknown."},
    {
        "status": "waived",
        "severity": "fail",
        "title": "Card is at least 85 % complete",
        "message": "82 %: the section on environmental cost is empty.",
        "waiver": {"by": "M. Okafor", "until": LATER, "control": "figures are due with the pilot report."},
        "gauge": {
            "value": 0.031,
            "low": 0.024,
            "high": 0.04,
            "n": 1989,
            "kind": "rate",
            "ceiling": 0.05,
            "verdict": "pass",
        },
    },
    *({"status": "satisfied", "severity": "fail", "title": f"Requirement {n} holds"} for n in range(8)),
    {"status": "not_applicable", "severity": "fail", "title": "Quantized variant equals the approved base"},
]
FINDINGS = [
    {
        "severity": "critical",
        "title": "The declared licence drops the Llama 3 terms",
        "message": "A fine-tune is a derivative.",
        "quote": "Meta-Llama-3-8B → finetune → acme/claims-chat-8b",
        "mend": "declare llama3.",
        "code": "license.launders",
        "where": "Llama 3 licence s. 1.b.i",
        "url": "#",
        "url_label": "See the path",
    },
    {
        "severity": "medium",
        "title": "The front matter names a licence outside the Hub’s list",
        "field": "license",
        "line": 3,
        "code": "card.license.unknown",
        "count": 2,
    },
    {"severity": "info", "title": "<script>alert(1)</script> in a name is only text"},
]
NODES = [
    {"key": "llama", "label": "meta-llama/Meta-Llama-3-8B", "depth": -1, "second": "llama3", "url": "#", "lit": True},
    {
        "key": "alpaca",
        "label": "tatsu-lab/alpaca",
        "depth": -1,
        "second": "cc-by-nc-4.0 · dataset",
        "url": "#",
        "lit": True,
        "status": "conflict",
        "family": "licence",
        "note": "non-commercial data, commercial use",
    },
    {"key": "own", "label": "acme/claims-dialogues", "depth": -1, "second": "internal · dataset"},
    {"key": "here", "label": "acme/claims-chat-8b", "depth": 0, "second": "declares apache-2.0", "lit": True},
    {
        "key": "int4",
        "label": "acme/claims-chat-8b-with-a-name-that-goes-on-and-on-int4",
        "depth": 1,
        "second": "apache-2.0",
        "url": "#",
    },
    {"key": "desk", "label": "Space: claims-desk", "depth": 1, "second": "commercial · SaaS", "url": "#", "lit": True},
]
EDGES = [
    {"source": "llama", "target": "here", "relation": "finetune", "lit": True},
    {"source": "alpaca", "target": "here", "relation": "train_on", "lit": True},
    {"source": "own", "target": "here", "relation": "train_on"},
    {"source": "here", "target": "int4", "relation": "quantized"},
    {"source": "here", "target": "desk", "relation": "served_in", "lit": True},
    {"source": "here", "target": "gone", "relation": "served_in"},
]


class WaiverForm(forms.Form):
    """One of each widget that the product uses."""

    until = forms.DateField(help_text="At most 30 days at tier high.", widget=forms.DateInput(attrs={"type": "date"}))
    control = forms.CharField(widget=forms.Textarea, label="Compensating control", max_length=2000)
    approver = forms.ChoiceField(choices=[("1", "J. Mbeki, risk officer")], label="Second approver")
    lane = forms.ChoiceField(choices=[("ethics", "Ethics"), ("legal", "Legal")], widget=forms.RadioSelect)
    tell = forms.BooleanField(label="Tell me when it ends", help_text="By e-mail.")
    evidence = forms.FileField(required=False)
    page = forms.CharField(widget=forms.HiddenInput, initial="7")


class SomePerson:
    is_authenticated = True
    email = "vera@example.org"

    def get_full_name(self) -> str:
        return "Vera Lindqvist"


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


def room(*names: str) -> list[Any]:
    return [path(f"{name}/", page, name=name) for name in names]


urlpatterns = [
    path("portal/", include((room("home", "inbox"), "portal"))),
    path("catalogue/", include((room("entries", "use-cases"), "catalog"))),
    path("reviews/", include((room("submissions"), "reviews"))),
    path("web/", include((room("theme"), "web"))),
    path("people/", include((room("sign-in", "sign-out"), "people"))),
    path("language/", page, name="set_language"),
]


def context(*, cookies: dict[str, str] | None = None) -> dict[str, Any]:
    request = RequestFactory().get("/catalogue/", {"q": "bert"})
    request.COOKIES.update(cookies or {})
    form = WaiverForm({"until": "2027-03-01", "control": "", "approver": "1"})
    form.add_error("until", "1 March is 98 days away. Choose a day up to 23 December 2026.")
    form.add_error(None, "The waiver would outlive the approval. Choose a day up to 15 February 2027.")
    return {
        "request": request,
        "csrf_token": "t0ken",
        "user": SomePerson(),
        "role_line": "Reviewer, Ethics",
        "room": "catalogue",
        "inbox_count": 4,
        "foot": {"version": "0.1.0", "time_zone": "UTC", "ledger_size": 48121, "ledger_root": "5dc9da79" + "0" * 56},
        "refresh_s": 5,
        "crumbs": [{"label": "Design", "url": "#"}, {"label": "Components"}],
        "facts": [
            {"label": "Commit", "value": SHA, "digest": True},
            {"label": "Licence", "value": "apache-2.0", "state": "conflict", "family": "licence"},
            {"label": "Owner", "value": "Claims automation", "url": "#"},
            {"label": "Task", "value": None},
        ],
        "verdict_say": "African-American people were flagged almost twice as often: 44.8 % against 23.5 %.",
        "tabs": [{"label": "Overview", "url": "#", "current": True}, {"label": "Runs", "url": "#", "count": 9}],
        "families": FAMILIES,
        "verdicts": [
            {"verdict": "pass", "family": "verdict", "say": "No group is approved at less than 0.93 of the best."},
            {"verdict": "warn", "family": "verdict", "say": "It cannot be told yet: 0.74 [0.67–0.82], n 197."},
            {
                "verdict": "insufficient_data",
                "family": "verdict",
                "say": "No verdict for this group: 23 people, and 30 are needed.",
                "why": "Nothing here says that the model is fair to them.",
            },
            {"verdict": "no_information", "family": "verdict", "say": "The model selects nobody."},
        ],
        "day": DAY,
        "later": LATER,
        "sha": SHA,
        "rates": RATES,
        "ratios": RATIOS,
        "gaps": GAPS,
        "requirements": REQUIREMENTS,
        "nothing": [],
        "findings": FINDINGS,
        "nodes": NODES,
        "edges": EDGES,
        "columns": [
            {"label": "Run"},
            {"label": "Audit"},
            {"label": "n", "num": True},
            {"label": "Age", "sort": "ascending"},
        ],
        "rows": [
            {"cells": ["981", "Bias", "1,795", "2 h"], "current": True},
            {"cells": ["980", "Licence chain", "5 links", "3 days"]},
        ],
        "form": form,
        "hidden": [{"name": "kind", "value": "model"}],
        "chips": [{"label": "Kind: model", "url": "#"}],
        "facets": [
            {
                "title": "Kind",
                "options": [
                    {"label": "Model", "url": "#", "count": 214, "current": True},
                    {"label": "Dataset", "url": "#", "count": 17716},
                ],
            },
            {"title": "Licence", "options": [{"label": "Unknown", "url": "#"}]},
        ],
        "source": "Trained on 1990 applications from one city.\nFairness was checked on the test set.\n" + "x" * 300,
        "prose": mark_safe(  # noqa: S308  our own words
            "<h1>Card</h1><p>Drafts answers. <code>a_very_long_name_without_any_break_" + "x" * 120 + "</code></p>"
            "<h2>Limits</h2><ul><li>English only</li></ul><blockquote><p>Quoted.</p></blockquote>"
            "<pre><code>" + "line " * 60 + "</code></pre><table><thead><tr><th>Metric</th><th>Value</th></tr></thead>"
            "<tbody><tr><td>accuracy</td><td>0.91</td></tr></tbody></table>"
        ),
        "lanes": [{"value": "ethics"}],
        "two_lanes": [{"value": "ethics"}, {"value": "legal"}],
        "values": {},
        "errors": {},
        "refused_values": {"lane": "legal", "vote": "-1", "reason": "The test set?"},
        "refused_errors": {"reason": "Write ten characters or more, so that Omar Haddad knows what to change."},
        "lane_results": [
            {
                "lane": "domain",
                "needed": 1,
                "agreeing": 1,
                "status": "satisfied",
                "votes": [{"name": "R. Tanaka", "value": 2, "at": DAY}],
            },
            {"lane": "ethics", "needed": 2, "agreeing": 0, "status": "pending", "waiting": "you, J. Mbeki"},
            {
                "lane": "legal",
                "needed": 1,
                "agreeing": 0,
                "vetoes": 1,
                "status": "unsatisfied",
                "votes": [
                    {"name": "S. Aydin", "value": -2, "at": DAY, "reason": "Licence conflict.", "carried": "round 1"}
                ],
            },
        ],
        "steps": [
            {"action": "150 more rows", "who": "Omar Haddad", "takes": "the audit then takes 2 s"},
            {"action": "Two Ethics votes", "who": "you and J. Mbeki", "url": "#vote"},
        ],
        "events": [
            {
                "title": "Suspended",
                "text": "dataset licence changed",
                "at": DAY,
                "time": True,
                "tone": "fail",
                "symbol": "off",
            },
            {
                "title": "Approved for pilot",
                "at": DAY,
                "tone": "seal",
                "symbol": "duty",
                "url": "#",
                "url_label": "signed decision",
            },
            {"text": "Imported from the Hub", "detail": "Omar Haddad", "at": DAY},
        ],
    }


def rendered(source: str, **values: Any) -> str:
    """A piece of template with the product's tags loaded."""
    return Template("{% load assay %}" + source).render(Context(values))


def included(name: str, **values: Any) -> str:
    """One part of ``templates/components``."""
    return render_to_string(f"components/{name}.html", values)


def text_of(html: str) -> str:
    """What stands between the tags, with plain blanks."""
    return " ".join(re.sub(r"<[^>]+>", "", html).replace(NB, " ").split())


# Anything that a figure may be found to be.
NUMBERS = st.one_of(
    st.none(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(max_size=5),
    st.booleans(),
    st.integers(10**290, 10**310),
)
