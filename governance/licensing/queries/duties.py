"""What the licences above a version ask for, how far it is met, and the attribution file that can be generated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.catalog.models import UseCase, Version
from governance.licensing.models import MetDuty
from governance.licensing.queries.chains import Judged, judged


@dataclass(frozen=True)
class Duty:
    """One obligation. ``state`` is met (seen in the files), attested (a person says so, ``attested`` tells who) or
    open. ``latent`` ones begin with distribution and do not bind the profile's mode yet.
    """

    code: str
    message: str
    term: str
    section: str
    source: str
    chain: Sequence[str]
    params: Mapping[str, Any]
    state: str
    latent: bool
    attested: MetDuty | None


def obligations(*, version: Version, use_case: UseCase | None = None, of: Judged | None = None) -> list[Duty]:
    """What the licences ask for, open ones first. One query beside those of ``judged``."""
    read = of or judged(version=version, use_case=use_case)
    said = {}
    if use_case is not None:
        met = MetDuty.objects.in_force().filter(version=version, use_case=use_case).select_related("author")
        said = {one.code: one for one in met.order_by("pk")}
    found = [(one, False) for one in read.document["findings"] if one["severity"] == "obligation"]
    found += [(one, True) for one in read.document["latent"] if one["severity"] == "obligation"]
    duties = [
        Duty(
            code=one["code"],
            message=one["message"],
            term=one["term"],
            section=one["section"],
            source=one["source"],
            chain=one["chain"],
            params=one["params"],
            state=one.get("state", "open"),
            latent=latent,
            attested=said.get(one["code"]) if one.get("state") == "attested" else None,
        )
        for one, latent in found
    ]
    return sorted(duties, key=lambda duty: (duty.latent, STATES.index(duty.state), duty.code, list(duty.chain)))


STATES = ("open", "attested", "met")
