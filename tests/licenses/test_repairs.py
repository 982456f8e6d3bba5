"""What would end a conflict, and that it does."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licenses import repairs, texts
from licenses.cards import badges_digest
from licenses.compat import check, judge
from licenses.findings import RANK
from licenses.repairs import plan, prefixed
from tests.licenses.compat.cases import case
from tests.licenses.test_properties import NAMELESS, licences, profiles, relations


def repaired(given_case: dict[str, Any], **of: Any) -> list[dict[str, Any]]:
    """The repairs of a case; ``of`` holds what they have to match."""
    found = plan(given_case, judge(given_case), judge)
    return [one for one in found if all(one[key] == value for key, value in of.items())]


def test_a_laundered_and_misnamed_derivative_is_repaired_by_declaring_and_renaming_together() -> None:
    found = repaired(case("apache-2.0", [("llama3.1", "finetune")]))

    best = found[0]
    assert best["action"] == "declare_and_rename"
    assert best["params"]["licence_id"] == "llama3.1"
    assert best["params"]["name"] == "acme/Llama-thing"
    assert {"C-LAUNDER", "C-NAME"} <= set(best["clears"])
    assert best["verdict"] != "conflict"
    assert best["message"] == "declare llama3.1 and rename it to acme/Llama-thing"
    # Each alone clears its own code and leaves the other.
    (declare,) = [one for one in found if one["action"] == "declare"]
    assert "C-LAUNDER" in declare["clears"]
    assert declare["verdict"] == "conflict"


def test_a_name_alone_is_repaired_by_the_name_alone() -> None:
    found = repaired(case("llama3.1", [("llama3.1", "finetune")]))

    assert found[0]["action"] == "rename"
    assert found[0]["target"] == "acme/Llama-thing"
    assert not [one for one in found if one["action"] in ("declare_and_rename", "several")]


def test_data_for_research_alone_is_repaired_by_the_purpose_or_without_the_data() -> None:
    data = {"id": "org/data", "type": "dataset", "license": "cc-by-nc-4.0", "relation": "train_on"}

    found = repaired(case("apache-2.0", [data], strictness="strict"))

    assert [one["target"] for one in found if one["action"] == "change_purpose"] == ["research"]
    (drop,) = [one for one in found if one["action"] == "drop"]
    assert drop["target"] == "org/data"
    assert drop["params"] == {"works": ["org/data"], "types": ["dataset"]}
    assert drop["message"] == "build it without org/data"


def test_restrictions_that_have_to_be_carried_are_carried_before_the_licence_is_changed() -> None:
    found = repaired(case("mit", [("creativeml-openrail-m", "finetune")]))

    assert [one["action"] for one in found[:2]] == ["carry_restrictions", "declare"]
    assert found[0]["verdict"] != "conflict"


def test_what_one_change_cannot_end_two_end_together() -> None:
    found = repaired(case("apache-2.0", [("cc-by-nc-4.0", "finetune")]))

    (both,) = [one for one in found if one["action"] == "several"]
    assert [one["action"] for one in both["params"]["steps"]] == ["declare", "change_purpose"]
    assert {"C-LAUNDER", "C-NC"} <= set(both["clears"])
    assert both["verdict"] != "conflict"


def test_two_upstreams_behind_one_conflict_are_dropped_together() -> None:
    found = repaired(case("mit", [("gpl-3.0", "finetune"), ("gpl-3.0", "finetune")]), action="drop")

    assert [one["params"]["works"] for one in found] == [["org/up0", "org/up1"]]
    assert "C-COPYLEFT" in found[0]["clears"]


def test_a_licence_text_that_is_missing_is_added() -> None:
    missing = case("apache-2.0", [("mit", "finetune")], artefact={"has_license_file": False})

    (added,) = repaired(missing)

    assert (added["action"], added["clears"]) == ("add_licence_text", ["W-NO-TEXT"])


def test_nothing_is_repaired_where_nothing_conflicts() -> None:
    assert repaired(case("apache-2.0", [("mit", "finetune")])) == []
    assert repaired(case("apache-2.0", [(None, "finetune")])) == []


def seen(declared: str, *upstream: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A work that is passed on and whose files, notices and card were looked at."""
    looked = {"texts": [], "notice_texts": [], "card_seen": {"badges": [], "sought": badges_digest()}, **more}
    return case(declared, list(upstream), artefact={"name": "org/Llama-3-mine", "has_license_file": True, **looked})


