"""Requirements, reasons and steps in words, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any

from django.utils.translation import get_language, gettext_noop, ngettext, pgettext
from django.utils.translation import gettext as _

from governance.catalog.forms import UseCaseForm
from governance.policies import outdated, suspended
from governance.policies.conditions import NOT_ASKED
from governance.policies.overriding import VOTE
from governance.policies.where_asked import in_words
from governance.web.templatetags import figures
from governance.web.templatetags.words import look_up

# The titles of the default policies are English in their YAML. Listed here, they can be said in other languages;
# a title that somebody else wrote is shown as it was published.
TITLES = (
    gettext_noop("The card can be read and says what a reviewer needs"),
    gettext_noop("The licence is known"),
    gettext_noop("The licence allows the declared use"),
    gettext_noop("A bias audit was made and did not fail"),
    gettext_noop("No group is treated worse than the audit plan allows"),
    gettext_noop("The data audit found nothing that stops"),
    gettext_noop("Loading its files runs nothing that is not known, and every byte was read"),
    gettext_noop("There is no pickle and no program among its files"),
    gettext_noop("Its files were read, and nothing in them reaches beyond calculation"),
    gettext_noop("Its answers hold when texts change as texts do"),
    gettext_noop("Its answers hold when columns and pictures change as they do in use"),
    gettext_noop("Text classifiers of critical risk as a prototype"),
    gettext_noop("Text classifiers of high and critical risk from the pilot on"),
    gettext_noop("Text classifiers of minimal and limited risk in production"),
    gettext_noop("Models of columns and pictures of critical risk as a prototype"),
    gettext_noop("Models of columns and pictures of high and critical risk from the pilot on"),
    gettext_noop("Models of columns and pictures of minimal and limited risk in production"),
    gettext_noop("Files of models of minimal risk from the pilot on"),
    gettext_noop("Files of models from the pilot on"),
    gettext_noop("Files of models of critical risk in production"),
    gettext_noop("A pilot was reported, with requests, complaints, drift, cost and a rollback drill"),
    gettext_noop("A pilot of at least 14 days was reported, with a rollback drill"),
    gettext_noop("It is on record how the model is made and on which errors that rests"),
    gettext_noop("Models of minimal risk as a prototype"),
    gettext_noop("Models of minimal risk in a pilot"),
    gettext_noop("Models of minimal risk in production"),
    gettext_noop("Models of limited risk as a prototype"),
    gettext_noop("Models of limited risk in a pilot"),
    gettext_noop("Models of limited risk in production"),
    gettext_noop("Models of high risk as a prototype"),
    gettext_noop("Models of high risk in a pilot"),
    gettext_noop("Models of high risk in production"),
    gettext_noop("Models of critical risk as a prototype"),
    gettext_noop("Models of critical risk in a pilot"),
    gettext_noop("Models of critical risk in production"),
    gettext_noop("Datasets at every stage"),
    gettext_noop("Datasets in production"),
    gettext_noop("Spaces at every stage"),
    gettext_noop("Spaces in production"),
)
# Those of requirements which stand in no file.
BUILT_IN_TITLES = (
    gettext_noop("Nothing that it rests on is suspended"),
    gettext_noop("It was judged under the policies of now"),
)


def title(text: str) -> str:
    """The title of a policy or requirement in the reader's language where it is one of ours, else as it is."""
    return _(text) if text in (*TITLES, *BUILT_IN_TITLES) else text


def _audited(kind: str) -> str:
    """An audit kind as it stands beside the word audit."""
    return _audits_in(get_language()).get(kind, kind)


@cache
def _audits_in(language: str | None) -> dict[str, str]:
    return {
        "bias": pgettext("audit of", "bias"),
        "card": pgettext("audit of", "card"),
        "license": pgettext("audit of", "licence"),
        "data": pgettext("audit of", "data"),
        "drift": pgettext("audit of", "drift"),
        "ll144": pgettext("audit of", "Local Law 144"),
        "counterfactual": pgettext("audit of", "counterfactual texts"),
        "suite": pgettext("audit of", "functional suite"),
        "files": pgettext("audit of", "files"),
        "stress": pgettext("audit of", "stress"),
    }


def audit_of(kind: str) -> str:
    """An audit within a list of what is missing; or what no audit finds: a suspension, a judgement to come."""
    if kind == suspended.KIND:
        return _("something suspended")
    if kind == outdated.KIND:
        return _("a judgement under the policies of now")
    return _("%(kind)s audit") % {"kind": _audited(kind)}


def _verdict(word: str, kind: str) -> str:
    """A verdict within a sentence."""
    return _verdict_in(get_language(), word, kind)


@lru_cache(maxsize=1000)
def _verdict_in(language: str | None, word: str, kind: str) -> str:
    return str(look_up(word, kind).label).lower()


