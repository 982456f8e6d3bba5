"""Signatures of models: those that model-signing has made are verified, and nothing that was changed is."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from audits.files.documents import document_of
from audits.files.scanning import FileScan
from audits.files.signatures.bundles import Unreadable, read
from audits.files.signatures.comparing import compare
from audits.files.signatures.signers import BadSigner, signers_of
from audits.files.sources import Source
from audits.models import Finding
from config.environment import models
from governance.evidence.wording import finding_text
from tests.audits.files.scans import codes
from tests.audits.files.signed import AUTHORITY, FILES, KEY, by_certificate, by_key
from tests.audits.files.test_scan_files import called

SIGNER = {"name": "acme.pem", "pem": KEY}
OTHER = ec.generate_private_key(ec.SECP256R1())
NOON = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
YEAR = dt.timedelta(days=365)


def pem(key: ec.EllipticCurvePrivateKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(encoding, form).decode()


def resigned(change: Any, key: ec.EllipticCurvePrivateKey = OTHER) -> bytes:
    """The signature with another statement, and the signature of another key below it."""
    statement = json.loads(base64.b64decode(json.loads(by_key())["dsseEnvelope"]["payload"]))
    change(statement)
    payload = json.dumps(statement).encode()
    signed = b"DSSEv1 28 application/vnd.in-toto+json %d %b" % (len(payload), payload)
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"sig": base64.b64encode(key.sign(signed, ec.ECDSA(hashes.SHA256()))).decode()}],
    }
    return by_key(envelope=envelope, verificationMaterial={"publicKey": {}})


def scanned(
    signature: bytes,
    *signers: Mapping[str, str],
    files: Mapping[str, bytes] = FILES,
    name: str = "model.sig",
    at: dt.datetime = NOON,
) -> dict[str, Any]:
    scan = FileScan()
    for path, data in {**files, name: signature}.items():
        scan.file(Source.of_bytes(data), path)
    return document_of(scan, signatures=compare(scan, signers_of(signers), at=at))


def found(document: Mapping[str, Any]) -> dict[str, list[str]]:
    return {code: names for code, names in codes(document).items() if code.startswith("signature_")}


@pytest.mark.parametrize(
    ("signature", "signer"),
    [
        (by_key(), SIGNER),
        (by_certificate(), {"name": "authority.crt", "pem": AUTHORITY}),
        # The bundle brings its own authority along: that proves nothing, and the operator's copy does.
        (by_certificate(), {"name": "two.pem", "pem": f"{AUTHORITY}{AUTHORITY}"}),
    ],
)
def test_what_model_signing_has_signed_is_verified(signature: bytes, signer: dict[str, str]) -> None:
    document = scanned(signature, {"name": "other.pem", "pem": pem(OTHER)}, signer)

    (said,) = document["signatures"]
    assert (said["state"], said["signer"], said["files"]) == ("verified", signer["name"], 2)
    assert found(document) == {"signature_verified": [signer["name"]]}


@pytest.mark.parametrize(
    ("signature", "signers", "why"),
    [
        (by_key(), [], "no_signers"),
        (by_key(), [{"name": "other.pem", "pem": pem(OTHER)}], "key_unknown"),
        (by_certificate(), [SIGNER], "certificate_unknown"),
        (by_key(verificationMaterial={"certificate": {"rawBytes": ""}, "tlogEntries": [{}]}), [SIGNER], "keyless"),
    ],
)
def test_what_cannot_be_verified_says_why_and_fails_nothing(
    signature: bytes, signers: list[dict[str, str]], why: str
) -> None:
    document = scanned(signature, *signers)

    (said,) = document["signatures"]
    assert (said["state"], said["why"]) == ("unverified", why)
    (note,) = [one for row in document["files"] for one in row["findings"] if "signature" in one["code"]]
    assert (note["severity"], note["params"]["why"]) == ("low", f"signature_{why}")


def test_a_certificate_of_an_authority_with_the_same_name_is_not_trusted() -> None:
    from cryptography import x509

    real = x509.load_pem_x509_certificate(AUTHORITY.encode())
    key = ec.generate_private_key(ec.SECP384R1())
    made = x509.CertificateBuilder(real.subject, real.subject, key.public_key(), real.serial_number)
    made = made.not_valid_before(real.not_valid_before_utc).not_valid_after(real.not_valid_after_utc)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    forged = made.sign(key, hashes.SHA384()).public_bytes(serialization.Encoding.PEM).decode()

    (said,) = scanned(by_certificate(), {"name": "forged", "pem": forged})["signatures"]

    assert (said["state"], said["why"]) == ("unverified", "certificate_unknown")


def certified(
    *,
    own: tuple[int, int] = (-1, 2),
    authority: tuple[int, int] = (-2, 3),
    signs: bool | None = True,
    purposes: Sequence[Any] = (),
    **material: Any,
) -> tuple[bytes, dict[str, str]]:
    """A signature by a certificate, and its authority as an operator lays it down; begin and end in years from NOON.

    ``signs`` and ``purposes`` are what the signer's own says that it is for; None and none where it says nothing.
    """
    from cryptography import x509

    def name(common: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])

    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    made = []
    for place, (begin, end) in enumerate((authority, own)):
        build = x509.CertificateBuilder(
            name("Root"), name(("Root", "Signer")[place]), keys[place].public_key(), 1 + place
        )
        build = build.not_valid_before(NOON + begin * YEAR).not_valid_after(NOON + end * YEAR)
        build = build.add_extension(x509.BasicConstraints(ca=place == 0, path_length=None), critical=True)
        uses = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign")
            + ("encipher_only", "decipher_only"),
            False,
        )
        if place == 0 or signs is not None:
            usage = x509.KeyUsage(digital_signature=bool(place and signs), key_cert_sign=place == 0, **uses)
            build = build.add_extension(usage, critical=True)
        if place == 1 and purposes:
            build = build.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        made.append(build.sign(keys[0], hashes.SHA256()))
    root, signer = made
    whole = json.loads(resigned(lambda one: None, keys[1]))
    chain = [base64.b64encode(one.public_bytes(serialization.Encoding.DER)).decode() for one in (signer, root)]
    certificates = {"certificates": [{"rawBytes": one} for one in chain]}
    whole["verificationMaterial"] = {"x509CertificateChain": certificates, **material}
    pem_of_root = root.public_bytes(serialization.Encoding.PEM).decode()
    return json.dumps(whole).encode(), {"name": "root.crt", "pem": pem_of_root}


@pytest.mark.parametrize(
    ("dates", "why", "on"),
    [
        ({"own": (-2, -1)}, "expired", "2025-12-01"),
        ({"own": (-2, -1), "tlogEntries": [{"integratedTime": "1700000000"}]}, "expired", "2025-12-01"),
        ({"own": (-2, -1), "timestampVerificationData": {"rfc3161Timestamps": [{}]}}, "expired", "2025-12-01"),
        ({"authority": (-3, -1)}, "expired", "2025-12-01"),
        ({"own": (1, 2)}, "early", "2027-12-01"),
        ({"authority": (1, 2)}, "early", "2027-12-01"),
    ],
)
def test_a_certificate_that_is_not_in_force_verifies_nothing_whatever_the_signature_says_of_its_time(
    dates: dict[str, Any], why: str, on: str
) -> None:
    signature, authority = certified(**dates)

    document = scanned(signature, authority)

    (said,) = document["signatures"]
    assert (said["state"], said["why"]) == ("unverified", f"certificate_{why}")
    (note,) = [one for row in document["files"] for one in row["findings"] if "signature" in one["code"]]
    assert note["params"] == {"why": f"signature_certificate_{why}", "on": on}
    assert on in finding_text(Finding(code=note["code"], params=note["params"]))[0]


def test_a_certificate_in_force_verifies_until_the_first_that_it_rests_on_ends() -> None:
    signature, authority = certified(own=(-1, 2), authority=(-2, 1))
    ends = NOON + YEAR

    for at, state in ((NOON, "verified"), (ends, "verified"), (ends + dt.timedelta(seconds=1), "unverified")):
        (said,) = scanned(signature, authority, at=at)["signatures"]
        assert said["state"] == state
        assert said.get("valid_until") == (ends.isoformat() if state == "verified" else None)


CODE, SERVER = ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.SERVER_AUTH
ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE


@pytest.mark.parametrize(
    ("signs", "purposes", "why"),
    [
        (True, [], ""),
        (True, [CODE], ""),
        (None, [CODE, SERVER], ""),
        (True, [ANY], ""),
        (None, [], "certificate_purpose"),
        (False, [], "certificate_purpose"),
        (False, [CODE], "certificate_purpose"),
        (True, [SERVER], "certificate_purpose"),
    ],
)
def test_a_certificate_for_something_else_verifies_nothing(signs: bool | None, purposes: list[Any], why: str) -> None:
    signature, authority = certified(signs=signs, purposes=purposes)

    (said,) = scanned(signature, authority)["signatures"]

    assert (said["state"], said["why"]) == ("unverified" if why else "verified", why)


def test_a_changed_statement_is_wrong_under_a_certificate_that_has_ended_too() -> None:
    signature, authority = certified(own=(-2, -1))
    changed = json.loads(signature)
    changed["dsseEnvelope"]["signatures"] = json.loads(certified()[0])["dsseEnvelope"]["signatures"]

    (said,) = scanned(json.dumps(changed).encode(), authority)["signatures"]

    assert said["state"] == "wrong"


@pytest.mark.parametrize("path", [*FILES])
def test_a_file_that_is_not_the_signed_one_fails(path: str) -> None:
    document = scanned(by_key(), SIGNER, files={**FILES, path: b"second weights"})

    assert (document["verdict"], document["signatures"][0]["state"]) == ("fail", "wrong")
    assert found(document) == {"signature_differs": [path]}


def test_files_that_are_missing_or_that_nobody_signed_are_told() -> None:
    document = scanned(
        by_key(), SIGNER, files={"weights.bin": FILES["weights.bin"], "more.txt": b"more", ".gitignore": b"x"}
    )

    assert document["signatures"][0]["state"] == "partial"
    assert found(document) == {"signature_absent": ["sub/config.json"], "signature_leaves_out": ["more.txt"]}


def test_a_signature_in_a_folder_speaks_of_that_folder() -> None:
    files = {f"org/model/{path}": data for path, data in FILES.items()}

    document = scanned(by_key(), SIGNER, files=files, name="org/model/model.sig")

    assert document["signatures"][0]["state"] == "verified"


@pytest.mark.parametrize("beside", ["model.safetensors", "org/other.bin", "org/model!/weights.bin"])
def test_a_signed_model_in_a_folder_vouches_for_nothing_beside_it(beside: str) -> None:
    files = {f"org/model/{path}": data for path, data in FILES.items()}

    document = scanned(by_key(), SIGNER, files={**files, beside: b"mine"}, name="org/model/model.sig")

    assert document["signatures"][0]["state"] == "partial"
    assert found(document) == {"signature_leaves_out": [beside]}


def test_a_folder_named_like_an_archive_hides_nothing_from_a_signature() -> None:
    document = scanned(by_key(), SIGNER, files={**FILES, "weights!/model.bin": b"mine"})

    assert document["signatures"][0]["state"] == "partial"
    assert found(document) == {"signature_leaves_out": ["weights!/model.bin"]}


def test_two_signed_models_vouch_for_each_other() -> None:
    twice = {f"{folder}/{path}": data for folder in ("one", "two") for path, data in FILES.items()}
    mine = by_certificate()

    document = scanned(
        by_key(),
        SIGNER,
        {"name": "authority.crt", "pem": AUTHORITY},
        files={**twice, "two/model.sig": mine},
        name="one/model.sig",
    )

    assert [one["state"] for one in document["signatures"]] == ["verified", "verified"]


def test_a_changed_statement_is_wrong_under_the_key_that_it_names() -> None:
    changed = json.loads(resigned(lambda one: one["subject"][0].update(name="another")))
    changed["verificationMaterial"] = json.loads(by_key())["verificationMaterial"]

    document = scanned(json.dumps(changed).encode(), SIGNER)

    assert (document["verdict"], found(document)) == ("fail", {"signature_wrong": ["acme.pem"]})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda one: one.update(predicateType="https://model_signing/Digests/v0.1"), "earlier_format"),
        (lambda one: one.update(_type="x"), "statement"),
        (lambda one: one["predicate"]["serialization"].update(method="shards"), "shards"),
        (lambda one: one["predicate"]["resources"][0].update(algorithm="blake2b"), "algorithm"),
        (lambda one: one["predicate"]["resources"][0].update(digest="0" * 64), "root"),
        (lambda one: one["predicate"]["resources"].append(one["predicate"]["resources"][0]), "statement"),
        (lambda one: one["subject"].append({}), "statement"),
    ],
)
def test_a_statement_of_another_shape_is_not_taken(change: Any, why: str) -> None:
    document = scanned(resigned(change), {"name": "other.pem", "pem": pem(OTHER)})

    (said,) = document["signatures"]
    assert (said["state"], said["why"]) == ("unreadable", why)


def test_two_values_for_one_key_are_not_taken() -> None:
    with pytest.raises(Unreadable, match="key_twice"):
        read(by_key().replace(b'"mediaType"', b'"mediaType": "x", "mediaType"'))


@given(at=st.integers(0, len(by_key()) - 1), byte=st.integers(0, 255))
def test_no_changed_byte_ever_verifies_another_statement(at: int, byte: int) -> None:
    changed = bytearray(by_key())
    changed[at] = byte

    try:
        signed = read(bytes(changed))
    except Unreadable:
        return
    (said,) = scanned(bytes(changed), SIGNER)["signatures"]
    if said["state"] == "verified":
        original = read(by_key())
        assert (signed.files, signed.signed_bytes) == (original.files, original.signed_bytes)


def test_the_command_checks_with_a_folder_of_keys_and_says_where_there_is_no_signature(tmp_path: Path) -> None:
    model, keys = tmp_path / "model", tmp_path / "keys"
    (model / "sub").mkdir(parents=True)
    keys.mkdir()
    for path, data in FILES.items():
        (model / path).write_bytes(data)
    (keys / "acme.pem").write_text(KEY)

    assert "There is no signature of the model." in called(str(model))[1]
    (model / "model.sig").write_bytes(by_key())
    assert "The model is signed by acme.pem" in called(str(model), "--signers", str(keys))[1]
    assert "no key or certificate is laid down" in called(str(model))[1]


def test_what_is_no_key_stops_the_start_and_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("ASSAY_MODEL_SIGNERS", str(tmp_path))
    (tmp_path / "acme.pem").write_text("-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n")
    with pytest.raises(ImproperlyConfigured, match=r"ASSAY_MODEL_SIGNERS: acme\.pem is no public key"):
        models.model_signers()

    (tmp_path / "acme.pem").write_text(KEY)
    assert models.model_signers() == [SIGNER]

    tmp_path.chmod(0o777)
    with pytest.raises(ImproperlyConfigured, match="take their right away"):
        models.model_signers()


def test_keys_of_other_kinds_are_refused() -> None:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    key = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(encoding, form).decode()

    with pytest.raises(BadSigner, match="P-256"):
        signers_of([{"name": "ed.pem", "pem": key}])
