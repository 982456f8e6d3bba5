"""A report's document of any size, generated: real shapes, made-up names, results of real audits of made-up tables."""

from __future__ import annotations

import functools
import hashlib
import io
import random
from collections.abc import Iterator
from typing import Any

from audits.measures.bias import audit_table, open_for
from audits.measures.ll144.audit import audit_ll144
from audits.measures.ll144.audit import open_for as open_for_ll144
from audits.measures.ll144.plan import ll144_plan_from
from audits.measures.plan import plan_from

WHEN = "2026-11-12T09:30:00+00:00"
TABLES = 12
# What a stranger may call a thing: markup, a formula, and marks that turn the direction of text.
HOSTILE = (
    "<script>alert(1)</script>",
    '=HYPERLINK("http://x";"y")',
    "acme/\u202egnp.exe\u202c & <b>",
    "+1+1|cmd",
    "שלום/model",
)
REASON = "The figures hold for the region that it was made for, and the limits are written in its card. "
CARD = {
    "intended_uses": "Scores applications for a second look by a person.",
    "limitations": "Knows nothing of applicants outside the region that it was made for.",
    "training_data": "Applications of three years, read from the bank's own register and cleaned of doubles.",
    "evaluation": "Held out applications of one year.",
}


VERSIONS_OF_AN_ENTRY = 3


def card(number: int) -> dict[str, str]:
    """What a version's card says, with Markdown as cards have it; versions of one entry say the same."""
    entry = number // VERSIONS_OF_AN_ENTRY
    listed = f"\n\n- **Region {entry}**, from `2021` on\n- checked by [its owners](https://acme.example/{entry})\n"
    return {name: said + listed for name, said in CARD.items()}


def digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@functools.cache
def bias_result(seed: int) -> dict[str, Any]:
    """The document of a real bias audit on a table of 1,200 made-up rows with three groups."""
    drawn = random.Random(seed)  # noqa: S311 - a benchmark's data
    lines = ["label,prediction,group"]
    for _ in range(1200):
        group = drawn.choice("abc")
        approved = int(drawn.random() < {"a": 0.5, "b": 0.48, "c": 0.3 if seed % 4 == 0 else 0.47}[group])
        lines.append(f"{int(drawn.random() < 0.5)},{approved},{group}")
    document = {
        "label": "label",
        "prediction": "prediction",
        "positive": "1",
        "sensitive": ["group"],
        "gating": ["demographic_parity_ratio"],
        "thresholds": {"demographic_parity_ratio": 0.8},
    }
    plan = plan_from(document)
    with open_for(io.BytesIO("\n".join(lines).encode()), plan) as table:
        return audit_table(table, plan)


@functools.cache
def ll144_result() -> dict[str, Any]:
    """The document of a real audit under Local Law 144, with a category that was left out and people unknown."""
    counts = {("F", "Asian"): (30, 100), ("M", "White"): (60, 100), ("M", "Other"): (2, 3), ("F", "unknown"): (5, 11)}
    lines = ["sex,race,selected"]
    lines += [f"{sex},{race},{int(at < k)}" for (sex, race), (k, n) in counts.items() for at in range(n)]
    plan = ll144_plan_from(
        {
            "sex": "sex",
            "race": "race",
            "selected": "selected",
            "exclude": {"Other": "three <b>people</b>"},
            "tool": "=Ranker",
        }
    )
    with open_for_ll144(io.BytesIO("\n".join(lines).encode()), plan) as table:
        return audit_ll144(table, plan)


def subject(number: int) -> dict[str, str]:
    name = HOSTILE[number % 97] if number % 97 < len(HOSTILE) else f"acme/model-{number}"
    return {"kind": "model", "id": name, "revision": digest("commit", number)[:40], "digest": digest("version", number)}


def audit(number: int, *, kind: str = "bias") -> dict[str, Any]:
    result = ll144_result() if kind == "ll144" else bias_result(number % TABLES)
    return {
        "run": number + 1,
        "kind": kind,
        "kind_version": 1,
        "use_case": "home-loans",
        "state": "succeeded",
        "verdict": result["verdict"],
        "origin": "declared" if number % 2 else "observed",
        "seed": 0,
        "packages": {"numpy": "2.3.0"},
        "inputs_digest": digest("inputs", number),
        "plan_sha256": digest("plan"),
        "finished_at": WHEN,
        "summary": {"demographic_parity_ratio": 0.91, "rows_used": 1200.0},
        "error_code": None,
        "result_sha256": digest("result", number),
        "result": result,
        "result_missing": None,
        "findings": [
            {
                "code": "bias.beyond_threshold",
                "severity": "high",
                "locus": "group=c",
                "field": "",
                "line": None,
                "params": {},
                "title": {"en": "Group c is approved less often.", "ru": "Группу c одобряют реже."},
                "mend": {"en": "Look at the rows of group c.", "ru": "Посмотрите строки группы c."},
            }
        ]
        * (result["verdict"] == "fail"),
    }


