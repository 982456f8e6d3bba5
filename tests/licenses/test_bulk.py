"""The pass over a whole graph says of every work what the engine says of it alone."""

from __future__ import annotations

import random
from typing import Any

import pytest

from licenses import compat, texts
from licenses.bulk import Graph, Judge, Verdict
from licenses.cards import badges_digest
from licenses.questions import RELATIONS

PLAIN = ["apache-2.0", "mit", "llama2", "llama3.1", "gemma", "cc-by-nc-4.0", "gpl-3.0", "cc-by-sa-4.0", "agpl-3.0"]
PLAIN += ["creativeml-openrail-m", "odbl", "other", "unknown", "no-such-licence", None, "proprietary"]
COMPOUND = [["mit", "gpl-3.0"], ["cc-by-sa-4.0", "cc-by-nc-4.0"], "MIT OR GPL-3.0-only", "Apache-2.0 AND MIT"]
APACHE = next(digest for digest, known in texts.known_texts().items() if known.licence.id == "apache-2.0")
DERIVED = ["finetune", "merge", "quantized", "adapter"]


def works(draw: random.Random, *, licences: list[Any], relations: list[Any], number: int) -> list[dict[str, Any]]:
    """Works of which most were made from earlier ones; some stand in cycles, some are said to be unknown."""
    found: list[dict[str, Any]] = []
    for at in range(number):
        name = f"owner/{draw.choice(['Llama-', 'llama_3', 'thing-'])}{at}"
        one = {"id": name, "type": draw.choice(["model", "model", "dataset"]), "license": draw.choice(licences)}
        for fact, values in FACTS.items():
            if draw.random() < 0.08:
                one[fact] = draw.choice(values)
        found.append(one)
    for at, one in enumerate(found):
        one["upstream"] = []
        for _ in range(draw.choice([0, 1, 1, 2, 3])):
            above = found[draw.randrange(number) if draw.random() < 0.03 else draw.randrange(at or 1)]
            if above is not one or draw.random() < 0.2:
                hop = {"id": above["id"], "type": above["type"], "relation": draw.choice(relations)}
                one["upstream"].append(hop)
    return found


FACTS: dict[str, list[Any]] = {
    "known": [False],
    "files_checked": [True],
    "license_at_head": ["mit", "gpl-3.0"],
    "has_license_file": [True, False],
    "notices": [["NOTICE", "Built with Llama"]],
    "includes_use_restrictions": [True],
    "declared_text_reviewed": [True],
    "modalities": [["text"], ["text", "image"]],
    "texts": [[], [{"path": "LICENSE"}], [{"path": "LICENSE", "sha256_normalised": APACHE, "copyright": True}]],
    "notice_texts": [[], ["Llama 3 Community License, Copyright Meta. Made from owner/thing1"]],
    "notices_cut": [True],
    "card_text": ["Built with Llama. Fine-tuned from owner/Llama-0. (c) 2024 Owner"],
    "card_seen": [{"badges": ["Built with Llama"], "sought": badges_digest(), "copyright": False}, {"sought": "old"}],
    "card_names_origins": [True],
    "records": [[{"source": "a list", "license": "mit"}]],
}


def said(findings: list[dict[str, Any]]) -> list[str]:
    return sorted(repr(sorted(one.items())) for one in findings)


def same(graph: Graph, verdict: Verdict, profile: dict[str, Any]) -> bool:
    """Whether a verdict of the pass and the engine's answer to the same case are the same, word for word."""
    alone, name = compat.judge(graph.case(verdict.work, profile)), graph.ids[verdict.work]
    parts = ((verdict.findings, alone["findings"]), (verdict.latent, alone["latent"]))
    return (verdict.verdict, verdict.codes) == (alone["verdict"], alone["codes"]) and all(
        said([one.as_json(name) for one in ours]) == said(theirs) for ours, theirs in parts
    )


@pytest.mark.parametrize(
    ("licences", "relations"),
    [
        (PLAIN, [*RELATIONS]),
        (PLAIN, DERIVED),
        (PLAIN + COMPOUND, [*RELATIONS, None, "no-such-relation"]),
        (PLAIN[:10], [*DERIVED, "train_on"]),
        (["mit", *COMPOUND[:2], "gpl-3.0"], [*DERIVED, "train_on"]),
    ],
    ids=["every relation", "derivatives", "sums, choices, unreadable", "models and data", "lists"],
)
def test_random_graphs_are_judged_as_one_by_one(licences: list[Any], relations: list[Any]) -> None:
    left, judged = 0, 0
    for seed in range(60):
        draw = random.Random(seed)  # noqa: S311 - the same graphs every time
        profile = {
            "purpose": draw.choice(["commercial", "research"]),
            "mode": draw.choice(["redistribute_weights", "internal", "saas", None]),
            "territory": draw.choice(["US", "DE"]),
            "strictness": draw.choice(["conservative", "strict", "legalistic"]),
        }
        graph = Graph.of(works(draw, licences=licences, relations=relations, number=draw.randrange(2, 16)))
        judge = Judge(graph, profile)
        for verdict in judge.verdicts():
            assert same(graph, verdict, profile), (seed, graph.ids[verdict.work])
            judged += 1
        left += judge.left_to_check
    # The pass has to judge by itself: what it leaves to the engine is the exception.
    assert left < judged * 0.6


