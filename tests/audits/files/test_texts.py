"""Settings, templates, programs and secrets among the files of a model."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest

from audits.files.texts.secrets import entropy
from tests.audits.files.scans import codes, scanned

TEMPLATE = """{%- for message in messages %}{%- if message['role'] == 'user' -%}
{{ '<|user|>' + message['content'] | trim + eos_token }}{%- elif loop.first %}{{ raise_exception('no system') }}
{%- endif %}{%- endfor %}{% macro tool(t) %}{{ t.name | tojson(indent=2) }}{% endmacro %}{{ tool(tools[0]) }}
{%- set ns = namespace(found=false) %}{{ strftime_now('%d %b') }}
{{ message.content.split('</think>')[-1].lstrip('\\n') }}"""


def settings(**keys: Any) -> bytes:
    return json.dumps(keys).encode()


def test_a_template_that_formats_messages_passes() -> None:
    document = scanned(settings(chat_template=TEMPLATE), "tokenizer_config.json")

    assert document["verdict"] == "pass", codes(document)


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
        "{{ messages['__cl' ~ 'ass__'] }}",
        "{% set u = '_' * 2 %}{{ messages[u ~ 'class' ~ u] }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ lipsum.__globals__['os'] }}",
        "{{ self._TemplateReference__context }}",
        "{{ dict(__class__=1)|list|first }}",
        "{% import 'os' as x %}",
        "{% include '/etc/passwd' %}",
    ],
)
@pytest.mark.parametrize("name", ["tokenizer_config.json", "chat_template.jinja", "other.json"])
def test_a_template_that_reaches_for_python_fails(template: str, name: str) -> None:
    file = (
        template.encode() if name.endswith("jinja") else settings(chat_template=[{"name": "x", "template": template}])
    )

    assert "template_escapes" in codes(scanned(file, name))


@pytest.mark.parametrize("template", ["{{ acme(messages) }}", "{{ messages.popitem() }}", "{{ x|frobnicate }}", "{{ x"])
def test_what_a_template_calls_is_unknown_and_not_safe(template: str) -> None:
    document = scanned(settings(chat_template=template), "tokenizer_config.json")

    assert (document["verdict"], "template_unknown" in codes(document)) == ("fail", True)


def test_settings_that_make_a_loader_run_code() -> None:
    found = codes(
        scanned(settings(auto_map={"AutoModel": "acme/code--modeling.Model"}, trust_remote_code=True), "config.json")
    )

    assert found["code_mapped"] == ["AutoModel: acme/code--modeling.Model"]
    assert "code_trusted" in found
    assert "name_twice" in codes(scanned(b'{"auto_map": {"a": "b.C"}, "auto_map": {}}', "config.json"))
    assert scanned(settings(model_type="bert", layers=[1, 2]), "config.json")["verdict"] == "pass"
    assert scanned(b'{"model_type": ', "config.json")["verdict"] == "fail"


def test_yaml_that_makes_objects_is_told() -> None:
    found = codes(scanned(b"a: !!python/object/apply:os.system ['id']\n", "train.yaml"))

    assert found["code_dangerous"] == ["!!python/object/apply:os.system"]


def test_a_program_is_told_and_what_it_reaches_for() -> None:
    plain = scanned(b"def area(r):\n    return 3.14 * r * r\n", "modeling.py")
    evil = scanned(b"import os\nos.system('id')\nimport subprocess\n", "modeling.py")

    assert (plain["verdict"], set(codes(plain))) == ("warn", {"code_present"})
    assert codes(evil)["code_dangerous"] == ["os.system", "subprocess"]
    assert "code_present" in codes(scanned(b"#!/bin/sh\nls\n", "README"))


def token(prefix: str, body: str) -> str:
    """A token whose checksum fits, made here and issued by nobody."""
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    value, out = zlib.crc32(body.encode()), ""
    for _ in range(6):
        value, digit = divmod(value, 62)
        out = letters[digit] + out
    return prefix + body + out


BODY = "aZ3kQ9xW2mR7tY5uB8nC4vD6eF1gHj"
JWT = ".".join(
    base64.urlsafe_b64encode(one).decode().rstrip("=") for one in (b'{"alg":"HS256"}', b'{"sub":"somebody"}', b"s" * 32)
)


@pytest.mark.parametrize(
    "secret",
    [
        token("ghp_", BODY),
        token("npm_", BODY),
        "AKIA" + "Z3KQ9XW2MR7TY5UB",
        "hf_" + "aZbYcXdWeVfUgThSiRjQkPlOmNnMoLpKqJ",
        "sk-" + BODY + BODY,
        "-----BEGIN RSA PRIVATE KEY-----",
        JWT,
        "postgres://user:Tr0ub4dor&3@db.example.org/x",
    ],
)
def test_a_secret_is_found_and_masked(secret: str) -> None:
    document = scanned(f"x = '{secret}'\n".encode(), "notes.md")

    assert document["verdict"] == "fail"
    assert len(codes(document)["secret"]) == 1
    assert secret[:12] not in json.dumps(document)


@pytest.mark.parametrize(
    "text",
    [
        "ghp_" + BODY + "aaaaaa",
        "AKIA" + "A" * 16,
        "hf_" + "x" * 34,
        "sk-" + "a" * 40,
        "https://user:pass@host",
        "eyJhbGc.eyJh.xx",
    ],
)
def test_what_only_looks_like_a_secret_is_none(text: str) -> None:
    assert "secret" not in codes(scanned(text.encode(), "notes.md"))


def test_a_secret_across_the_pieces_of_a_long_file_is_found() -> None:
    text = b"a" * ((1 << 20) - 20) + b" " + token("ghp_", BODY).encode() + b" tail"

    assert len(codes(scanned(text, "notes.md"))["secret"]) == 1


def test_entropy_is_that_of_a_fair_coin_and_of_a_constant() -> None:
    assert (entropy("abab"), entropy("aaaa"), entropy("")) == (1.0, 0.0, 0.0)


def test_pointers_programs_of_machines_and_unknown_bytes_are_not_passed() -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 5\n"

    assert scanned(pointer, "model.safetensors")["verdict"] == "insufficient_data"
    assert scanned(b"\x7fELF" + b"\1" * 60, "README.md")["verdict"] == "fail"
    assert scanned(b"\xfe\xfd" * 40, "x.dat")["verdict"] == "insufficient_data"
    assert scanned({"a": b""})["verdict"] == "no_information"


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("model.safetensors", b"hello\n", "safetensors"),
        ("model.png", b"hello\n", "png"),
        ("notes.txt", b"\x93NUMPY", "txt"),
    ],
)
def test_a_name_that_says_otherwise_than_the_bytes_is_told(name: str, data: bytes, said: str) -> None:
    document = scanned(data, name)

    (note,) = [one for one in document["files"][0]["findings"] if one["code"] == "files.name_misleads"]
    assert note["params"]["said"] == said
    assert document["verdict"] != "pass"


def test_pictures_are_walked_to_their_end() -> None:
    chunk = b"\0\0\0\x04tEXtabcd\0\0\0\0"
    png = b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IEND\0\0\0\0"
    wav = b"RIFF\x08\0\0\0WAVEabcd"
    jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xda\0\x04ab\x12\xff\x00\x34\xff\xd9"

    for name, data in (("a.png", png), ("a.wav", wav), ("a.jpg", jpeg)):
        assert scanned(data, name)["verdict"] == "pass"
        assert scanned(data[:-2], name)["verdict"] == "fail"
        assert "pickle_runs_code" in codes(scanned(data + b"cos\nsystem\n(S'id'\ntR.", name))
