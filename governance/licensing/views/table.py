"""Pages: the licence table, and one licence of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from governance.licensing import browsing, forms, previews, queries, wording
from governance.licensing.models import Correction, Override
from governance.licensing.rules import LicensingRefused
from governance.licensing.services import corrections, notes
from governance.licensing.usage import Usage, usage
from governance.licensing.wording.names import names
from governance.web.requests import PageRequest
from governance.web.sentences import SHORTEST_REASON
from licenses.catalogue import FAMILIES, Licence, all_licences, table_digest

LONGEST_TEXT = 200
UNKNOWN_SHOWN = 20
OVERRIDES_SHOWN = 50


@login_required
@require_safe
def licences(request: PageRequest) -> HttpResponse:
    """The whole table, what is declared most first, and the overrides in force. Two queries beside the session's."""
    text = request.GET.get("q", "")[:LONGEST_TEXT].replace("\0", "")
    family = request.GET.get("family", "")
    family = family if family in FAMILIES else ""
    used = usage(request.user)
    found = browsing.matching(all_licences(), text=text, family=family)
    found.sort(key=lambda one: (-used.by_licence[one.id], one.id))
    hidden = [{"name": "family", "value": family}] if family else []
    context = {
        "room": "licences",
        "rows": [_row(one, used) for one in found],
        "q": text,
        "hidden": hidden,
        "found": ngettext("%(n)s licence", "%(n)s licences", len(found)) % {"n": len(found)},
        "facets": [_families(request, text, family)],
        "chips": [{"label": wording.family(family), "url": _address(text, "")}] if family else [],
        "chosen": wording.family(family) if family else "",
        "is_filtered": bool(text.strip() or family),
        "usage": used,
        "unknown": used.unknown.most_common(UNKNOWN_SHOWN),
        "unknown_more": max(0, len(used.unknown) - UNKNOWN_SHOWN),
        "overrides": [] if text.strip() or family else _overrides(request),
        "table_digest": table_digest(),
    }
    return render(request, "licensing/licences.html", context)


def _overrides(request: PageRequest) -> list[Override]:
    """What is decided otherwise, soonest to end first."""
    holding = Override.objects.visible_to(request.user).in_force().select_related("entry__latest", "use_case", "author")
    return list(holding.order_by("until", "pk")[:OVERRIDES_SHOWN])


def _row(one: Licence, used: Usage) -> dict[str, Any]:
    return {
        "licence": one,
        "family": wording.family(one.family),
        "use": wording.use(one),
        "stays": wording.stays(one),
        "limits": wording.limits(one),
        "declared": used.by_licence[one.id],
        "is_unread": wording.is_unread(one),
        "is_own": one.is_own,
    }


def _address(text: str, family: str) -> str:

    query = QueryDict(mutable=True)
    if text:
        query["q"] = text
    if family:
        query["family"] = family
    return f"?{query.urlencode()}"


def _families(request: PageRequest, text: str, chosen: str) -> dict[str, Any]:
    matching = browsing.matching(all_licences(), text=text)
    options = []
    for name in FAMILIES:
        number = sum(one.family == name for one in matching)
        if number or name == chosen:
            url = _address(text, "" if name == chosen else name)
            options.append({"label": wording.family(name), "count": number, "current": name == chosen, "url": url})
    return {"title": _("Family"), "options": options}


@login_required
@require_safe
def licence(request: PageRequest, licence: str) -> HttpResponse:
    """One licence: its terms in words, where they stand, and who uses it. Eight queries beside the session's."""
    return show(request, detail_or_404(licence))


def detail_or_404(licence: str) -> queries.LicenceDetail:
    """A licence by any of its names.

    Raises:
        Http404: the table has none.
    """
    found = queries.licence_detail(licence)
    if found is None:
        raise Http404
    return found


def show(request: PageRequest, detail: queries.LicenceDetail, *, status: int = 200, **kept: Any) -> HttpResponse:
    """The page of a licence; ``kept`` holds what was refused and is to be sent again."""
    row = detail.licence
    if request.resolver_match is not None and request.method in ("GET", "HEAD"):
        asked = request.resolver_match.kwargs.get("licence")
        if asked != row.id:
            return redirect("licensing:licence", licence=row.id)
    users = queries.users_of(row.id, user=request.user)
    keeps = queries.may_keep_table(request.user)
    context = {
        "room": "licences",
        "licence": row,
        "groups": _groups(detail),
        "sections": wording.sections(row.source_ref),
        "links": wording.links(row),
        "facts": wording.facts(row),
        "names": names(row),
        "evidence": wording.evidence(row.evidence),
        "is_unread": wording.is_unread(row),
        "read_on": wording.read_on(row),
        "clauses": [wording.clause(name, one) for name, one in wording.clauses(row)],
        "notes": detail.annotations,
        "ended": detail.ended,
        "users": users,
        "users_more": max(0, users.total - len(users.entries)),
        "all_url": reverse("catalog:entries") + f"?license={row.id}",
        "table_digest": detail.table_digest,
        "keeps": keeps,
        "correction_form": forms.CorrectionForm(licence=row) if keeps else None,
        "note_form": forms.NoteForm(auto_id="note-%s") if keeps else None,
        **kept,
    }
    return render(request, "licensing/licence.html", context, status=status)