def version(number: int) -> dict[str, Any]:
    of = subject(number)
    kinds = ("bias", "ll144") if number % 50 == 1 else ("bias",)
    return {
        "key": of["digest"],
        "subject": of,
        "card": card(number) if number % 7 else None,
        "card_sha256": digest("card", number) if number % 7 else None,
        "use_cases": [
            {
                "slug": "home-loans",
                "name": "Home loans",
                "purpose": "Decide on applications for loans",
                "people_affected": "applicants",
                "tier": "high",
                "owner": "lending",
            }
        ],
        "decisions": [f"{of['digest']}:home-loans:pilot:{number}.1"],
        "audits": [audit(number, kind=kind) for kind in kinds],
        "licence": {
            "verdict": "pass",
            "expression": "Apache-2.0",
            "unknown_count": 0,
            "conflicts": [],
            "obligations": [],
        },
        "declared": [],
    }


def inventory(number: int) -> dict[str, Any]:
    of, verdict = subject(number), bias_result(number % TABLES)["verdict"]
    row = {
        "use_case": "home-loans",
        "state": "succeeded",
        "origin": "observed",
        "finished_at": WHEN,
        "error_code": None,
    }
    return {
        "key": of["digest"],
        "subject": of,
        "manifest_digest": digest("manifest", number),
        "assurance": "hashed",
        "licences": ["apache-2.0"],
        "lineage": [{"relation": "finetune", "kind": "model", "id": "acme/base", "revision": None, "origin": "card"}],
        "owner": "lending",
        "imported_at": WHEN,
        "files": 4,
        "bytes": 1_200_000 + number,
        "library": "sklearn",
        "task": "tabular-classification",
        "stages": [
            {
                "use_case": "home-loans",
                "tier": "high",
                "stage": "pilot",
                "verdict": "allow",
                "granted_at": WHEN,
                "expires_at": "2027-05-12T09:30:00+00:00",
            }
        ],
        "audits": [
            {**row, "run": number + 1, "kind": "bias", "verdict": verdict}
            | {"inputs_digest": digest("inputs", number), "result_sha256": digest("result", number)}
        ],
        "open_reviews": [],
        "suspended": number % 500 == 3,
    }


def decision(number: int) -> dict[str, Any]:
    of = subject(number)
    vote = {"value": 1, "round": 1, "cast_at": WHEN, "facts_sha256": digest("facts", number), "copied": False}
    return {
        "key": f"{of['digest']}:home-loans:pilot:{number}.1",
        "subject": of,
        "use_case": "home-loans",
        "tier": "high",
        "stage": "pilot",
        "submission": number,
        "round": 1,
        "outcome": "approved" if number % 9 else "rejected",
        "verdict": "allow" if number % 9 else "deny",
        "automatic": False,
        "decided_by": digest("person", 1)[:32],
        "decided_at": WHEN,
        "submitted_by": digest("person", 2)[:32],
        "submitted_at": WHEN,
        "reason": REASON,
        "votes": [
            {**vote, "lane": lane, "voter": digest(lane)[:32], "reason": REASON} for lane in ("domain", "ethics")
        ],
        "policies": [{"name": "high-pilot", "number": 3, "sha256": digest("policy")}],
        "requirements": [
            {"id": "bias.pass", "policy": "high-pilot", "title": "No group is left behind", "status": "satisfied"}
            | {"severity": "fail", "code": "", "run": number + 1}
        ],
        "facts_sha256": digest("facts", number),
        "digests": {"licence_table": digest("table"), "audit_plan": digest("plan")},
        "approval": {
            "granted_at": WHEN,
            "expires_at": "2027-05-12T09:30:00+00:00",
            "ended_at": None,
            "ended_reason": None,
        }
        if number % 9
        else None,
    }


