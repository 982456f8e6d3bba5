"""The shape of a report's document, ``assay-report/1``; told for readers in docs/report-document.md.

Keys are added, never renamed. Times are ISO 8601 in UTC, digests are SHA-256 in lower case. What was not measured is
null or absent, never 0. People are named as the ledger names them (``governance.ledger.services.actor_ref``): the
document never changes, and a person can be erased.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

FORMAT = "assay-report/1"


# In these a report is worded and drawn.
LANGUAGES = ("en", "ru")


class Words(TypedDict):
    """A sentence as it was worded when the report was made, by language."""

    en: str
    ru: str


# --- section 0 -------------------------------------------------------------------------------------------------------


class PeriodShape(TypedDict):
    """``label`` is 2026-11, 2026-Q4 or 2026-11-01..2026-11-15; ``first_day`` and ``last_day`` are days of the
    organisation's time zone, ``begins_at`` and ``ends_at`` the moments at which they begin and are over.
    """

    kind: str  # month, quarter, days
    label: str
    first_day: str
    last_day: str
    begins_at: str
    ends_at: str
    time_zone: str


class ScopeShape(TypedDict):
    kind: str  # portfolio, team
    slug: str | None
    name: str | None


class EditionRef(TypedDict):
    period: str
    number: int
    document_sha256: str
    content_sha256: str


class CheckpointShape(TypedDict):
    size: int
    root: str
    made_at: str


class Cover(TypedDict):
    """Section 0. ``as_of`` is the moment that the report speaks of: the period's end, or where the period had not
    ended (``provisional``) the moment of reading. ``read_at`` is when it was read. ``content_sha256`` is the digest of
    ``content`` as it stands in the document: equal facts give equal digests.
    """

    product: str
    product_version: str
    period: PeriodShape
    scope: ScopeShape
    edition: int
    provisional: bool
    as_of: str
    read_at: str
    content_sha256: str
    previous: EditionRef | None
    ledger: CheckpointShape | None


# --- section 1 -------------------------------------------------------------------------------------------------------


class StageTierCount(TypedDict):
    stage: str
    tier: str
    n: int


class Count(TypedDict):
    """A number by name. ``name`` is one of ``governance.reports.counts.NAMES``."""

    name: str
    n: int


class Summary(TypedDict):
    """Section 1. ``in_force`` are approvals in force at ``as_of`` by stage and tier; ``counts`` all the others, of the
    period or at its end as their names say; ``runs`` the audits that ended in the period by kind and verdict (or, where
    they measured nothing, by state).
    """

    in_force: list[StageTierCount]
    counts: list[Count]
    decisions: list[Count]  # by outcome
    runs: list[dict[str, Any]]  # {"kind", "verdict", "n"}


# --- section 2 -------------------------------------------------------------------------------------------------------


class Subject(TypedDict):
    kind: str
    id: str
    revision: str
    digest: str


class LineageRow(TypedDict):
    relation: str
    kind: str
    id: str
    revision: str | None
    origin: str  # card, file, person


class StageRow(TypedDict):
    """An approval in force at ``as_of``."""

    use_case: str
    tier: str
    stage: str
    verdict: str
    granted_at: str
    expires_at: str


class AuditRow(TypedDict):
    """The newest audit of a kind in a use case that had ended by ``as_of``. ``use_case`` is null where the audit reads
    the version alone; ``verdict`` is null where it measured nothing: then ``state`` and ``error_code`` say why.
    """

    run: int
    kind: str
    use_case: str | None
    state: str
    verdict: str | None
    origin: str
    finished_at: str
    inputs_digest: str
    result_sha256: str | None
    error_code: str | None


class InventoryItem(TypedDict):
    """Section 2, one version. ``key`` is its digest."""

    key: str
    subject: Subject
    manifest_digest: str | None
    assurance: str
    licences: list[str]
    lineage: list[LineageRow]
    owner: str | None  # a team's slug
    imported_at: str
    files: int
    bytes: int | None
    library: str | None
    task: str | None
    stages: list[StageRow]
    audits: list[AuditRow]
    open_reviews: list[dict[str, Any]]  # {"use_case", "stage", "submitted_at", "due_at", "overdue"}
    suspended: bool


# --- section 3 -------------------------------------------------------------------------------------------------------


class UseCaseShape(TypedDict):
    slug: str
    name: str
    purpose: str
    people_affected: str
    tier: str
    owner: str


class FindingShape(TypedDict):
    """A finding of an audit, with its words frozen."""

    code: str
    severity: str
    locus: str
    field: str
    line: int | None
    params: dict[str, Any]
    title: Words
    mend: Words


class AuditShape(TypedDict):
    """One audit that a decision rested on.

    ``result`` is the stored document of the audit, whole: metrics with n, interval, method and threshold, every group,
    unknown counts, exclusions. Its canonical bytes have the digest ``result_sha256``. It is null where
    ``result_missing`` says why: ``none`` (the audit keeps no document), ``erased``, ``altered``, ``too_large``.
    """

    run: int
    kind: str
    kind_version: int
    use_case: str | None
    state: str
    verdict: str | None
    origin: str
    seed: int
    packages: dict[str, str]
    inputs_digest: str
    plan_sha256: str | None
    finished_at: str | None
    summary: dict[str, float]
    error_code: str | None
    result_sha256: str | None
    result: Any  # an object, or null
    result_missing: str | None
    findings: list[FindingShape]


class VersionItem(TypedDict):
    """Section 3, one version on which there was a decision in the period. ``key`` is its digest.

    ``card`` are sections of its card by name (intended_uses, limitations, training_data, evaluation, for data sets
    creation and structure), as the author wrote them and cut after 4,000 characters; a section that says nothing is
    absent. ``card`` is null where there is no card.
    """

    key: str
    subject: Subject
    card: dict[str, str] | None
    card_sha256: str | None
    use_cases: list[UseCaseShape]
    decisions: list[str]  # keys in section 4
    audits: list[AuditShape]
    licence: dict[str, Any] | None  # the document of the licence audit: verdict, expression, findings with chains
    declared: list[dict[str, Any]]  # pilot reports signed until as_of


# --- section 4 -------------------------------------------------------------------------------------------------------


class VoteShape(TypedDict):
    """``role`` is the lane's reviewer; ``reason`` what the voter wrote; ``copied`` where it was brought from the
    version before."""

    lane: str
    value: int
    voter: str
    round: int
    cast_at: str | None
    reason: str
    facts_sha256: str | None
    copied: bool


class DecisionItem(TypedDict):
    """Section 4. ``key`` is ``<version digest>:<use case>:<stage>:<submission>.<round>``."""

    key: str
    subject: Subject
    use_case: str
    tier: str
    stage: str
    submission: int
    round: int
    outcome: str
    verdict: str
    automatic: bool
    decided_by: str | None
    decided_at: str
    submitted_by: str
    submitted_at: str
    reason: str
    votes: list[VoteShape]
    policies: list[dict[str, Any]]  # {"name", "number", "sha256"}
    requirements: list[dict[str, Any]]  # as the evaluation froze them: id, title, status, severity, code, params, run
    facts_sha256: str
    digests: dict[str, Any]  # licence_table, audit_plan
    approval: dict[str, Any] | None  # {"granted_at", "expires_at", "ended_at", "ended_reason"}


# --- section 5 -------------------------------------------------------------------------------------------------------


class ExceptionItem(TypedDict):
    """Section 5: a waiver, an override by two administrators, a licence override, a suspension, a gate that is not
    enforced; in force at ``as_of``, or changed in the period.

    ``key`` is ``<kind>:<number>``. ``state`` is proposed, active, rejected, revoked or expired as of ``as_of``.
    ``control`` is what stands in its place, where it says so.
    """

    key: str
    kind: str  # waiver, override, licence_override, suspension, gate_mode
    state: str
    subject: NotRequired[Subject | None]
    entry: NotRequired[dict[str, str] | None]  # {"kind", "id"} where an entry is meant and no version of it
    use_case: str | None
    stage: str | None
    what: list[Any]  # what is waived: requirements with policies and findings, items, codes
    reason: str
    control: str | None
    asked_by: str
    asked_at: str
    decided_by: str | None
    decided_at: str | None
    expires_at: str | None
    ended_by: str | None
    ended_at: str | None
    ended_reason: str | None


# --- section 6 -------------------------------------------------------------------------------------------------------


class NotCheckedItem(TypedDict):
    """Section 6: something that nobody measured, or that the report cannot tell. ``key`` is ``<code>:<place>``."""

    key: str
    code: str
    subject: Subject | None
    use_case: str | None
    params: dict[str, Any]
    words: Words


# --- sections 7, 8 ---------------------------------------------------------------------------------------------------


class Reproduction(TypedDict):
    """Section 8. ``commands`` make the report again and check it; the digests name everything it rests on."""

    commands: list[str]
    product_version: str
    packages: dict[str, list[str]]  # by package the versions with which audits of the report were run
    policies: list[dict[str, Any]]  # {"name", "number", "sha256"} of every decision shown
    audit_plans: list[str]
    licence_tables: list[str]
    as_read: list[dict[str, Any]]  # what could be read only as it stood at read_at: {"what", "words"}


class Content(TypedDict):
    """The sections as they are read from the rooms; no clock and no edition in it."""

    summary: Summary
    inventory: list[InventoryItem]
    versions: list[VersionItem]
    decisions: list[DecisionItem]
    exceptions: list[ExceptionItem]
    not_checked: list[NotCheckedItem]
    control_matrix: dict[str, Any]
    reproduction: Reproduction
    period: PeriodShape
    scope: ScopeShape


class DifferenceItem(TypedDict):
    """``fields`` are paths into the item with what stood there before and stands there now; long values are left out
    (``before`` and ``after`` absent)."""

    key: str
    title: str
    how: str  # added, removed, changed
    fields: list[dict[str, Any]]


class SectionDifferences(TypedDict):
    section: str
    added: int
    removed: int
    changed: int
    items: list[DifferenceItem]


class Differences(TypedDict):
    """What is otherwise than in ``against``: the edition before of the same period, else the newest of an earlier
    period of the same kind and scope. Null: there is none."""

    against: EditionRef | None
    counts: list[
        dict[str, Any]
    ]  # {"name", "before", "after"}; of an earlier period every count, else those that differ
    sections: list[SectionDifferences]


class Document(TypedDict):
    """A report. Its bytes are RFC 8785 JSON; their SHA-256 is what the ledger holds of the edition."""

    format: str
    cover: Cover
    content: Content
    differences: Differences
