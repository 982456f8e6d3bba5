"""A folder of two files with two signatures that model-signing 1.1.1 has made of it, and what they are checked with.

Made with ``model_signing sign key`` (P-256) and ``model_signing sign certificate`` (P-384, one authority) and verified
with its ``verify``; the private keys are gone.
"""

from __future__ import annotations

import json
from typing import Any

FILES = {"weights.bin": b"first weights", "sub/config.json": b'{"a": 1}'}
KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAENdo7QzurrgAXZcyvrQIflvJa1m6Y
DpDyorDgWG0eey6DqQ1Ngem73NDOv/Kab5kwRUVcy+S5KBh1CIZqVtMZkQ==
-----END PUBLIC KEY-----
"""
AUTHORITY = """-----BEGIN CERTIFICATE-----
MIIBzDCCAVKgAwIBAgIUP4G8jaodR9+t9cZzV40mid2xzgAwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJVGVzdCByb290MCAXDTI2MTEyOTE2MzExMloYDzIxMjYxMTA1
MTYzMTEyWjAUMRIwEAYDVQQDDAlUZXN0IHJvb3QwdjAQBgcqhkjOPQIBBgUrgQQA
IgNiAAQ7AD/Rc5n/J11G+nanmLjwAfs3CuTx8jR2X4yh//AkkikXjJWoDmA3cuOD
Pow7QauDDwSbjcZ3prniIHz5swJumfF7q5hM8tFglVnETMjugt/p8CuxWMJdyrxx
GF/BVGCjYzBhMB0GA1UdDgQWBBSgXYvNaonPC6uqiH92mdWAKakfcDAfBgNVHSME
GDAWgBSgXYvNaonPC6uqiH92mdWAKakfcDAPBgNVHRMBAf8EBTADAQH/MA4GA1Ud
DwEB/wQEAwICBDAKBggqhkjOPQQDAgNoADBlAjBk94INGT4mS+u564aGGVePt2QX
MI2oHrqR84tOInwwJJwMWELrjQxgG8IR1Gmka7YCMQCy306RuUtexlgEEW6zLcKM
fx+tlHugwJ6e2q6leR5jgHKF5l6iNTCahPYgK0biEf8=
-----END CERTIFICATE-----
"""
_PAYLOAD = (
    "ewogICJfdHlwZSI6ICJodHRwczovL2luLXRvdG8uaW8vU3RhdGVtZW50L3YxIiwKICAic3ViamVjdCI6IFsKICAgIHsKICAgICAg"
    "Im5hbWUiOiAibW9kZWwiLAogICAgICAiZGlnZXN0IjogewogICAgICAgICJzaGEyNTYiOiAiNDQwN2M5MjdiOTU0Yzk3NTVhYTQ4"
    "NTUxMWE1ZThiOTI2YTFiN2I4ODQ0ZDI5MDJhODQ5OTk3N2RiZDlhMTVlNCIKICAgICAgfQogICAgfQogIF0sCiAgInByZWRpY2F0"
    "ZVR5cGUiOiAiaHR0cHM6Ly9tb2RlbF9zaWduaW5nL3NpZ25hdHVyZS92MS4wIiwKICAicHJlZGljYXRlIjogewogICAgInJlc291"
    "cmNlcyI6IFsKICAgICAgewogICAgICAgICJhbGdvcml0aG0iOiAic2hhMjU2IiwKICAgICAgICAibmFtZSI6ICJzdWIvY29uZmln"
    "Lmpzb24iLAogICAgICAgICJkaWdlc3QiOiAiZjlkODYwMjhjNmUwZDY0ZTIyNTE4NmY5NmFjYjY5MzM4YjJjNTk3NjRkZjc5MTYy"
    "MTA3ZjVjNGJiMzRkMTMxMCIKICAgICAgfSwKICAgICAgewogICAgICAgICJhbGdvcml0aG0iOiAic2hhMjU2IiwKICAgICAgICAi"
    "bmFtZSI6ICJ3ZWlnaHRzLmJpbiIsCiAgICAgICAgImRpZ2VzdCI6ICIwZjA2MzQ3NGY3NGU5ZGM3OTYxYWM5YmM3M2YzNjRiZGVi"
    "MTgzNDY4NTQ5MzU5ZTI3NmRlNjFjYWQwYjUxZGUyIgogICAgICB9CiAgICBdLAogICAgInNlcmlhbGl6YXRpb24iOiB7CiAgICAg"
    "ICJtZXRob2QiOiAiZmlsZXMiLAogICAgICAiaGFzaF90eXBlIjogInNoYTI1NiIsCiAgICAgICJhbGxvd19zeW1saW5rcyI6IGZh"
    "bHNlLAogICAgICAiaWdub3JlX3BhdGhzIjogWwogICAgICAgICIuZ2l0aWdub3JlIiwKICAgICAgICAiLmdpdGF0dHJpYnV0ZXMi"
    "LAogICAgICAgICIuZ2l0IiwKICAgICAgICAiLmdpdGh1YiIKICAgICAgXQogICAgfQogIH0KfQ=="
)
_BY_KEY = "MEQCIGq1p3cg8j4vLCtkO+KKelVD2mpeIk8cdVebWb7JNebdAiAMWkRBygIZrimNklsXEJ8Dyg+TextOfTK1Ro6tkuN04A=="
_HINT = "e5cc327457324be9989e89450f74531788ae3c64bab000866e40f03ff01fca2a"
_PAYLOAD_OF_CERTIFICATE = (
    "ewogICJfdHlwZSI6ICJodHRwczovL2luLXRvdG8uaW8vU3RhdGVtZW50L3YxIiwKICAic3ViamVjdCI6IFsKICAgIHsKICAgICAg"
    "Im5hbWUiOiAibW9kZWwiLAogICAgICAiZGlnZXN0IjogewogICAgICAgICJzaGEyNTYiOiAiNDQwN2M5MjdiOTU0Yzk3NTVhYTQ4"
    "NTUxMWE1ZThiOTI2YTFiN2I4ODQ0ZDI5MDJhODQ5OTk3N2RiZDlhMTVlNCIKICAgICAgfQogICAgfQogIF0sCiAgInByZWRpY2F0"
    "ZVR5cGUiOiAiaHR0cHM6Ly9tb2RlbF9zaWduaW5nL3NpZ25hdHVyZS92MS4wIiwKICAicHJlZGljYXRlIjogewogICAgInJlc291"
    "cmNlcyI6IFsKICAgICAgewogICAgICAgICJuYW1lIjogInN1Yi9jb25maWcuanNvbiIsCiAgICAgICAgImFsZ29yaXRobSI6ICJz"
    "aGEyNTYiLAogICAgICAgICJkaWdlc3QiOiAiZjlkODYwMjhjNmUwZDY0ZTIyNTE4NmY5NmFjYjY5MzM4YjJjNTk3NjRkZjc5MTYy"
    "MTA3ZjVjNGJiMzRkMTMxMCIKICAgICAgfSwKICAgICAgewogICAgICAgICJuYW1lIjogIndlaWdodHMuYmluIiwKICAgICAgICAi"
    "YWxnb3JpdGhtIjogInNoYTI1NiIsCiAgICAgICAgImRpZ2VzdCI6ICIwZjA2MzQ3NGY3NGU5ZGM3OTYxYWM5YmM3M2YzNjRiZGVi"
    "MTgzNDY4NTQ5MzU5ZTI3NmRlNjFjYWQwYjUxZGUyIgogICAgICB9CiAgICBdLAogICAgInNlcmlhbGl6YXRpb24iOiB7CiAgICAg"
    "ICJhbGxvd19zeW1saW5rcyI6IGZhbHNlLAogICAgICAibWV0aG9kIjogImZpbGVzIiwKICAgICAgImhhc2hfdHlwZSI6ICJzaGEy"
    "NTYiLAogICAgICAiaWdub3JlX3BhdGhzIjogWwogICAgICAgICIuZ2l0YXR0cmlidXRlcyIsCiAgICAgICAgIi5naXQiLAogICAg"
    "ICAgICIuZ2l0aWdub3JlIiwKICAgICAgICAiLmdpdGh1YiIKICAgICAgXQogICAgfQogIH0KfQ=="
)
_BY_CERTIFICATE = (
    "MGUCMQCZiNpDejI2Qo4rLkyWWF3Zlz5zrgYogR8C00TKtyWDzJgRq/Z7hu/Z1wkE3G7IIHYCMFDPv/w2IPVV++/XR8b4lDlNKsiQ"
    "1So2UZLdxXBODr9Vr/ySJUx3lW5czwnebVszaA=="
)
_CERTIFICATE = (
    "MIICCTCCAZCgAwIBAgIURDqC71/v7M6Nmt0V8KbvKtOqh7cwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJVGVzdCByb290MCAXDTI2"
    "MTEyOTE2MzExMloYDzIxMjUwNjIzMTYzMTEyWjAXMRUwEwYDVQQDDAxNb2RlbCBzaWduZXIwdjAQBgcqhkjOPQIBBgUrgQQAIgNi"
    "AARFi5g4asauNrVR1U2Uz26lDbcqmoKverxIoyUC3hqx/1Uy53WfwJiPjuL7q/7I1YlGshLcKDBk58hhqWXtPTpJiCpCrttoV03n"
    "gXYhrPvzfLs6DhO0tM/SfAiyPorVgvWjgZ0wgZowDAYDVR0TAQH/BAIwADAOBgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYIKwYB"
    "BQUHAwMwJQYDVR0RBB4wHIYaaHR0cHM6Ly9zaWduZXIuZXhhbXBsZS5vcmcwHQYDVR0OBBYEFPBRy/3kn+X56rJ0uZoN/6W3iB8F"
    "MB8GA1UdIwQYMBaAFKBdi81qic8Lq6qIf3aZ1YApqR9wMAoGCCqGSM49BAMCA2cAMGQCMF/FVWX3MVpzunxHYwX5iZ0qP8jZqBE0"
    "OC4YnUFkLeDE1YZUB9KEzK/n35FNd+Ds1AIwLGzKv4lkFxEYENCfBA12Jp97r9O1c33LFxsMe5zWerS8sqZv+cIxjtwOnDYbUJmM"
)
_ISSUER = (
    "MIIBzDCCAVKgAwIBAgIUP4G8jaodR9+t9cZzV40mid2xzgAwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJVGVzdCByb290MCAXDTI2"
    "MTEyOTE2MzExMloYDzIxMjYxMTA1MTYzMTEyWjAUMRIwEAYDVQQDDAlUZXN0IHJvb3QwdjAQBgcqhkjOPQIBBgUrgQQAIgNiAAQ7"
    "AD/Rc5n/J11G+nanmLjwAfs3CuTx8jR2X4yh//AkkikXjJWoDmA3cuODPow7QauDDwSbjcZ3prniIHz5swJumfF7q5hM8tFglVnE"
    "TMjugt/p8CuxWMJdyrxxGF/BVGCjYzBhMB0GA1UdDgQWBBSgXYvNaonPC6uqiH92mdWAKakfcDAfBgNVHSMEGDAWgBSgXYvNaonP"
    "C6uqiH92mdWAKakfcDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAKBggqhkjOPQQDAgNoADBlAjBk94INGT4mS+u5"
    "64aGGVePt2QXMI2oHrqR84tOInwwJJwMWELrjQxgG8IR1Gmka7YCMQCy306RuUtexlgEEW6zLcKMfx+tlHugwJ6e2q6leR5jgHKF"
    "5l6iNTCahPYgK0biEf8="
)


def by_key(**changed: Any) -> bytes:
    """The signature by a key, with parts of the bundle changed."""
    return _bundle(_PAYLOAD, _BY_KEY, {"publicKey": {"hint": _HINT}, "tlogEntries": []}, **changed)


def by_certificate(**changed: Any) -> bytes:
    """The signature by a certificate, with parts of the bundle changed."""
    chain = {"certificates": [{"rawBytes": _CERTIFICATE}, {"rawBytes": _ISSUER}]}
    material = {"x509CertificateChain": chain, "tlogEntries": []}
    return _bundle(_PAYLOAD_OF_CERTIFICATE, _BY_CERTIFICATE, material, **changed)


def _bundle(payload: str, signature: str, material: dict[str, Any], **changed: Any) -> bytes:
    envelope = {
        "payload": payload,
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [{"sig": signature, "keyid": ""}],
    }
    bundle = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": material,
        "dsseEnvelope": envelope | changed.pop("envelope", {}),
    }
    return json.dumps(bundle | changed).encode()