def exception(number: int) -> dict[str, Any]:
    return {
        "key": f"waiver:{number}",
        "kind": "waiver",
        "state": ("active", "expired")[number % 2],
        "subject": subject(number * 20 + 2),
        "use_case": "home-loans",
        "stage": "pilot",
        "what": [
            {"policy": "high-pilot", "requirement": "data.audited", "title": "=The data are audited", "kind": "data"}
        ],
        "reason": REASON * 2,
        "control": "A person looks at every refusal.",
        "asked_by": digest("person", 2)[:32],
        "asked_at": WHEN,
        "decided_by": digest("person", 1)[:32],
        "decided_at": WHEN,
        "expires_at": "2026-12-12T09:30:00+00:00",
        "ended_by": None,
        "ended_at": None,
        "ended_reason": None,
    }


def not_checked(number: int) -> dict[str, Any]:
    return {
        "key": f"no_card:{digest('version', number * 7)}",
        "code": "no_card",
        "subject": subject(number * 7),
        "use_case": None,
        "params": {},
        "words": {"en": "The version has no card.", "ru": "У версии нет карточки."},
    }


SECTIONS = {
    "inventory": (inventory, 1),
    "versions": (version, 1),
    "decisions": (decision, 1),
    "exceptions": (exception, 20),
    "not_checked": (not_checked, 7),
}


def items(section: str, n: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The items of a section of a report of ``n`` versions, each with its title."""
    made, every = SECTIONS[section]
    for number in range(n // every):
        item = made(number)
        yield str((item.get("subject") or {}).get("id", item["key"])), item


COUNTS = ("approvals_in_force", "decisions", "waivers_in_force", "reviews_overdue", "gate_evaluations_denied")


def values(n: int) -> dict[str, Any]:
    """The sections that are no lists, without the control matrix."""
    return {
        "summary": {
            "in_force": [
                {"stage": stage, "tier": tier, "n": n if (stage, tier) == ("pilot", "high") else 0}
                for stage in ("prototype", "pilot", "production")
                for tier in ("minimal", "limited", "high", "critical")
            ],
            "counts": [{"name": name, "n": n // (place + 1)} for place, name in enumerate(COUNTS)],
            "decisions": [{"name": "approved", "n": n - n // 9}, {"name": "rejected", "n": n // 9}],
            "runs": [{"kind": "bias", "verdict": "pass", "n": n}],
        },
        "reproduction": {
            "commands": ["python manage.py build_report --period 2026-11", "python manage.py verify_report FILE"],
            "product_version": "0",
            "packages": {"numpy": ["2.3.0"]},
            "policies": [{"name": "high-pilot", "number": 3, "sha256": digest("policy")}],
            "audit_plans": [digest("plan")],
            "licence_tables": [digest("table")],
            "as_read": [{"what": "owner", "words": {"en": "The team that owns an entry.", "ru": "Владелец записи."}}],
        },
        "period": PERIOD,
        "scope": {"kind": "team", "slug": "lending", "name": HOSTILE[2]},
    }


PERIOD = {
    "kind": "month",
    "label": "2026-11",
    "first_day": "2026-11-01",
    "last_day": "2026-11-30",
    "begins_at": "2026-10-31T23:00:00+00:00",
    "ends_at": "2026-11-30T23:00:00+00:00",
    "time_zone": "Europe/Berlin",
}


def cover(n: int) -> dict[str, Any]:
    return {
        "product": "Assay",
        "product_version": "0",
        "period": PERIOD,
        "scope": values(0)["scope"],
        "edition": 2,
        "provisional": False,
        "as_of": PERIOD["ends_at"],
        "read_at": "2026-12-01T05:00:00+00:00",
        "content_sha256": digest("content", n),
        "previous": {
            "period": "2026-10",
            "number": 1,
            "document_sha256": digest("before"),
            "content_sha256": digest("b"),
        },
        "ledger": {"size": 47_310, "root": digest("root"), "made_at": WHEN},
    }


def differences(n: int) -> dict[str, Any]:
    every = [number for number in range(n) if number % 10 == 5]
    changed = [
        {
            "key": subject(number)["digest"],
            "title": subject(number)["id"],
            "how": "changed",
            "fields": [{"path": "audits.0.verdict", "before": "warn", "after": "pass"}],
        }
        for number in every
    ]
    return {
        "against": cover(n)["previous"],
        "counts": [
            {"group": "counts", "name": name, "before": n // 2, "after": n // (place + 1)}
            for place, name in enumerate(COUNTS)
        ],
        "sections": [{"section": "versions", "added": 0, "removed": 0, "changed": len(changed), "items": changed}],
    }