def message(result: Mapping[str, Any]) -> str:
    """One requirement's state as a sentence."""
    params = result.get("params", {})
    lacking = _lacking().get(str(params.get("lacking", "")))
    if lacking:
        return lacking
    if params.get("audit") and params.get("lacking") in ("missing", "outdated"):
        return _messages()[str(params["lacking"])] % {"kind": _audited(str(params["audit"]))}
    sentence = _messages().get(str(result.get("code")))
    if result.get("code") == NOT_ASKED and (where := in_words(str(params.get("condition", "")))):
        return _("Not asked here: the policy asks for it only where %(where)s.") % {"where": where}
    if sentence is None:
        return _("The state is %(code)s; that is not a yes.") % {"code": result.get("code")}
    kind = str(params.get("kind", ""))
    if result.get("code") == "errored" and params.get("error"):
        why = str(params["error"]).strip().rstrip(".")
        return _("The %(kind)s audit could not be done: %(why)s. That counts as no.") % {
            "kind": _audited(kind),
            "why": why,
        }
    if result.get("code") == "verdict_not_accepted" and params.get("profile_lacks"):
        sentence += " " + _("The licence profile of the use case does not say: %(fields)s.")
    accepted = ", ".join(dict.fromkeys(_verdict(str(word), kind) for word in params.get("accepted", ())))
    return sentence % {
        "kind": _audited(kind),
        "verdict": _verdict(str(params.get("verdict", "")), kind),
        "accepted": accepted,
        "error": params.get("error_code", ""),
        "age": params.get("age_days", ""),
        "limit": params.get("max_age_days", "?"),
        "fields": _fields(params.get("profile_lacks", ())),
        "condition": params.get("condition", ""),
        "why": str(params.get("error", "")).strip().rstrip("."),
        "until": figures.day(until) if (until := figures.moment(params.get("until"))) else _("its end"),
        "of": ", ".join(str(one).partition(":")[2] for one in params.get("of", ())),
    }


def _fields(names: Iterable[object]) -> str:
    """Fields of a licence profile as its form calls them."""
    shown = UseCaseForm.base_fields
    labels = [(str(name), shown.get(f"profile_{name}")) for name in names]
    return ", ".join(_("“%(name)s”") % {"name": name if field is None else field.label} for name, field in labels)


# Each in the reader's language; all of them are looked up once for a language, and not once for every sentence.
def _lacking() -> dict[str, str]:
    return _lacking_in(get_language())


def _messages() -> dict[str, str]:
    return _messages_in(get_language())


@cache
def _lacking_in(language: str | None) -> dict[str, str]:
    return {
        "audit_plan_missing": _("The use case has no audit plan for it, so nobody knows what to measure."),
        "predictions_missing": _("No table of predictions is attached, so nothing can be measured."),
        "data_missing": _("No table of data is attached, so nothing can be measured."),
        "reference_missing": _("No table to compare the data with is attached, so nothing can be measured."),
        "features_missing": _("The audit plan names no features, so nothing can be learned from."),
        "metrics_missing": _("The audit plan names no metrics, so nothing can be measured."),
        "files_missing": _("No files of the version are attached, so nothing can be scanned."),
        "model_missing": _("No file of the version that can be run is at hand, so nothing can be measured."),
        "model_not_of_version": _("The attached model is none of the version’s files, so it says nothing of it."),
        "stress_inputs_missing": _("No table of inputs is attached, so nothing can be measured."),
        "kind_without_inputs": _("This audit is not run on versions in a use case."),
    }


