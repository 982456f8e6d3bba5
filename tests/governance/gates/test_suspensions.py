"""The kill switch: what it closes at once, how far it reaches, and that nothing opens again by itself."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from governance.catalog.models import Edge, Suspension
from governance.catalog.suspensions import services
from governance.catalog.suspensions.reach import reaching
from governance.gates import suspending
from governance.gates.documents import gate_document
from governance.gates.models import Closure
from governance.ledger.models import Event
from governance.notifications.models import Outbox
from governance.people.models import User
from governance.reviews.deciding import RequirementsOpen
from tests.factories import EntryFactory, TeamFactory, VersionFactory, member
from tests.governance.world import World

WHY = "Personal data was found in it"


@pytest.fixture
def officer(world: World) -> User:
    """A risk officer of the whole organisation."""
    return member(None, "risk_officer")


def suspend(world: World, by: User, **fields: object) -> Suspension:
    asked = {"entry": world.version.entry, "reason": WHY, "by": by, "at": timezone.now(), **fields}
    return services.suspend(**asked)  # type: ignore[arg-type]  # the fields of the test are of many types


def made_from(world: World, *, steps: int = 3, revision: str | None = None) -> tuple[object, list[object]]:
    """The version of the world at the end of a chain of works; the first entry, and the versions between."""
    first = VersionFactory(entry=EntryFactory(kind="dataset"))
    above, between = first, []
    for _step in range(steps - 1):
        work = VersionFactory()
        Edge.objects.create(version=work, to_entry=above.entry, relation="train_on")
        between.append(work)
        above = work
    Edge.objects.create(version=world.version, to_entry=above.entry, relation="finetune", to_revision=revision)
    return first, between


def test_what_is_suspended_is_not_let_through_from_that_moment(world: World, officer: User) -> None:
    world.approved()
    assert world.gate().verdict == "allow"

    suspend(world, officer)

    answer = world.gate()
    assert (answer.verdict, answer.reason_codes) == ("deny", ("approval:suspended",))
    assert gate_document(answer)["grant"]["ended_reason"] == "suspended"


def test_a_suspended_dataset_closes_what_was_made_from_it_in_any_number_of_steps(world: World, officer: User) -> None:
    dataset, _between = made_from(world)
    approval = world.approved()

    made = suspend(world, officer, entry=dataset.entry)

    assert world.gate().reason_codes == ("approval:suspended",)
    assert suspending.closed_by(made, user=officer) == [approval]
    told = Outbox.objects.get(topic="approval.suspended").payload
    assert (told["suspension"], told["use_case"]) == (made.pk, world.use_case.slug)
    assert told["to"] == sorted(user.pk for user in (world.submitter, world.approver, world.risk_officer))


def test_without_its_descendants_only_the_entry_itself_closes(world: World, officer: User) -> None:
    dataset, _between = made_from(world)
    world.approved()

    suspend(world, officer, entry=dataset.entry, descendants=False)

    assert world.gate().verdict == "allow"


def test_a_suspended_revision_reaches_those_that_name_it_and_those_that_name_none(world: World, officer: User) -> None:
    base = VersionFactory()
    other = VersionFactory(entry=base.entry)
    names_it, names_other, names_none = VersionFactory(), VersionFactory(), VersionFactory()
    for version, revision in ((names_it, base.revision), (names_other, other.revision), (names_none, None)):
        Edge.objects.create(version=version, to_entry=base.entry, relation="finetune", to_revision=revision)

    made = suspend(world, officer, entry=base.entry, version=base)

    reached = reaching([base.pk, other.pk, names_it.pk, names_other.pk, names_none.pk])
    assert reached == {base.pk: [made], names_it.pk: [made], names_none.pk: [made]}


def test_a_ring_of_works_ends(world: World, officer: User) -> None:
    one, two = VersionFactory(), VersionFactory()
    Edge.objects.create(version=one, to_entry=two.entry, relation="finetune")
    Edge.objects.create(version=two, to_entry=one.entry, relation="finetune")

    made = suspend(world, officer, entry=one.entry)

    assert reaching([one.pk, two.pk]) == {one.pk: [made], two.pk: [made]}


def test_a_suspension_for_a_team_leaves_others_alone(world: World, officer: User) -> None:
    elsewhere = World(at=world.at)
    Edge.objects.create(version=elsewhere.version, to_entry=world.version.entry, relation="finetune")
    world.approved()
    elsewhere.approved()

    suspend(world, world.risk_officer, team=world.team)

    assert world.gate().verdict == "deny"
    assert elsewhere.gate().verdict == "allow"


def test_nothing_is_approved_while_it_is_suspended(world: World, officer: User) -> None:
    submission = world.voted()
    with CaptureQueriesContext(connection) as queries:
        suspend(world, officer)
    assert not any("FOR UPDATE" in q["sql"] and "reviews_submission" in q["sql"] for q in queries)

    with pytest.raises(RequirementsOpen, match="suspended:unsatisfied"):
        world.approve(submission)

    submission.refresh_from_db()
    assert submission.verdict == "deny"
    [step] = submission.evaluation["next_steps"]
    assert (step["action"], step["who"], step["detail"]) == (
        "lift_suspension",
        "risk_officer",
        f"model:{world.version.entry.repo_id}",
    )
    assert submission.facts["lineage"]["suspended"] == 1


def test_lifting_opens_nothing_but_lets_a_review_go_on(world: World, officer: User) -> None:
    world.approved()
    made = suspend(world, officer)

    services.lift(suspension_id=made.pk, reason="It was removed from it", by=member(None, "admin"), at=timezone.now())

    assert world.gate().reason_codes == ("approval:suspended",)
    world.at = timezone.now()
    approval = world.approved()
    assert world.gate().approval == approval


def test_who_suspended_does_not_lift(world: World, officer: User) -> None:
    made = suspend(world, officer)

    with pytest.raises(services.NotAllowed) as refused:
        services.lift(suspension_id=made.pk, reason="I changed my mind", by=officer, at=timezone.now())

    assert refused.value.code == "self_lift"
    with pytest.raises(IntegrityError), transaction.atomic():
        Suspension.objects.filter(pk=made.pk).update(
            lifted_at=timezone.now(), lifted_by=officer, lifted_reason="past the rules"
        )


@pytest.mark.parametrize("role", ["submitter", "approver", "reviewer:security", "auditor", "viewer"])
def test_only_risk_officers_and_admins_suspend(world: World, role: str) -> None:
    with pytest.raises(services.NotAllowed) as refused:
        suspend(world, member(None, role))

    assert refused.value.code == "not_a_risk_officer"
    assert not Suspension.objects.exists()


def test_a_team_s_officer_does_not_suspend_for_everybody(world: World) -> None:
    with pytest.raises(services.NotAllowed):
        suspend(world, world.risk_officer)
    with pytest.raises(services.NotAllowed):
        suspend(world, world.risk_officer, team=TeamFactory())


def test_a_suspension_needs_a_reason_and_is_made_once(world: World, officer: User) -> None:
    with pytest.raises(services.NotAcceptable) as refused:
        suspend(world, officer, reason="  because ")
    assert refused.value.code == "reason_required"

    suspend(world, officer)
    with pytest.raises(services.SuspensionRefused) as twice:
        suspend(world, officer)
    assert twice.value.code == "already_suspended"
    assert Event.objects.filter(verb="suspension.made").count() == 1


def test_a_suspension_is_never_edited_and_never_revived(world: World, officer: User) -> None:
    made = suspend(world, officer)
    with pytest.raises(IntegrityError, match="only"), transaction.atomic():
        Suspension.objects.filter(pk=made.pk).update(reason="something else")
    services.lift(suspension_id=made.pk, reason="It was removed from it", by=member(None, "admin"), at=timezone.now())
    with pytest.raises(IntegrityError, match="was lifted"), transaction.atomic():
        Suspension.objects.filter(pk=made.pk).update(lifted_at=None, lifted_by=None, lifted_reason="")


def test_looking_ahead_says_what_would_close_and_leaves_no_trace(world: World, officer: User) -> None:
    dataset, _between = made_from(world)
    approval = world.approved()

    found = suspending.would_close(
        entry=dataset.entry, version=None, descendants=True, team=None, by=officer, at=timezone.now()
    )

    assert found == [approval]
    assert not Suspension.objects.exists()
    assert not Closure.objects.exists()
    assert world.gate().verdict == "allow"


def test_reaching_costs_the_same_for_one_version_and_for_many(world: World, officer: User) -> None:
    dataset, between = made_from(world, steps=6)
    suspend(world, officer, entry=dataset.entry)

    with CaptureQueriesContext(connection) as queries:
        reached = reaching([world.version.pk, *(one.pk for one in between)])

    assert len(queries) == 2
    assert set(reached) == {world.version.pk, *(one.pk for one in between)}


# --- over HTTP -----------------------------------------------------------------------------------------------------


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_person_looks_suspends_and_a_second_lifts(world: World, officer: User) -> None:
    approval = world.approved()
    entry = world.version.entry
    page = reverse("catalog:suspend", args=[entry.kind, entry.namespace, entry.name])
    sent = {"version": "", "descendants": "on", "team": "", "reason": ""}

    looked = browser(officer).post(page, {**sent, "look": "1"})
    assert looked.status_code == 200
    assert world.use_case.name in looked.text
    assert not Suspension.objects.exists()

    refused = browser(officer).post(page, {**sent, "suspend": "1"})
    assert refused.status_code == 422

    done = browser(officer).post(page, {**sent, "suspend": "1", "reason": WHY}, follow=True)
    assert done.status_code == 200
    assert WHY in done.text
    approval.refresh_from_db()
    assert approval.ended_reason == "suspended"

    made = Suspension.objects.get()
    lifting = reverse("portal:suspension-lift", args=[made.pk])
    own = browser(officer).post(lifting, {"reason": "It was removed from it"})
    assert (own.status_code, "second person" in own.text) == (403, True)
    second = browser(member(None, "risk_officer")).post(lifting, {"reason": "It was removed from it"}, follow=True)
    assert second.status_code == 200
    made.refresh_from_db()
    assert made.lifted_reason == "It was removed from it"


def test_the_page_of_a_version_says_that_it_rests_on_something_suspended(world: World, officer: User) -> None:
    dataset, _between = made_from(world)
    suspend(world, officer, entry=dataset.entry)
    entry, version = world.version.entry, world.version

    shown = browser(officer).get(
        reverse("catalog:version", args=[entry.kind, entry.namespace, entry.name, version.revision])
    )

    assert f"It was made from {dataset.entry.repo_id}, which is suspended." in shown.text
    assert WHY in shown.text


def test_who_may_not_suspend_sees_no_form(world: World) -> None:
    entry = world.version.entry
    page = reverse("catalog:suspend", args=[entry.kind, entry.namespace, entry.name])

    assert browser(world.approver).get(page).status_code == 403
    assert browser(world.stranger).get(page.replace(entry.name, "no-such-model")).status_code == 404


def test_a_suspension_of_a_team_is_not_seen_by_others(world: World) -> None:
    made = suspend(world, world.risk_officer, team=world.team)

    assert browser(world.stranger).get(reverse("portal:suspension", args=[made.pk])).status_code == 404
    assert browser(world.submitter).get(reverse("portal:suspension", args=[made.pk])).status_code == 200
