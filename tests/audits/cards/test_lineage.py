from __future__ import annotations

import pytest

from audits.cards import Link
from tests.audits.cards.cards import card, codes
from tests.audits.cards.conftest import Find


def base(target: str, relation: str, *, declared: bool = False) -> Link:
    return Link(target, "model", relation, "base_model", declared)


@pytest.mark.parametrize(
    ("front_matter", "files", "relation"),
    [
        ("", (), "finetune"),
        ("", ("adapter_config.json", "README.md"), "adapter"),
        ("", ("sub/adapter_config.json",), "adapter"),
        ("library_name: peft", (), "adapter"),
        ("tags: [LoRA]", (), "adapter"),
        ("library_name: gguf", (), "quantized"),
        ("", ("model.Q4_K_M.gguf",), "quantized"),
        ("", ("quantize_config.json",), "quantized"),
        ("tags: [awq]", (), "quantized"),
        ("tags: [4-bit]", (), "quantized"),
        ("quantized_by: somebody", (), "quantized"),
        ("tags: [a-gguf-fan]", ("model.safetensors",), "finetune"),
        ("library_name: peft\ntags: [4-bit]", ("model.gguf",), "adapter"),
    ],
)
def test_the_relation_is_inferred_as_the_hub_does(front_matter: str, files: tuple[str, ...], relation: str) -> None:
    parsed = card(f"base_model: org/base\n{front_matter}", files=files)

    assert parsed.links == (base("org/base", relation),)


def test_two_bases_are_a_merge_even_of_an_adapter() -> None:
    parsed = card("base_model: [org/a, org/b]\nlibrary_name: peft")

    assert parsed.links == (base("org/a", "merge"), base("org/b", "merge"))


def test_one_base_twice_is_no_merge() -> None:
    parsed = card("base_model: [org/a, org/a]")

    assert parsed.links == (base("org/a", "finetune"),)


@pytest.mark.parametrize("relation", ["finetune", "adapter", "merge", "quantized"])
def test_a_declared_relation_holds_against_all_signs(relation: str) -> None:
    parsed = card(f"base_model: org/a\nbase_model_relation: {relation}\ntags: [gguf]", files=("adapter_config.json",))

    assert parsed.links == (base("org/a", relation, declared=True),)


def test_an_unknown_relation_is_told_and_inferred_instead(find: Find) -> None:
    parsed = card("base_model: org/a\nbase_model_relation: distilled")

    assert find(parsed, "card.base_model_relation.unknown").params["written"] == "distilled"
    assert parsed.links == (base("org/a", "finetune"),)


def test_a_relation_to_nothing_is_told(find: Find) -> None:
    parsed = card("license: mit\nbase_model_relation: adapter")

    assert find(parsed, "card.base_model_relation.without_base").line == 3
    assert parsed.links == ()


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("https://huggingface.co/org/x", "org/x"),
        ("https://huggingface.co/org/x/", "org/x"),
        ("http://hf.co/org/x/tree/main", "org/x"),
        ("huggingface.co/org/x?library=a#use", "org/x"),
        ("https://huggingface.co/gpt2", "gpt2"),
    ],
)
def test_a_link_to_the_hub_is_read_as_the_id(written: str, read_as: str, find: Find) -> None:
    parsed = card(f"license: mit\nbase_model: '{written}'")

    assert parsed.links == (base(read_as, "finetune"),)
    found = find(parsed, "card.base_model.url")
    assert (found.line, found.params) == (3, {"written": written, "read_as": read_as})


@pytest.mark.parametrize(
    "written", ["/home/me/model", "./out", "../x", "~/x", "C:\\models\\x", "out/checkpoint/100", "models\\x", "."]
)
def test_a_path_is_no_base_model(written: str, find: Find) -> None:
    parsed = card(f"base_model: '{written}'")

    assert find(parsed, "card.base_model.local_path").severity == "high"
    assert parsed.links == ()


@pytest.mark.parametrize(
    "written",
    [
        "Llama 2 7B",
        "https://example.org/org/x",
        "https://huggingface.co/datasets/org/x",
        "org/x, org/y",
        "org/-x",
        "org/x--y",
        "org/" + "x" * 96,
        "орг/модель",
        "org/x.git",
        "org/x@main",
    ],
)
def test_what_is_no_id_is_told_and_left_out(written: str, find: Find) -> None:
    parsed = card(f"base_model: '{written}'")

    assert find(parsed, "card.base_model.not_an_id").severity == "high"
    assert parsed.links == ()


def test_training_data_are_linked_and_what_is_no_id_is_told(find: Find) -> None:
    parsed = card("datasets:\n- squad\n- ' org/data '\n- The Pile\n- https://huggingface.co/datasets/org/more\n- squad")

    assert parsed.links == tuple(
        Link(target, "dataset", "train_on", "datasets", True) for target in ("squad", "org/data", "org/more")
    )
    assert (find(parsed, "card.link.not_an_id").line, find(parsed, "card.link.not_an_id").severity) == (5, "low")
    assert find(parsed, "card.link.url").params["read_as"] == "org/more"


def test_a_data_set_includes_what_it_extends(find: Find) -> None:
    parsed = card(
        "source_datasets:\n- original\n- extended|squad\n- extended|other-tweets\n- org/raw\n- extended|a b",
        kind="dataset",
    )

    assert parsed.links == tuple(
        Link(target, "dataset", "includes", "source_datasets", True) for target in ("squad", "org/raw")
    )
    assert find(parsed, "card.source_datasets.unnamed").line == 5
    assert find(parsed, "card.link.not_an_id").line == 7


@pytest.mark.parametrize("written", ["original", "[original]", "", "[]"])
def test_an_original_data_set_has_no_origin(written: str) -> None:
    parsed = card(f"source_datasets: {written}", kind="dataset")

    assert parsed.links == ()
    assert not {code for code in codes(parsed) if "link" in code or "source" in code}


def test_a_space_serves_its_models_and_data_sets() -> None:
    parsed = card("sdk: static\nmodels: [org/m]\ndatasets: org/d\nbase_model: org/b", kind="space")

    assert parsed.links == (
        Link("org/m", "model", "served_in", "models", True),
        Link("org/d", "dataset", "served_in", "datasets", True),
    )


def test_origins_beyond_the_bound_are_told_and_left_out(find: Find) -> None:
    parsed = card("datasets: [" + ", ".join(f"org/d{at}" for at in range(1_500)) + "]")

    assert find(parsed, "card.links.truncated").params == {"count": 1_500, "limit": 1_000}
    assert len(parsed.links) == 1_000


def test_ids_are_those_of_the_hubs_own_client() -> None:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    for written in (
        "a",
        "a/b",
        "A_1/b.c-d",
        "_a/b",
        "a/b_",
        "a..b",
        "a--b",
        "-a",
        "a-",
        ".a",
        "a.",
        "a/b/c",
        "a b",
        "x" * 97,
    ):
        try:
            validate_repo_id(written)
            accepted = True
        except HFValidationError:
            accepted = False

        assert bool(card(f"base_model: '{written}'").links) == accepted, written
