"""The time zones that a person can choose."""

from __future__ import annotations

import pytest

from governance.people.forms import ProfileForm


def offered(**initial: str) -> list[str]:
    form = ProfileForm(initial=initial)
    return [value for value, _label in form.fields["time_zone"].choices]  # type: ignore[attr-defined]


def test_places_are_offered_and_aliases_are_not() -> None:
    zones = offered()

    assert {"UTC", "Europe/Berlin", "Asia/Yekaterinburg"} <= set(zones)
    assert not {"W-SU", "Factory", "GMT", "Etc/GMT+3", "posixrules"} & set(zones)


@pytest.mark.parametrize("zone", ["Etc/GMT+3", "Europe/Paris"])
def test_whoever_has_another_zone_keeps_it(zone: str) -> None:
    assert offered(time_zone=zone).count(zone) == 1
