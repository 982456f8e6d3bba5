"""Which address a service may be reached at: a name is resolved once, and what was looked at is what is connected to.

A worker stands inside a network that whoever names an address may not reach. So the machine itself, private networks,
addresses of one link (where clouds keep the credentials of their machines) and the like are refused, unless the
operator has named the host.

Source: RFC 6890 and IANA's registries of special-purpose addresses, as Python's ``ipaddress`` has them; RFC 6052 for
what an address of NAT64 stands for, RFC 3056 for 6to4.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from audits.adapters.refusals import ModelRefused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]

LONGEST_URL = 2000
PORTS = {"http": 80, "https": 443}
NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
# What Python's registry does not know, or knows in some versions alone: protocol assignments (with Oracle's own
# metadata), 6to4's relays (RFC 7526), documentation (RFC 9637), addresses of one site (RFC 3879), and the one public
# number at which Azure's machines find what holds their credentials.
NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "3fff::/20", "fec0::/10"),
    )
)
# What is named so in an address is a secret, and an address is stored.
SECRET_PARAMETERS = ("key", "token", "secret", "password", "passwd", "pwd", "signature", "sig", "auth", "credential")
# What a name may consist of, once it is ASCII; underscores occur in networks of containers.
NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?")


@dataclass(frozen=True)
class Allowed:
    """What the operator allows beyond public addresses.

    Attributes:
        hosts: ``host`` or ``host:port`` of services in networks of one's own; these may be spoken to without TLS.
        secrets: by host, the name of the environment variable whose value is sent there, and nowhere else.
        python: whether functions of Python may be called, for development.
    """

    hosts: frozenset[str] = frozenset()
    secrets: Mapping[str, str] = field(default_factory=dict)
    python: bool = False


@dataclass(frozen=True)
class Place:
    """A service: where it is, and at which of its addresses it may be connected to."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]

    @property
    def origin(self) -> str:
        """``scheme://host:port``, without what a path might hold."""
        return f"{self.scheme}://{_shown(self.host)}:{self.port}"


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name, in the order of the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found))


def place(url: str, *, allowed: Allowed, resolve: Resolve = resolve) -> Place:
    """The place that an address names, if it may be reached.

    Raises:
        ModelRefused: ``endpoint_url`` where it is no address of a service, ``endpoint_refused`` where it may not be
            reached, ``endpoint_unknown`` where the name is not known.
    """
    scheme, host, port, path = parts(url)
    named = host in allowed.hosts or f"{_shown(host)}:{port}" in allowed.hosts
    if scheme == "http" and not named:
        raise ModelRefused(
            "endpoint_refused",
            f"{host} would be spoken to without TLS; write https, or have the operator name it in ASSAY_MODEL_HOSTS",
        )
    try:
        found = [ipaddress.ip_address(one) for one in resolve(host, port)]
    except (OSError, ValueError, UnicodeError) as unknown:
        raise ModelRefused("endpoint_unknown", f"the name {host} is not known here; look at its spelling") from unknown
    if not found:
        raise ModelRefused("endpoint_unknown", f"the name {host} has no address; look at its spelling")
    for address in found:
        _require(address, host=host, named=named, allowed=allowed)
    return Place(scheme, host, port, path, tuple(map(str, found)))


def parts(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and path with query of an address.

    Raises:
        ModelRefused: it is none that a service has; the message does not repeat it, since it may hold a password.
    """
    try:
        split = urlsplit(url)
        port = split.port if split.port is not None else PORTS.get(split.scheme, 0)
        host = (split.hostname or "").rstrip(".")
        host = host if ":" in host else host.encode("idna").decode("ascii").lower()
    except (ValueError, UnicodeError) as odd:
        raise ModelRefused("endpoint_url", "that is no address; write https://host/path") from odd
    plain = len(url) <= LONGEST_URL and url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if not plain or split.scheme not in PORTS or not port or not (":" in host or NAME.fullmatch(host)):
        raise ModelRefused("endpoint_url", "the address of a service is written https://host/path, in ASCII")
    if "@" in split.netloc or split.fragment:
        raise ModelRefused(
            "endpoint_url",
            "no user, password or # in the address of a service; a secret is named by the operator "
            "(ASSAY_MODEL_SECRETS) and never written down",
        )
    return split.scheme, host, port, (split.path or "/") + (f"?{split.query}" if split.query else "")


def require_no_secret(url: str) -> None:
    """Refuse an address that holds what is nobody's to see, before it is stored.

    Raises:
        ModelRefused: ``endpoint_url``; the message does not repeat it.
    """
    parts(url)
    named = parse_qsl(urlsplit(url).query.replace(";", "&"), keep_blank_values=True)
    if any(name.lower() == "code" or word in name.lower() for name, _ in named for word in SECRET_PARAMETERS):
        raise ModelRefused("endpoint_url", "no secret in an address; its operator names it (ASSAY_MODEL_SECRETS)")


def _require(address: Address, *, host: str, named: bool, allowed: Allowed) -> None:
    inner = _meant(address)
    if named and not (inner.is_link_local or inner.is_multicast or inner.is_unspecified):
        return
    # The address of a machine's own metadata is never meant by a name: whoever does mean it writes it out.
    if named and host == str(address):
        return
    is_special = inner.is_multicast or inner.is_reserved or inner.is_unspecified
    if inner.is_global and not is_special and not any(inner in network for network in NOT_PUBLIC):
        return
    raise ModelRefused(
        "endpoint_refused",
        f"{host} is at an address that is not public, and nothing is sent there; the operator can allow a host of a "
        "network of one's own (ASSAY_MODEL_HOSTS)",
    )


def _meant(address: Address) -> Address:
    """The address of version 4 that one of version 6 stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if any(address in network for network in NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
