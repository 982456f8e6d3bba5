"""What waivers, overrides, approvals and facts are about: one version in one use case at one stage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from governance.catalog.models import UseCase, Version


@dataclass(frozen=True)
class Use:
    """A version in a use case at a stage."""

    version: Version
    use_case: UseCase
    stage: str

    @property
    def key(self) -> tuple[int, int, str]:
        """Its numbers, by which rows are told apart."""
        return self.version.pk, self.use_case.pk, self.stage


def among(uses: Iterable[Use]) -> dict[str, Any]:
    """A filter for the rows of several uses; those of a version in the use case of another are among them."""
    there = list(uses)
    return {
        "version__in": {one.version.pk for one in there},
        "use_case__in": {one.use_case.pk for one in there},
        "stage__in": {one.stage for one in there},
    }
