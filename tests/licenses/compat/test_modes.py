"""The artefact's own licence, and what binds in which mode of use."""

from __future__ import annotations

import pytest

from licenses.compat import check
from tests.licenses.compat.cases import case, latent


def test_a_licensee_is_held_to_the_declared_licence_without_any_upstream() -> None:
    assert check(case("cc-by-nc-4.0", mode="saas"))["codes"] == ["C-NC"]
    assert check(case("cc-by-nc-4.0", mode="saas", purpose="research"))["verdict"] == "pass"


def test_a_licensor_is_not_bound_by_their_own_licence() -> None:
    assert check(case("cc-by-nc-4.0", mode="saas", actor="licensor"))["verdict"] == "pass"


def test_an_owners_own_declaration_grants_nothing_to_others() -> None:
    assert check(case("proprietary", mode="internal"))["verdict"] == "pass"
    assert check(case("proprietary", mode="internal", actor="unstated"))["codes"] == ["U-FACT"]
    assert check(case("proprietary", mode="internal", actor="licensee"))["codes"] == ["C-NO-LICENSE"]
    assert check(case("mit", [("proprietary", "finetune")], mode="internal"))["codes"] == ["U-TERM"]


@pytest.mark.parametrize(("seen", "code"), [(False, "W-NO-TEXT"), (None, "O-LICENSE-COPY")])
def test_a_missing_text_warns_and_an_unseen_one_stays_open(seen: bool | None, code: str) -> None:
    answer = check(case("mit", artefact={"has_license_file": seen}))

    assert code in answer["codes"]


def test_obligations_say_whether_they_are_met_attested_or_open() -> None:
    answer = check(
        case(
            "llama3.1",
            artefact={"notices": ["Built with Llama"], "attested": ["O-NOTICE"], "name": "acme/Llama-x"},
        )
    )

    states = {finding["code"]: finding.get("state") for finding in answer["findings"]}
    assert states["O-LICENSE-COPY"] == "met"
    assert states["O-BADGE"] == "met"
    assert states["O-NOTICE"] == "attested"
    assert states["O-AUP"] == "open"


def test_what_begins_with_distribution_is_latent_inside_the_house() -> None:
    answer = check(case("apache-2.0", [("llama3", "finetune")], mode="internal", purpose="research"))

    assert answer["codes"] == ["O-AUP"]
    assert {"C-LAUNDER", "C-NAME", "O-BADGE", "O-LICENSE-COPY"} <= latent(answer)


def test_a_no_compete_clause_binds_inside_the_house_too() -> None:
    answer = check(case("apache-2.0", [("llama3", "outputs")], mode="internal", purpose="research"))

    assert "C-NOCOMPETE" in answer["codes"]


@pytest.mark.parametrize(("licence", "code"), [("llama3", "C-LAUNDER"), ("agpl-3.0", "C-COPYLEFT")])
def test_hosting_counts_as_distribution_only_where_the_licence_says_so(licence: str, code: str) -> None:
    assert code in check(case("apache-2.0", [(licence, "finetune")], mode="saas"))["codes"]
    assert check(case("apache-2.0", [("gpl-3.0", "finetune")], mode="saas"))["verdict"] == "pass"


def test_a_ban_on_hosting_is_a_conflict_for_a_service_only() -> None:
    assert "C-HOST" in check(case("falcon-180b", [("falcon-180b", "finetune")], mode="saas"))["codes"]
    assert "C-HOST" not in check(case("falcon-180b", [("falcon-180b", "finetune")], mode="internal"))["codes"]
    assert "C-HOST" in check(case("mit", [("falcon-180b", "served_in")], mode="redistribute_code"))["codes"]


def test_the_source_of_a_network_copyleft_is_owed_to_users_of_the_service() -> None:
    assert "O-NETSRC" in check(case("agpl-3.0", [("agpl-3.0", "finetune")], mode="saas"))["codes"]
    assert "O-NETSRC" not in check(case("agpl-3.0", [("agpl-3.0", "finetune")], mode="internal"))["codes"]


def test_sublicensing_needs_a_right_to_sublicense() -> None:
    assert "C-REDIST-BAN" in check(case("llama2", mode="sublicense"))["codes"]
    assert "C-REDIST-BAN" not in check(case("mit", mode="sublicense"))["codes"]


def test_data_that_may_not_be_passed_on_is_a_conflict_when_it_is() -> None:
    included = [("nvidia-data-training", "includes")]

    assert "C-REDIST-BAN" in check(case("apache-2.0", included, mode="redistribute_data"))["codes"]
    assert "C-REDIST-BAN" not in check(case("apache-2.0", included, mode="internal"))["codes"]
