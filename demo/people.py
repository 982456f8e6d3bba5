"""The people of the demonstration and how one signs in as them."""

from __future__ import annotations

import secrets
from typing import Any

import notes
from portal import manage
from telling import said

TEAM = "Lending"
PEOPLE = (
    # address, name, roles in the team, scopes of the token that the demonstration acts with
    ("emil@demo.example", "Emil Sørensen", "submitter", "catalog:read,catalog:write,reviews:write,audits:run"),
    ("dana@demo.example", "Dana Okafor", "reviewer:domain,approver", "catalog:read,reviews:write,gate:read"),
    ("elif@demo.example", "Elif Tanaka", "reviewer:ethics", "catalog:read,reviews:write"),
    ("sergei@demo.example", "Sergei Novak", "reviewer:security", "catalog:read,reviews:write"),
    ("rita@demo.example", "Rita Lindqvist", "risk_officer", "catalog:read,catalog:write,reviews:write"),
    # Signs what the pilot showed, and so has a part in it: what rests on that, Rita decides.
    ("olga@demo.example", "Olga Marin", "risk_officer", "catalog:read,catalog:write,reviews:write"),
    ("ayla@demo.example", "Ayla Brandt", "auditor", "catalog:read,reports:read"),
)
ADMIN = ("admin@demo.example", "Ada Admin")
SUBMITTER, APPROVER, RISK_OWNER, PILOT_OWNER = PEOPLE[0][0], PEOPLE[1][0], PEOPLE[4][0], PEOPLE[5][0]


def invited(port: int) -> dict[str, Any]:
    """The administrator and everybody else, with passwords that exist only in var/demo.json."""
    kept = notes.read()
    known = {user["email"]: user for user in kept["users"]}
    admin = known.get(ADMIN[0]) or {"email": ADMIN[0], "name": ADMIN[1], "password": secrets.token_urlsafe(12)}
    setup = manage(
        *("setup", "--admin", ADMIN[0], "--name", ADMIN[1], "--team", TEAM, "--password-stdin", "--format", "json"),
        stdin=admin["password"] + "\n",
    )
    users = [{**admin, "roles": ["admin"]}]
    for email, name, roles, scopes in PEOPLE:
        user = known.get(email) or {"email": email, "name": name, "password": secrets.token_urlsafe(12)}
        manage(
            *("invite", email, "--name", name, "--roles", roles, "--team", setup["team"], "--password-stdin"),
            stdin=user["password"] + "\n",
        )
        if "token" not in user:
            made = manage(
                *("create_token", "--user", email, "--name", "demonstration", "--scopes", scopes, "--days", "90"),
                *("--format", "json"),
            )
            user["token"] = made["token"]
        users.append({**user, "roles": roles.split(",")})
    kept["users"], kept["portal"] = users, f"http://127.0.0.1:{port}"
    if "token" not in kept:
        kept["token"] = manage(
            "create_token", "--name", "demo-pipeline", "--scopes", "gate:read", "--days", "90", "--format", "json"
        )["token"]
    notes.write(kept)
    said(f"{len(users)} people in team {TEAM}; their passwords are in var/demo.json")
    return kept


def how_to_sign_in(address: str, kept: dict[str, Any], *, serve: bool) -> None:
    """Print the address and everybody's password."""
    where = f"The portal: {address}   sign in as" if serve else "make serve opens the portal with all this; sign in as"
    print(f"\n{where}")
    for user in kept["users"]:
        print(f"  {user['email']:<22} {user['password']:<18} {', '.join(user['roles'])}")