def unmet(answer: dict[str, Any]) -> set[str]:
    return {one["code"] for one in answer["findings"] if one.get("state") == "open"}


def test_what_a_licence_asks_for_and_is_not_there_is_added() -> None:
    bare = seen("llama3", ("llama3", "finetune"), texts=[{"path": "LICENSE", "sha256_normalised": text_of("mit")}])
    bare["artefact"]["license"] = "llama3"
    before = judge(bare)
    assert {"O-LICENSE-COPY", "O-NOTICE", "O-BADGE"} <= unmet(before)

    found = {one["action"]: one for one in plan(bare, before, judge)}

    assert found["add_texts"]["clears"] == ["O-LICENSE-COPY"]
    assert found["add_texts"]["params"]["licence_ids"] == ["llama3"]
    assert "O-NOTICE" in found["add_notice"]["clears"]
    assert found["add_notice"]["params"]["works"] == ["<artefact>", "org/up0"]
    assert found["show_badge"]["clears"] == ["O-BADGE"]
    assert found["show_badge"]["params"]["words"] == ["Built with Meta Llama 3"]
    for one in found.values():
        after = judged_after(bare, one)
        assert not unmet(after) & set(one["clears"])
        assert after["verdict"] == one["verdict"]


def judged_after(bare: dict[str, Any], repair: dict[str, Any]) -> dict[str, Any]:
    """The case after a duty is met, changed here by the words of the repair alone."""
    artefact, params = dict(bare["artefact"]), repair["params"]
    if repair["action"] == "add_texts":
        added = [{"path": f"third_party/LICENSE-{n}", "sha256_normalised": text_of(row)} for n, row in numbered(params)]
        artefact["texts"] = [*artefact["texts"], *added]
    if repair["action"] == "add_notice":
        artefact["notice_texts"] = [" ".join([*params["works"], *params["licences"]])]
    if repair["action"] == "show_badge":
        artefact["card_text"] = " ".join(params["words"])
    if repair["action"] == "add_licence_text":
        artefact |= {"has_license_file": True, "texts": [{"path": "LICENSE"}]}
    return judge({**bare, "artefact": artefact})


def numbered(params: dict[str, Any]) -> list[tuple[int, str]]:
    return list(enumerate(params["licence_ids"]))


def text_of(licence: str) -> str:
    return next(digest for digest, known in texts.known_texts().items() if known.licence.id == licence)


def test_a_duty_that_nobody_looked_for_is_not_said_to_lack() -> None:
    unlooked = case("llama3", [("llama3", "finetune")], artefact={"name": "org/Llama-3-mine"})
    assert "open" in {one.get("state") for one in judge(unlooked)["findings"]}

    assert repaired(unlooked) == []


def test_a_text_that_no_list_knows_cannot_be_proved_and_is_not_offered() -> None:
    unknown = seen(
        "falcon-180b", ("falcon-180b", "finetune"), texts=[{"path": "LICENSE", "sha256_normalised": text_of("mit")}]
    )
    assert "O-LICENSE-COPY" in unmet(judge(unknown))

    assert not repaired(unknown, action="add_texts")


def test_a_duty_is_met_where_nothing_is_in_conflict_too() -> None:
    bare = seen("apache-2.0", ("apache-2.0", "finetune"))

    answer = check(bare)

    assert answer["verdict"] != "conflict"
    assert {"add_licence_text", "add_notice"} <= {one["action"] for one in answer["repairs"]}
    assert check(case("apache-2.0", [("apache-2.0", "finetune")]))["repairs"] == []


