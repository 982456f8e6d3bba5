"""What is told of a version in a use case, wherever somebody is notified."""

from __future__ import annotations

from governance.catalog.models import UseCase, Version


def about(version: Version, *, use_case: UseCase, stage: str) -> dict[str, str]:
    """The part of a notification's payload that says which version, where and for which stage."""
    return {
        "subject": version.entry.repo_id,
        "revision": version.revision,
        "stage": stage,
        "use_case": use_case.slug,
    }