def test_merges_in_and_above_rings_are_judged_as_one_by_one() -> None:
    left, judged, told = 0, 0, 0
    for seed in range(120):
        draw = random.Random(seed)  # noqa: S311 - the same graphs every time
        some: list[dict[str, Any]] = [
            {"id": f"owner/{at}", "type": "model", "license": draw.choice(PLAIN), "upstream": []}
            for at in range(draw.randrange(3, 14))
        ]
        for at, one in enumerate(some):
            for _ in range(draw.choice([1, 1, 1, 2, 2, 3])):
                above = some[draw.randrange(len(some)) if draw.random() < 0.25 else draw.randrange(at or 1)]
                relation = draw.choice(["merge", "finetune"])
                one["upstream"].append({"id": above["id"], "type": "model", "relation": relation})
        graph = Graph.of(some)
        profile = {"purpose": "commercial", "mode": "redistribute_weights", "strictness": "conservative"}
        judge = Judge(graph, profile)
        for verdict in judge.verdicts():
            assert same(graph, verdict, profile), (seed, graph.ids[verdict.work])
            judged += 1
        left, told = left + judge.left_to_check, told + len(judge.told)
    assert left < judged * 0.7
    assert told > 50


def test_clashes_of_combined_works_are_told_to_all_that_are_made_from_them() -> None:
    named = {
        "a": ("gpl-3.0", []),
        "b": ("llama2", []),
        "merged": ("llama2", [("a", "merge"), ("b", "merge")]),
        "tuned": ("llama2", [("merged", "finetune")]),
        "trained": ("mit", [("merged", "train_on")]),
    }
    graph = Graph.of(
        {"id": f"o/{name}", "license": licence, "upstream": [{"id": f"o/{up}", "relation": how} for up, how in hops]}
        for name, (licence, hops) in named.items()
    )
    judge = Judge(graph, PROFILE)

    found = {graph.ids[one.work]: one for one in judge.verdicts()}

    assert judge.left_to_check == 0
    (clash,) = [one for one in found["o/tuned"].findings if one.template.code == "C-MERGE"]
    assert clash.chain[-3:] == ("o/merged", "o/tuned", "<artefact>")[-2:] or clash.chain[-2:] == (
        "o/merged",
        "<artefact>",
    )
    assert clash.as_json("o/tuned")["params"]["combined_in"] == "o/merged"
    assert "W-TRAIN-TERMS" in found["o/trained"].codes
    assert all(same(graph, one, PROFILE) for one in found.values())


PROFILE = {"purpose": "commercial", "mode": "redistribute_weights", "territory": "US", "strictness": "conservative"}


def line(number: int) -> Graph:
    """``o/0`` <- ``o/1`` <- … each a fine-tune of the one before; and a work that stands apart."""
    hops = [{"id": f"o/{at}", "type": "model", "license": "mit"} for at in range(number)]
    for at, one in enumerate(hops[1:]):
        one["upstream"] = [{"id": f"o/{at}", "relation": "finetune"}]
    return Graph.of([*hops, {"id": "o/apart", "license": "mit"}])


def test_affected_are_all_descendants_and_nothing_else() -> None:
    graph = line(5)

    assert [graph.ids[one] for one in graph.affected(2)] == ["o/2", "o/3", "o/4"]
    assert graph.affected(graph.ids.index("o/apart")) == [graph.ids.index("o/apart")]


def test_affected_ends_on_a_cycle() -> None:
    graph = Graph.of(
        [
            {"id": "a", "upstream": [{"id": "b", "relation": "finetune"}]},
            {"id": "b", "upstream": [{"id": "a", "relation": "finetune"}]},
        ]
    )

    assert sorted(graph.affected(0)) == [0, 1]


def test_only_the_affected_are_judged_again_and_they_are_judged_by_the_new_licence() -> None:
    graph = line(4)
    before = {one.work: one.verdict for one in Judge(graph, PROFILE).verdicts()}

    graph.says(0, {"license": "cc-by-nc-4.0"})
    after = {one.work: one for one in Judge(graph, PROFILE).verdicts(graph.affected(0))}

    assert "conflict" not in before.values()
    assert sorted(after) == [0, 1, 2, 3]
    assert all(one.verdict == "conflict" for one in after.values())
    (chain,) = {one.chain for one in after[3].findings if one.template.code == "C-NC"}
    assert chain == ("o/0", "o/1", "o/2", "<artefact>")


def test_a_work_that_nobody_lists_is_known_to_be_unknown() -> None:
    graph = Graph.of([{"id": "o/m", "license": "mit", "upstream": [{"id": "o/gone", "relation": "finetune"}]}])

    verdict = next(Judge(graph, PROFILE).verdicts([0]))

    assert verdict.verdict == "unknown"
    assert same(graph, verdict, PROFILE)
