"""REST: the licence table, and one case judged by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.licensing import browsing, queries, table, wording
from governance.people.models import Scope
from governance.web.problems import Problem
from licenses import catalogue
from licenses.cases import CaseRejected
from licenses.catalogue import FAMILIES, Licence

ORDER = ["id"]
NOTE = "the project's reading of the text; not the licensor's word, and not legal advice"
MOST_WORKS = 200
"""Works of one case that are judged in a request: ways out of a conflict are tried by judging everything again, and
chains of a long line are megabytes of answer. ``check_licenses`` takes more."""


class LicenceSummary(serializers.Serializer[Licence]):
    """One row of the licence table, as a list shows it. ``use`` and ``copyleft`` are words of the table."""

    id = serializers.CharField()
    name = serializers.CharField()
    family = serializers.ChoiceField(choices=FAMILIES)
    kind = serializers.CharField()
    spdx = serializers.CharField(allow_null=True, help_text="null where SPDX has no identifier for it")
    hub = serializers.BooleanField(source="hf_id", help_text="whether the Hub takes the id for a card's license")
    use = serializers.CharField()
    copyleft = serializers.CharField()
    osi_approved = serializers.BooleanField(allow_null=True)
    evidence = serializers.CharField(help_text="how far the text was read; not_read makes every answer unknown")

    def to_representation(self, instance: Licence) -> dict[str, Any]:
        shown = super().to_representation(instance)
        return {**shown, "spdx": shown["spdx"] or None}


class LicencePage(serializers.Serializer[None]):
    items = LicenceSummary(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    order = serializers.ListField(child=serializers.CharField())


class ClauseDocument(serializers.Serializer[None]):
    """What the text says beyond the columns, with its section."""

    clause = serializers.CharField()
    value = serializers.CharField()
    section = serializers.CharField()


class SourceDocument(serializers.Serializer[None]):
    """What the row was read from."""

    sections = serializers.CharField()
    url = serializers.CharField()
    evidence = serializers.CharField()
    read_on = serializers.CharField(allow_null=True, help_text="day or month of the reading")


class CorrectionDocument(serializers.Serializer[None]):
    """A lawyer's value that lies over a cell of the shipped table."""

    column = serializers.CharField()
    shipped = serializers.CharField(help_text="what the table as it came says")
    value = serializers.CharField()
    section = serializers.CharField()
    reason = serializers.CharField()
    by = serializers.CharField()
    made_at = serializers.DateTimeField()


class NoteDocument(serializers.Serializer[None]):
    """A legal note on a clause, or without a column on the whole licence."""

    column = serializers.CharField()
    text = serializers.CharField()
    by = serializers.CharField()
    made_at = serializers.DateTimeField()


class LicenceDocument(LicenceSummary):
    """One row as it holds here, corrections included, with every term: column to word, as ``licenses/terms.py`` lists
    them; numbers are numbers."""

    aliases = serializers.ListField(child=serializers.CharField())
    terms = serializers.DictField(child=serializers.JSONField(allow_null=True))
    clauses = ClauseDocument(many=True)
    read_from = SourceDocument()
    corrections = CorrectionDocument(many=True)
    notes = NoteDocument(many=True)
    table_digest = serializers.CharField()
    note = serializers.CharField()


class Licences(APIView):
    """The licence table, page by page, by id. Everybody with a token reads it: it is the same for all."""

    scopes = {"GET": Scope.CATALOG_READ}

    class Filter(serializers.Serializer[None]):
        q = serializers.CharField(required=False, default="", max_length=200, allow_blank=True)
        family = serializers.ChoiceField(choices=FAMILIES, required=False, default="", allow_blank=True)
        limit = serializers.IntegerField(
            min_value=1, max_value=browsing.MOST, required=False, default=browsing.PAGE, help_text="items a page"
        )
        cursor = serializers.CharField(required=False, max_length=browsing.LONGEST)

    @extend_schema(operation_id="licenses_list", parameters=[Filter], responses=LicencePage)
    def get(self, request: Request) -> Response:
        sent = self.Filter(data=request.query_params)
        sent.is_valid(raise_exception=True)
        asked = sent.validated_data
        rows = browsing.matching(catalogue.all_licences(), text=asked["q"], family=asked["family"])
        try:
            page = browsing.page(rows, cursor=asked.get("cursor"), size=asked["limit"])
        except browsing.BadCursor as bad:
            raise Problem(400, "bad_cursor", "take the cursor from next or previous as it is") from bad
        ends = {"next": _link(request, page.after), "previous": _link(request, page.before)}
        return Response({"items": [LicenceSummary(row).data for row in page.rows], **ends, "order": ORDER})


