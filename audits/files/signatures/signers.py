"""Whose signatures count: public keys and certificates that the operator has laid down as PEM.

``cryptography`` is imported when the first of them is read: only who checks signatures pays for it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audits.files.signatures.bundles import Signed

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

_CURVES = ("secp256r1", "secp384r1", "secp521r1")


class BadSigner(ValueError):
    """A text is no public key and no certificate that signatures can be checked with; the message says why."""


@dataclass(frozen=True)
class Signer:
    """A key or certificate under the name that the operator gave it; a certificate also speaks for those below it."""

    name: str
    key: ec.EllipticCurvePublicKey
    certificate: x509.Certificate | None = None

    @property
    def hint(self) -> str:
        """How a bundle names this key: the SHA-256 of its PEM."""
        from cryptography.hazmat.primitives import serialization

        pem = self.key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(pem).hexdigest()


@dataclass(frozen=True)
class Checked:
    """What came of a signature: ``state`` is verified, unverified (``why`` says what is lacking) or wrong.

    ``until`` is the end of the first certificate that it rests on to end, ``on`` the day on which one of them has ended
    or will begin; None where it rests on none, or on none such.
    """

    state: str
    signer: str = ""
    why: str = ""
    until: dt.datetime | None = None
    on: dt.date | None = None


def signers_of(pems: Iterable[Mapping[str, str]]) -> list[Signer]:
    """Signers from ``name`` and ``pem``; a PEM of several certificates is several signers.

    Raises:
        BadSigner: one of them cannot be used.
    """
    return [signer for one in pems for signer in _signers(one["name"], one["pem"].encode())]


def _signers(name: str, pem: bytes) -> list[Signer]:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    try:
        if b"BEGIN CERTIFICATE" in pem:
            return [Signer(name, _curve(name, one.public_key()), one) for one in x509.load_pem_x509_certificates(pem)]
        return [Signer(name, _curve(name, serialization.load_pem_public_key(pem)))]
    except BadSigner:
        raise
    except Exception:  # the library raises errors of several families for what it cannot parse
        raise BadSigner(f"{name} is no public key and no certificate in PEM") from None


def _curve(name: str, key: object) -> ec.EllipticCurvePublicKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in _CURVES:
        raise BadSigner(f"{name} is no key on the curves P-256, P-384 or P-521, which model signatures are made with")
    return key


def check(signed: Signed, signers: Iterable[Signer], *, at: dt.datetime) -> Checked:
    """Check a signature with what the operator has laid down. No network, no log.

    Every certificate that it rests on has to be in force at ``at``, the signer's own and the operator's among them:
    what a bundle says of the moment of signing (an entry of a log, a timestamp) is signed by keys that nobody has laid
    down.

    Source: OpenSSF Model Signing 1.0, section 8.2, which wants the signer's own certificate in force.
    """
    signers = list(signers)
    if not signers:
        return Checked("unverified", why="no_signers")
    if signed.certificates:
        return _by_chain(signed, signers, at=at)
    if signed.is_keyless:
        return Checked("unverified", why="keyless")
    for signer in signers:
        if signer.hint == signed.hint or not signed.hint:
            if _fits(signed, signer.key):
                return Checked("verified", signer.name)
            if signed.hint:
                return Checked("wrong", signer.name)
    return Checked("unverified", why="key_unknown")


def _by_chain(signed: Signed, signers: list[Signer], *, at: dt.datetime) -> Checked:
    from cryptography import x509

    try:
        chain = [x509.load_der_x509_certificate(one) for one in signed.certificates]
        key = _curve("", chain[0].public_key())
        paths = list(_paths(chain, [one for one in signers if one.certificate is not None]))
    except Exception:  # a certificate may be anything; what cannot be read is not trusted
        return Checked("unverified", why="certificate")
    if not paths:
        return Checked("unverified", why="certificate_unknown")
    # An authority may be laid down twice, as it was and as it was renewed.
    trusted, path = next((one for one in paths if _begins(one[1]) <= at <= _ends(one[1])), paths[0])
    if not _may_sign(chain[0]):
        return Checked("unverified", trusted.name, "certificate_purpose")
    if not _fits(signed, key):
        return Checked("wrong", trusted.name)
    if at > _ends(path):
        return Checked("unverified", trusted.name, "certificate_expired", on=_ends(path).date())
    if at < _begins(path):
        return Checked("unverified", trusted.name, "certificate_early", on=_begins(path).date())
    return Checked("verified", trusted.name, until=_ends(path))


def _begins(path: Sequence[x509.Certificate]) -> dt.datetime:
    """From when on all of some certificates are in force."""
    return max(one.not_valid_before_utc for one in path)


def _ends(path: Sequence[x509.Certificate]) -> dt.datetime:
    """Until when all of some certificates are in force."""
    return min(one.not_valid_after_utc for one in path)


def _paths(chain: list[x509.Certificate], signers: list[Signer]) -> Iterator[tuple[Signer, list[x509.Certificate]]]:
    """The operator's certificates that the signer's own one is, or rests on, and all from that to this, each step
    checked but for the dates."""
    for place, one in enumerate(chain):
        so_far = chain[: place + 1]
        for signer in signers:
            if signer.certificate == one:
                yield signer, so_far
            elif signer.certificate is not None and _issued(one, signer.certificate, below=place):
                yield signer, [*so_far, signer.certificate]
        if place + 1 == len(chain) or not _issued(one, chain[place + 1], below=place):
            return


def _issued(one: x509.Certificate, by: x509.Certificate, *, below: int) -> bool:
    """Whether ``by`` is an authority that has issued ``one``."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    try:
        one.verify_directly_issued_by(by)
        basic = by.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    try:
        may_issue = by.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        may_issue = True
    deep_enough = basic.path_length is None or below <= basic.path_length
    return basic.ca and may_issue and deep_enough


def _may_sign(certificate: x509.Certificate) -> bool:
    """Whether a certificate says what it is for, and signing code is among it, by each of its two ways to say so.

    Source: RFC 5280, 4.2.1.3 and 4.2.1.12.
    """
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    extensions = certificate.extensions
    said = []
    with contextlib.suppress(x509.ExtensionNotFound):
        said.append(extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature)
    with contextlib.suppress(x509.ExtensionNotFound):
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        said.append(
            bool({ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(purposes))
        )
    return bool(said) and all(said)


def _fits(signed: Signed, key: ec.EllipticCurvePublicKey) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    hashed = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}[key.curve.key_size]
    try:
        key.verify(signed.signature, signed.signed_bytes, ec.ECDSA(hashed))
    except InvalidSignature:
        return False
    return True
