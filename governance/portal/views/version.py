"""An entry and one of its versions: the page that joins what the rooms know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from audits.models import Run, RunState
from governance.catalog import queries as catalogue
from governance.catalog import rendering
from governance.catalog.models import Card, Entry, File, SubjectKind, Version
from governance.catalog.suspensions.reach import reaching
from governance.evidence import licence_report
from governance.evidence.queries import ASKERS
from governance.evidence.showing import findings_shown, kind_name, run_rows, verdict_family
from governance.evidence.takes import takes
from governance.gates.queries import closing_conditions
from governance.people.models import Role, User
from governance.people.queries import standing
from governance.policies import overrides
from governance.policies.waivers import queries as waivers
from governance.policies.waivers import showing as waiver_showing
from governance.portal import queries
from governance.portal.views.suspension import may_suspend
from governance.reviews import override_showing
from governance.reviews.standing import stands_at
from governance.web.requests import PageRequest
from governance.web.templatetags import figures

FILES_BY_ROLE = 40
HOLDING = ("pass", "obligation")


@login_required
@require_safe
def entry(request: PageRequest, kind: str, ns: str, name: str) -> HttpResponse:
    """An entry: its newest version's page, or what is known of a mere name. Three queries at most."""
    found = catalogue.find_entry(user=request.user, kind=kind, ns=ns, name=name) if kind in SubjectKind.values else None
    if found is None:
        raise Http404
    if found.latest is not None:
        return redirect(version_url(found, found.latest))
    down = catalogue.lineage(user=request.user, entry=found, direction="down", depth=1)
    nodes, edges = drawing(found, None, [], down.hops)
    context = {"room": "catalogue", "entry": found, "nodes": nodes, "edges": edges, "is_hub": found.source != "local"}
    return render(request, "catalog/placeholder.html", context)


def version_url(found: Entry, version: Version) -> str:
    return reverse("catalog:version", args=[found.kind, found.namespace, found.name, version.revision])


@login_required
@require_safe
def version(request: PageRequest, kind: str, ns: str, name: str, sha: str) -> HttpResponse:
    """One version, with its card, findings, lineage, files, runs and reviews. At most 32 queries, whatever its size."""
    user, now = request.user, timezone.now()
    try:
        shown = catalogue.resolve(user=user, kind=kind, ns=ns, name=name, sha=sha)
    except catalogue.NotASha as not_a_sha:
        raise Http404 from not_a_sha
    if shown is None:
        raise Http404
    page = catalogue.version_page(user=user, version=shown)
    report = licence_report.report(user, version=shown, with_repairs=False)
    nodes, edges = with_descendants(report, page.entry, shown, page)
    runs = queries.runs_on(user, version=shown)
    teams = standing(user).teams_with(Role.SUBMITTER)
    licence = next((run for run in runs if run.kind == "license" and run.state == RunState.SUCCEEDED), None)
    approvals = queries.approvals_of(user, version=shown)
    context = {
        "room": "catalogue",
        "entry": page.entry,
        "version": shown,
        "is_newest": page.entry.latest_id == shown.pk,
        "newest_url": version_url(page.entry, page.versions[0]) if page.versions else "",
        "versions": [(one, version_url(page.entry, one)) for one in page.versions],
        "card": page.card,
        "card_text": _card(shown),
        "findings": findings_shown(page.card.findings),
        "metadata": rendering.metadata_rows(shown.card.metadata) if shown.card is not None else [],
        "nodes": nodes,
        "edges": edges,
        "lineage_cut": page.up.truncated or page.down.truncated,
        "files": by_role(page.files),
        "texts": [_text(one) for one in catalogue.licence_texts(shown)],
        "runs": run_rows(runs),
        "licence_run": licence,
        "report": report,
        "said": _said(runs),
        "submissions": [
            {"submission": one, "stands": stands_at(one)} for one in queries.submissions_of(user, version=shown)
        ],
        "approvals": [_approval(one, now) for one in approvals],
        "in_force": [one for one in approvals if one.ended_at is None and one.granted_at <= now < one.expires_at],
        "waivers": waiver_showing.rows(waivers.of_version(user, version=shown)),
        "overrides": override_showing.rows(overrides.of_version(user, version=shown)),
        "may_submit": teams is None or bool(teams),
        "may_audit": _may_audit(user),
        "may_suspend": may_suspend(user),
        "suspensions": reaching([shown.pk]).get(shown.pk, ()),
        "assurance": _assurance(shown),
        "takes": takes(shown.task),
    }
    return render(request, "catalog/version.html", context)


def _may_audit(user: User) -> bool:
    """Whether there may be a use case in which the person has audits run; which it is, the next page asks."""
    return standing(user).teams_with(*ASKERS, Role.REVIEWER) != []