def test_a_duty_that_is_met_brings_no_conflict_and_worsens_nothing() -> None:
    bare = seen("mit", ("llama3", "finetune"), ("gpl-3.0", "code"), ("qwen", "distill"), ("cc-by-4.0", "train_on"))
    before = judge(bare)

    for one in plan(bare, before, judge):
        if one["action"] in ("add_texts", "add_notice", "show_badge", "add_licence_text"):
            after = judged_after(bare, one)
            assert RANK[after["verdict"]] <= RANK[before["verdict"]]
            assert not {code for code in after["codes"] if code.startswith("C-")} - set(before["codes"])
            assert not unmet(after) & set(one["clears"])


def test_thirty_bases_stay_within_the_number_of_runs() -> None:
    runs = 0

    def counted(one: Any) -> dict[str, Any]:
        nonlocal runs
        runs += 1
        return judge(one)

    bases = [(licence, "merge") for licence in ("gpl-3.0", "cc-by-nc-4.0", "llama3.1") * 10]
    crowded = case("apache-2.0", bases)

    found = plan(crowded, judge(crowded), counted)

    assert found
    assert runs <= repairs.MAX_RUNS


@pytest.mark.parametrize(
    ("name", "prefix", "renamed"),
    [("acme/thing", "Llama 3", "acme/Llama-3-thing"), ("thing", "Llama", "Llama-thing"), ("a/b/c", "X", "a/b/X-c")],
)
def test_a_prefix_goes_before_the_name_and_after_the_owner(name: str, prefix: str, renamed: str) -> None:
    assert prefixed(name, prefix) == renamed


def test_every_action_has_words_and_a_cost() -> None:
    assert set(repairs.COSTS) | {"several"} == set(repairs.MESSAGES)


upstreams = st.lists(st.tuples(licences | st.sampled_from(NAMELESS), relations), max_size=4)


@given(licences | st.sampled_from(NAMELESS), upstreams, profiles)
def test_a_repair_clears_what_it_says_brings_no_conflict_and_guesses_nothing(
    declared: Any, edges: list[tuple[Any, str]], profile: dict[str, Any]
) -> None:
    broken = case(declared, edges, **profile)
    untouched = copy.deepcopy(broken)
    answer = judge(broken)

    for repair in plan(broken, answer, judge):
        after = applied(broken, repair)
        assert repair["clears"] == sorted(set(answer["codes"]) - set(after["codes"]))
        assert repair["clears"]
        assert repair["verdict"] == after["verdict"]
        assert repair.get("introduces", []) == sorted(set(after["codes"]) - set(answer["codes"]))
        assert not any(code.startswith("C-") for code in repair.get("introduces", []))
        assert repair["message"]
        if repair["action"] in ("rename", "carry_restrictions", "ask_licensor", "add_licence_text"):
            assert not any(code.startswith("U-") for code in repair["clears"])
    assert broken == untouched


def applied(broken: dict[str, Any], repair: dict[str, Any]) -> dict[str, Any]:
    """The case after a repair, changed here by the words of the repair alone."""
    steps = repair["params"].get("steps", [repair])
    changed = copy.deepcopy(broken)
    for step in steps:
        apply(changed, step["action"], step["target"], step["params"])
    return judge(changed)


def apply(changed: dict[str, Any], action: str, target: str, params: dict[str, Any]) -> None:
    artefact, profile = changed["artefact"], changed["use_profile"]
    if action in ("declare", "declare_and_rename"):
        artefact.update(license=params["licence_id"], license_name=None, declared_text_reviewed=False)
    if action in ("rename", "declare_and_rename"):
        artefact["name"] = params["name"]
    if action == "carry_restrictions":
        artefact["includes_use_restrictions"] = True
    if action == "add_licence_text":
        artefact["has_license_file"] = True
    if action == "change_mode":
        profile["mode"] = params["mode"]
    if action == "change_purpose":
        profile["purpose"] = params["purpose"]
    if action == "drop":
        changed["upstream"] = [one for one in changed["upstream"] if one["id"] not in params["works"]]
    if action == "ask_licensor":
        changed["overrides"] = [
            *changed.get("overrides", []),
            *({**one, "reason": "asked", "by": "licensor", "until": None} for one in params["lifted"]),
        ]