def _link(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    kept = [(name, value) for name, values in request.query_params.lists() for value in values if name != "cursor"]
    return f"{request.build_absolute_uri(request.path)}?{urlencode([*kept, ('cursor', cursor)])}"


class LicenceView(APIView):
    """One licence, by its id, SPDX identifier or alias, with all that the table says of it."""

    scopes = {"GET": Scope.CATALOG_READ}

    @extend_schema(
        operation_id="licenses_retrieve",
        parameters=[OpenApiParameter("licence", str, "path", description="id, SPDX identifier or alias")],
        responses=LicenceDocument,
    )
    def get(self, request: Request, licence: str) -> Response:
        found = queries.licence_detail(licence)
        if found is None:
            raise Http404
        return Response(_document(found))


def _document(detail: queries.LicenceDetail) -> dict[str, Any]:
    row = detail.licence
    columns = [column for _key, _title, several in wording.terms.GROUPS for column in several]
    return {
        **LicenceSummary(row).data,
        "aliases": list(row.aliases),
        "terms": {column: _typed(row, column) for column in (*columns, "mau_basis")},
        "clauses": [
            {"clause": name, "value": clause.value, "section": clause.source_ref}
            for name, clause in wording.clauses(row)
        ],
        "read_from": {
            "sections": row.source_ref,
            "url": row.source_url,
            "evidence": row.evidence,
            "read_on": wording.read_on(row) or None,
        },
        "corrections": [
            {
                "column": term.column,
                "shipped": wording.cell_of(term.shipped),
                "value": term.correction.value,
                "section": term.correction.source_ref,
                "reason": term.correction.reason,
                "by": str(term.correction.author),
                "made_at": term.correction.made_at,
            }
            for term in detail.terms
            if term.correction is not None
        ],
        "notes": [
            {"column": note.column, "text": note.text, "by": str(note.author), "made_at": note.made_at}
            for note in (*detail.annotations, *(note for term in detail.terms for note in term.annotations))
        ],
        "table_digest": detail.table_digest,
        "note": NOTE,
    }


def _typed(row: Licence, column: str) -> Any:
    """A cell as JSON: numbers and truth values as such, several words as a list, the rest as the table writes it."""
    value = getattr(row, column)
    if value is None or isinstance(value, (bool, int)):
        return value
    return list(value) if isinstance(value, tuple) else wording.cell(row, column)


# --- one case ------------------------------------------------------------------------------------------------------


class CaseDocument(serializers.Serializer[None]):
    """A case as the command ``check_licenses`` reads it. Keys that are not known are left alone."""

    id = serializers.CharField(required=False, allow_null=True, allow_blank=True)
    artefact = serializers.JSONField(help_text="{type, license, license_name, name, has_license_file, notices, …}")
    upstream = serializers.JSONField(required=False, help_text="[{id, type, license, relation, upstream: […], …}]")
    works = serializers.JSONField(required=False, help_text="works by (type, id), for graphs with shared nodes")
    overrides = serializers.JSONField(required=False, help_text="[{code, chain, reason, by, until}]")
    use_profile = serializers.JSONField(required=False, help_text="{purpose, mode, territory, mau, strictness, …}")


class LicenceFinding(serializers.Serializer[None]):
    """One finding; ``chain`` leads from the upstream whose licence speaks to the artefact."""

    code = serializers.CharField()
    severity = serializers.ChoiceField(choices=["conflict", "unknown", "warning", "obligation"])
    message = serializers.CharField()
    term = serializers.CharField()
    section = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # the base class has an attribute of it
    chain = serializers.ListField(child=serializers.CharField())
    relations = serializers.ListField(child=serializers.CharField(), required=False)
    params = serializers.JSONField()
    state = serializers.CharField(
        required=False, help_text="of an obligation: met, attested, open or unseen (nobody could look)"
    )


class LicenceRepair(serializers.Serializer[None]):
    """What would mend findings, tried out on the repaired case."""

    action = serializers.CharField()
    target = serializers.CharField()
    clears = serializers.ListField(child=serializers.CharField())
    verdict = serializers.CharField(required=False, help_text="the verdict after it")
    params = serializers.JSONField(required=False)


class LicenceAnswer(serializers.Serializer[None]):
    """The case, judged. ``latent`` findings begin with distribution and do not bind the mode that was asked about."""

    id = serializers.CharField(allow_null=True)
    verdict = serializers.ChoiceField(choices=["conflict", "unknown", "warning", "obligation", "pass"])
    codes = serializers.ListField(child=serializers.CharField())
    findings = LicenceFinding(many=True)
    latent = LicenceFinding(many=True)
    overridden = LicenceFinding(many=True, required=False)
    choices = serializers.JSONField()
    repairs = LicenceRepair(many=True)
    table_digest = serializers.CharField()
    matrix = serializers.JSONField(required=False, allow_null=True)


class LicenceCheck(APIView):
    """Judge one case by the licence table as it holds here. Nothing is stored.

    The answer compares what is declared with a reading of texts; it is no permission.
    """

    scopes = {"POST": Scope.CATALOG_READ}

    @extend_schema(operation_id="licenses_check", request=CaseDocument, responses={200: LicenceAnswer})
    def post(self, request: Request) -> Response:
        from licenses import compat  # the engine: only who judges loads it

        case = request.data
        if not isinstance(case, Mapping):
            raise Problem(400, "not_a_case", "a case is a JSON object with artefact, upstream and use_profile")
        works = _count(case)
        if works > MOST_WORKS:
            why = f"the case has {works} works; {MOST_WORKS} are judged in a request, more by check_licenses"
            raise Problem(413, "too_many_works", why)
        try:
            return Response(compat.check(case, corrections=table.overlay()))
        except CaseRejected as refused:
            place, _colon, why = str(refused).partition(": ")
            errors = {place: [why]} if why and " " not in place else {"": [str(refused)]}
            raise Problem(422, "case_rejected", str(refused), errors=errors) from refused


def _count(case: Mapping[str, Any]) -> int:
    """How many works a case tells of, each as often as it does. Anything that is no work is left to the engine."""
    waiting: list[Any] = [case]
    found = 0
    while waiting:
        one = waiting.pop()
        if not isinstance(one, Mapping):
            continue
        for key in ("upstream", "works"):
            several = one.get(key)
            if isinstance(several, list):
                found += len(several)
                waiting += several
    return found