def _said(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """What the newest run of each kind says, with its page: what stands in the way comes before what holds."""
    newest: dict[tuple[str, str], Run] = {}
    for run in runs:
        newest.setdefault((run.kind, run.use_case), run)
    made = []
    for run in newest.values():
        word, family = verdict_family(run)
        kind = kind_name(run.kind)
        row = {"kind": kind[:1].upper() + kind[1:], "word": word, "family": family}
        made.append({**row, "use_case": run.use_case, "url": reverse("evidence:run", args=[run.pk])})
    return sorted(made, key=lambda one: (one["word"] in HOLDING, one["kind"], one["use_case"]))


def _card(shown: Version) -> dict[str, Any] | None:
    """The card as HTML. One query: the row was read without its bytes."""
    if shown.card_id is None:
        return None
    card = Card.objects.only("raw", "body_offset", "size").get(pk=shown.card_id)
    return {
        "html": rendering.card_html(bytes(card.raw), body_offset=card.body_offset),
        "cut": rendering.is_cut(card.size, body_offset=card.body_offset),
    }


def _text(shown: catalogue.ShownText) -> dict[str, Any]:
    known = _("word for word: %(licence)s") % {"licence": shown.licence}
    return {
        "path": shown.path,
        "known": known if shown.licence else _("not a text that is known"),
        "words": shown.words,
        "cut": shown.cut,
    }


def _assurance(shown: Version) -> str:
    return {
        "hashed": _("hashed: every byte was read"),
        "listed": _("listed: hashes as the Hub gives them"),
        "card-only": _("card only: no file was seen"),
    }.get(shown.assurance, shown.assurance)


def _approval(approval: Any, now: Any) -> dict[str, Any]:
    is_open = approval.ended_at is None and approval.granted_at <= now < approval.expires_at
    lapsed = is_open and bool(closing_conditions(approval, at=now))
    in_force = is_open and not lapsed
    policy: Mapping[str, Any] = next(iter(approval.policies), {})
    state = approval.ended_reason or ("in_force" if in_force else "lapsed" if lapsed else "expired")
    return {"approval": approval, "in_force": in_force, "policy": policy, "state": state}


def by_role(files: Sequence[File]) -> list[dict[str, Any]]:
    """Files by what they are for, weights first; of each role the first, and how many more there are."""
    roles: dict[str, list[File]] = defaultdict(list)
    for file in files:
        roles[file.role].append(file)
    names = {
        "weights": _("Weights"),
        "tokenizer": _("Tokenizer"),
        "config": _("Configuration"),
        "code": _("Code"),
        "data": _("Data"),
        "card": _("Card"),
        "licence": _("Licence"),
        "other": _("Other"),
    }
    order = [role for role in names if role in roles] + sorted(set(roles) - set(names))
    return [
        {
            "name": names.get(role, role),
            "files": roles[role][:FILES_BY_ROLE],
            "count": len(roles[role]),
            "more": max(0, len(roles[role]) - FILES_BY_ROLE),
            "bytes": figures.size(sum(file.size or 0 for file in roles[role])),
        }
        for role in order
    ]


def drawing(
    here: Entry, shown: Version | None, up: Sequence[catalogue.Hop], down: Sequence[catalogue.Hop]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Nodes and edges of ``components/lineage.html``: origins to the left, what was made of it to the right."""
    nodes: dict[int, dict[str, Any]] = {
        here.pk: {"key": str(here.pk), "label": here.repo_id, "depth": 0, "second": _second(here.kind, shown)}
    }
    edges = []
    for hop in up:
        _add(nodes, hop.target, -hop.depth)
        edges.append({"source": str(hop.target.id), "target": str(hop.origin.id), "relation": hop.relation})
    for hop in down:
        _add(nodes, hop.origin, hop.depth)
        edges.append({"source": str(hop.target.id), "target": str(hop.origin.id), "relation": hop.relation})
    unique = {(edge["source"], edge["target"], edge["relation"]): edge for edge in edges}
    return list(nodes.values()), list(unique.values())


def with_descendants(
    report: Mapping[str, Any], here: Entry, shown: Version, page: catalogue.VersionPage
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The licence chain above a version, its conflicts lit, and to the right what was made of it."""
    nodes, edges = drawing(here, shown, [] if "nodes" in report else page.up.hops, page.down.hops)
    if "nodes" not in report:
        return nodes, edges
    (root,) = (node["key"] for node in report["nodes"] if node["depth"] == 0)
    known = {str(here.pk): root}
    below = [
        {
            **edge,
            "source": known.get(edge["source"], edge["source"]),
            "target": known.get(edge["target"], edge["target"]),
        }
        for edge in edges
    ]
    return [*report["nodes"], *(node for node in nodes if node["depth"] > 0)], [*report["edges"], *below]


def _second(kind: str, shown: Version | None) -> str:
    return ", ".join(str(one) for one in shown.licenses) if shown is not None and shown.licenses else _kind(kind)


def _kind(kind: str) -> str:
    return str(SubjectKind(kind).label).lower() if kind in SubjectKind.values else kind


def _add(nodes: dict[int, dict[str, Any]], node: catalogue.Node, depth: int) -> None:
    if node.id in nodes:
        return
    ns, _slash, rest = node.repo_id.rpartition("/")
    nodes[node.id] = {
        "key": str(node.id),
        "label": node.repo_id,
        "depth": depth,
        "second": _kind(node.kind) if node.known else _("%(kind)s, not imported") % {"kind": _kind(node.kind)},
        "url": reverse("catalog:entry", args=[node.kind, ns or "_", rest]),
    }