def _groups(detail: queries.LicenceDetail) -> list[dict[str, Any]]:
    said = {term.column: term for term in detail.terms}
    return [
        {
            "key": key,
            "title": title,
            "lines": [
                {"line": line, "term": said.get(line.column), "shipped": _shipped(said.get(line.column))}
                for line in wording.lines(detail.licence, columns)
            ],
        }
        for key, title, columns in wording.terms.GROUPS
    ]


def _shipped(term: queries.TermShown | None) -> str:
    """The shipped cell in words where a correction lies over it."""
    return wording.cell_of(term.shipped) if term is not None and term.correction is not None else ""


# --- what lawyers say ----------------------------------------------------------------------------------------------


@login_required
@require_POST
def correct(request: PageRequest, licence: str) -> HttpResponse:
    """Lay a value over a cell, or with ``preview`` only show what would change."""
    detail = detail_or_404(licence)
    if not queries.may_keep_table(request.user):
        raise PermissionDenied
    sent = forms.CorrectionForm(request.POST, licence=detail.licence)
    if not sent.is_valid():
        return show(request, detail, status=422, correction_form=sent)
    said = {name: sent.cleaned_data[name] for name in ("column", "value", "source_ref")}
    try:
        if "preview" in request.POST:
            preview = previews.correction(licence=detail.licence.id, user=request.user, **said)
            return show(request, detail, correction_form=sent, preview=preview)
        made = corrections.correct(
            licence=detail.licence.id,
            reason=sent.cleaned_data["reason"],
            by=request.user,
            at=timezone.now(),
            **said,
        )
    except LicensingRefused as refused:
        sent.add_error(refused.field if refused.field in sent.fields else None, wording.refusal(refused))
        return show(request, detail, status=refused.status, correction_form=sent)
    messages.success(request, _("Corrected. What rests on this licence is being judged again."))
    return redirect(reverse("licensing:licence", args=[detail.licence.id]) + f"#term-{made.column}")


@login_required
@require_POST
def correction_end(request: PageRequest, licence: str, pk: int) -> HttpResponse:
    """Take a correction back."""
    detail = detail_or_404(licence)
    if not Correction.objects.filter(pk=pk, licence=detail.licence.id).exists():
        raise Http404
    sent = forms.ReasonForm(request.POST)
    if not sent.is_valid():
        messages.error(request, _("Say why in at least %(n)s characters.") % {"n": SHORTEST_REASON})
        return redirect("licensing:licence", licence=detail.licence.id)
    try:
        corrections.end_correction(
            correction_id=pk, reason=sent.cleaned_data["reason"], by=request.user, at=timezone.now()
        )
    except LicensingRefused as refused:
        messages.error(request, wording.refusal(refused))
    else:
        messages.success(request, _("Taken back. What rests on this licence is being judged again."))
    return redirect("licensing:licence", licence=detail.licence.id)


@login_required
@require_POST
def annotate(request: PageRequest, licence: str) -> HttpResponse:
    """Put a legal note to a clause, or to the whole licence."""
    detail = detail_or_404(licence)
    if not queries.may_keep_table(request.user):
        raise PermissionDenied
    sent = forms.NoteForm(request.POST, auto_id="note-%s")
    if not sent.is_valid():
        return show(request, detail, status=422, note_form=sent)
    try:
        notes.annotate(
            licence=detail.licence.id,
            column=sent.cleaned_data["column"],
            text=sent.cleaned_data["text"],
            by=request.user,
            at=timezone.now(),
        )
    except LicensingRefused as refused:
        sent.add_error(refused.field if refused.field in sent.fields else None, wording.refusal(refused))
        return show(request, detail, status=refused.status, note_form=sent)
    messages.success(request, _("The note stands beside the term, and at every finding that rests on it."))
    return redirect("licensing:licence", licence=detail.licence.id)