@cache
def _messages_in(language: str | None) -> dict[str, str]:
    return {
        "accepted": _("The %(kind)s audit says %(verdict)s."),
        "condition_holds": _("The condition of the policy holds."),
        "condition_fails": _("The condition of the policy does not hold (%(condition)s)."),
        "condition_error": _(
            "The condition of the policy cannot be answered: %(why)s. That counts as no (%(condition)s)."
        ),
        NOT_ASKED: _("Not asked here: the policy asks for it only where its condition holds (%(condition)s)."),
        "verdict_not_accepted": _("The %(kind)s audit says %(verdict)s; accepted are %(accepted)s."),
        "suspended": _("Suspended: %(of)s."),
        "policies_changed": _(
            "The policies have changed since this was judged. A worker judges it again; what else stands here was found"
            " before."
        ),
        "missing": _("There is no %(kind)s audit."),
        "outdated": _(
            "The %(kind)s audit was run on other inputs than today’s: plan, upload or licences have changed."
        ),
        "queued": _("The %(kind)s audit waits for a worker."),
        "running": _("The %(kind)s audit is running."),
        "errored": _("The %(kind)s audit could not be done (%(error)s); that counts as no."),
        "timed_out": _("The %(kind)s audit did not end in time; that counts as no."),
        "cancelled": _("The %(kind)s audit was cancelled; that counts as no."),
        "stale": _("The %(kind)s audit is too old: at most %(limit)s days are accepted."),
        "override_ended": _(
            "The %(kind)s audit rested on a reviewer’s override, which has ended; it has to be judged again."
        ),
        "upstream_ended": _("Something that it was made from is approved no longer."),
        "waiver_ended": _("The %(kind)s audit does not hold; it was waived until %(until)s, and the waiver has ended."),
        "waiver_revoked": _("The %(kind)s audit does not hold; it was waived, and the waiver was revoked."),
        "admin_override_ended": _("It does not hold; two administrators had set it aside, and the override has ended."),
        "admin_override_revoked": _("It does not hold; two administrators had set it aside, and took that back."),
        "verdict_unknown": _(
            "The %(kind)s audit says %(verdict)s, which it could not say when the policy was published."
        ),
        "state_unknown": _("The state of the %(kind)s audit cannot be understood; that counts as no."),
        "run_unreadable": _("The %(kind)s audits cannot be told apart; that counts as no."),
        "run_ambiguous": _("There are two newest %(kind)s audits that contradict each other; that counts as no."),
        "age_unknown": _("Nobody can tell how old the %(kind)s audit is; that counts as no."),
        "finished_in_future": _("The %(kind)s audit bears a time that has not come yet; that counts as no."),
    }


def reason(code: str) -> str:
    """A gate's reason code in words; one that is not known is shown as it is."""
    known = {
        "no_approval": _("nobody has approved this version for this use case and stage"),
        "manifest_mismatch": _("the files at hand are not those of the version that was reviewed"),
        "manifest_unknown": _("not every file of the version has been read, so the files at hand cannot be compared"),
        "no_policy": _("no policy applies to this kind, tier and stage"),
        "no_requirements": _("the policies that apply require nothing, so nothing was shown"),
        "approval:expired": _("the approval has expired"),
        "approval:replaced": _("the approval was replaced"),
        "approval:evidence_failed": _("a later audit failed and ended the approval"),
        "approval:revoked": _("the approval was revoked"),
        "approval:suspended": _("the approval was suspended"),
        "approval:tier_changed": _("the use case has another risk tier than the approval was granted for"),
        "review:rejected": _("the submission was rejected"),
        "review:withdrawn": _("the submission was withdrawn"),
        "review:changes_requested": _("the submission was returned for changes"),
        "review:superseded": _("a newer submission took its place"),
        "review:awaiting_decision": _("every requirement holds; an approver has to decide"),
        "vote.distinct:pending": _("more different people have to vote"),
        f"{outdated.ID}:{outdated.CODE}": _("the policies have changed, and it has to be judged under them first"),
    }
    if code in known:
        return known[code]
    if code.startswith("facts_malformed:"):
        return _("the facts cannot be read at %(path)s") % {"path": code.partition(":")[2]}
    what, _colon, state = code.rpartition(":")
    of_policy = {
        "policy_changed": _("the policy %(name)s has changed, and it would not be approved under it"),
        "to_be_judged": _("the policy %(name)s has changed, and a worker has to judge it under that first"),
    }
    if what.startswith("policy.") and state in of_policy:
        return of_policy[state] % {"name": what.removeprefix("policy.")}
    over = {
        "waiver_ended": _("its waiver has ended"),
        "waiver_revoked": _("its waiver was revoked"),
        "overridden_by_admin": _("set aside by two administrators"),
        "admin_override_ended": _("its override by two administrators has ended"),
        "admin_override_revoked": _("its override by two administrators was revoked"),
        "upstream_ended": _("something that it was made from is approved no longer"),
    }
    if what.startswith(VOTE) and state in ("pending", "unsatisfied"):
        lane = {"lane": str(look_up(what.removeprefix(VOTE), "lane").label)}
        short = _("too few people have agreed in lane %(lane)s")
        return (short if state == "pending" else _("somebody has vetoed it in lane %(lane)s")) % lane
    state = over.get(state) or str(look_up(state, "requirement").label).lower()
    return _("%(what)s: %(state)s") % {"what": what, "state": state} if what else code


def told_step(one: Mapping[str, Any]) -> dict[str, Any]:
    """A step with its sentence, how long it usually takes, and the same of what would do in its place."""
    shown = {**one, "message": step(one)}
    if "usually" in one:
        shown["usually"] = {**one["usually"], "message": usually(one)}
    return shown | {"alternative": told_step(one["alternative"])} if one.get("alternative") else shown


def usually(step: Mapping[str, Any]) -> str:
    """How long a step usually takes, and of how many that is the median; nothing where it is on no record."""
    told: Mapping[str, Any] = step.get("usually") or {}
    n = int(told.get("n", 0))
    if told.get("seconds") is not None:
        return ngettext("usually %(time)s: the median of %(n)s", "usually %(time)s: the median of %(n)s", n) % {
            "time": figures.duration(told["seconds"]),
            "n": n,
        }
    if told.get("reason") != "too_few_known":
        return ""
    return ngettext(
        "how long it takes is not known yet: %(n)s is on record",
        "how long it takes is not known yet: %(n)s are on record",
        n,
    ) % {"n": n}


def _more_exactly(action: str, step: Mapping[str, Any]) -> str:
    """Which of the sentences on one action it is."""
    if action == "submit" and step.get("again"):
        return "submit_again"
    if action == "wait" and step.get("target") == outdated.KIND:
        return "wait_judged"
    return "ask_waiver_days" if action == "ask_waiver" and step.get("detail") else action


def _sentences(count: int) -> dict[str, str]:
    """What is said of each action; ``count`` is how many people or suspensions it is about."""
    return {
        "lift_suspension": ngettext(
            "A second risk officer has to lift %(count)s suspension: of %(detail)s.",
            "A second risk officer has to lift each of %(count)s suspensions: of %(detail)s.",
            count,
        ),
        "run": _("Run the %(target)s audit."),
        "retry": _("Run the %(target)s audit again; the last one could not be done."),
        "wait": _("Wait for the %(target)s audit to end."),
        "wait_judged": _("Wait until a worker has judged it under the policies of now."),
        "repair": _("Mend what the %(target)s audit found, then submit the mended version."),
        "attach_predictions": _("Attach a table of predictions; the %(target)s audit then starts by itself."),
        "attach_files": _("Attach the version’s files; the %(target)s audit then starts by itself."),
        "attach_data": _("Attach a table of data; the %(target)s audit then starts by itself."),
        "mend_table": _(
            "The audit could not use the table: %(detail)s. Attach a mended table of predictions (a submitter), or"
            " have the audit plan changed (a risk officer)."
        ),
        "mend_inputs": _(
            "The %(target)s audit could not use what it was given: %(detail)s. Mend it, then run it again."
        ),
        "complete_profile": _(
            "Say %(detail)s in the licence profile of the use case; the licence audit then runs again by itself."
        ),
        "approve_upstream": _("Have what it was made from approved again, or submit a version that does without it."),
        "meet_condition": _("Meet the condition of %(target)s (%(detail)s)."),
        "submit": _("Submit this version for %(detail)s in use case %(target)s; check the name of the use case."),
        "submit_again": _("Submit this version again for %(detail)s in use case %(target)s."),
        "resubmit": _("Bring the returned submission back; who agreed has to agree anew."),
        "decide": _("An approver has to approve it for %(detail)s."),
        "write_audit_plan": _("Write the audit plan of the use case; the %(target)s audit needs it."),
        "vote": ngettext(
            "%(count)s more person has to agree in lane %(target)s.",
            "%(count)s more people have to agree in lane %(target)s.",
            count,
        ),
        "lift_veto": _("The veto in lane %(target)s has to be lifted by who cast it."),
        "vote_by_another": _("More different people have to vote: %(count)s."),
        "ask_waiver": _(
            "The waiver is over: mend what the %(target)s audit found, or ask for a new waiver; a second person has"
            " to accept it."
        ),
        "ask_waiver_days": _(
            "Ask for a waiver of what the %(target)s audit lacks or found, for at most %(detail)s days; a second person"
            " has to accept it."
        ),
        "publish_policy": _("Publish a policy that applies to: %(target)s."),
        "correct_facts": _("The facts cannot be read at %(target)s; an administrator looks into it."),
    }


def step(step: Mapping[str, Any]) -> str:
    """One step of the way to yes: what to do and who can."""
    action, target, count = str(step.get("action")), str(step.get("target", "")), step.get("count", 1)
    detail = str(step.get("detail", "")).strip().rstrip(".")
    if action == "mend_inputs":
        action = "mend_table" if target in ("bias", "ll144", "counterfactual", "suite") else action
    elif action == "complete_profile":
        detail = _fields(name.strip() for name in detail.split(","))
    elif action == "lift_suspension":
        detail = ", ".join(one.partition(":")[2] for one in detail.split(", "))
    elif action in ("submit", "resubmit", "decide"):
        detail = str(look_up(detail, "stage").label).lower()
    action = _more_exactly(action, step)
    if action in ("vote", "lift_veto"):
        target = str(look_up(target, "lane").label)
    elif action not in ("submit", "submit_again", "resubmit", "decide"):
        target = _audited(target)
    sentence = _sentences(int(count)).get(action)
    if sentence is None:
        return _("%(action)s: %(target)s") % {"action": action, "target": target}
    return sentence % {"target": target, "count": count, "detail": detail}
