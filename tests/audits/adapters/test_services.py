"""Services as models: what they are asked, what may befall, what it costs, and where nothing is ever sent."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audits.adapters import references
from audits.adapters.endpoints import guard
from audits.adapters.endpoints.asking import Answer
from audits.adapters.endpoints.guard import Allowed
from audits.adapters.endpoints.protocols import Question
from audits.adapters.endpoints.service import Endpoint, Service
from audits.adapters.endpoints.spending import Aside, Caps
from audits.adapters.kept import FolderStore
from audits.adapters.predicting import predict
from audits.adapters.refusals import ModelFailed, ModelRefused
from audits.sandbox.levels import Isolation, Level
from tests.audits.adapters import services

NONE = Isolation(Level.L0)
HERE = Allowed(hosts=frozenset({"127.0.0.1"}))


@pytest.fixture(scope="module")
def running() -> Iterator[services.Service]:
    with services.served() as service:
        yield service


@pytest.fixture
def service(running: services.Service) -> services.Service:
    running.asked.clear()
    running.troubles.clear()
    return running


def texts(*cells: str) -> dict[str, Any]:
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    return {"text": array}


def chat(service: services.Service, **changed: Any) -> Service:
    given: dict[str, Any] = {"model": "m", "backoff_s": 0.01, "concurrency": 1, **changed}
    return Service(Endpoint(service.url("/v1/chat/completions"), **given), HERE)


def said(adapter: Any, batch: Any) -> Any:
    with adapter.open() as model:
        return model.predict(batch)


def test_every_language_is_spoken_and_the_record_says_that_a_service_answered(
    service: services.Service, tmp_path: Path
):
    asked: dict[str, Any] = {"rows": None, "data_digest": "d", "isolation": NONE, "store": FolderStore(tmp_path)}
    adapter = references.adapter(f"http:{service.url('/v1/chat/completions')}#m", allowed=HERE)

    found = predict(adapter, [texts("a", "ё\udcff"), texts("ccc")], **asked)

    assert found.outputs["text"].tolist() == ["A", "Ё\udcff", "CCC"]
    assert found.outputs["finish"].tolist() == ["stop"] * 3
    record = found.record
    assert (record["origin"], record["isolation"], record["kind"]) == ("endpoint", None, "http")
    assert record["endpoint"] == {"address": f"http://127.0.0.1:{service.port}", "answered_by": ["served-0613"]}
    assert record["used"]["requests"] == 3
    assert (record["used"]["tokens_in"], record["used"]["tokens_out"], record["used"]["cost"]) == (30, 15, None)
    # what stands behind an address may have changed since
    assert not predict(adapter, [texts("a")], **asked).from_store

    said_backwards = said(references.adapter(f"http:{service.url('/v1/completions')}#m", allowed=HERE), texts("abc"))
    assert said_backwards["text"].tolist() == ["cba"]
    embedded = said(references.adapter(f"http:{service.url('/embed')}", allowed=HERE), texts(*["ab"] * 40, "c"))
    assert embedded["embedding"].shape == (41, 3)
    assert embedded["embedding"][:, 0].tolist() == [2.0] * 40 + [1.0]
    with references.adapter(f"http:{service.url('/predict')}", allowed=HERE).open() as model:
        judged = model.predict(texts("x" * 90, "x"))
        assert model.signature.classes == ("bad", "good")
    assert judged["label"].tolist() == ["good", "bad"]
    np.testing.assert_allclose(judged["score"], [[0.1, 0.9], [0.99, 0.01]])
    pairs = {"query": texts("q", "q", "p")["text"], **texts("a", "bbb", "cc")}
    ranked = said(references.adapter(f"http:{service.url('/rerank')}", allowed=HERE), pairs)
    assert ranked["score"].tolist() == [0.01, 0.03, 0.02]
    template = {"body": {"ask": {"words": ["<{{text}}>"], "k": 1}}, "answer": "/result/0/a~1b"}
    own = Endpoint(service.url("/own/api"), speaks="json", template=template["body"], answer=str(template["answer"]))
    assert said(Service(own, HERE), texts("a"))["answer"].tolist() == ["<a>!"]
    counted = Endpoint(own.url, speaks="json", template=own.template, answer="/result/0/size", numbers=True)
    assert said(Service(counted, HERE), texts("abc"))["answer"].tolist() == [5.0]
    assert [one["path"] for one in service.asked].count("/embed") == 2
    assert [one["path"] for one in service.asked].count("/rerank") == 2


def test_what_passes_is_asked_again_and_what_stays_is_not(service: services.Service):
    service.troubles[:] = ["busy", "broken", "cuts"]
    assert said(chat(service), texts("a"))["text"].tolist() == ["A"]
    assert len(service.asked) == 4

    service.troubles[:] = ["broken"] * 3
    with pytest.raises(ModelFailed, match="answered 503") as failed:
        said(chat(service, retries=2), texts("a"))
    assert failed.value.code == "endpoint_error"
    assert len(service.asked) == 7


@pytest.mark.parametrize(
    ("trouble", "code", "changed"),
    [
        ("denied", "endpoint_error", {}),
        ("elsewhere", "redirected", {}),
        ("hangs", "out_of_time", {"timeout_s": 0.3, "retries": 0}),
        ("drips", "out_of_time", {"timeout_s": 0.4, "retries": 0}),
        ("floods", "too_much_output", {"answer_bytes": 100_000}),
        ("talks", "wrong_answer", {}),
        ("nests", "wrong_answer", {}),
        ("says_nothing", "wrong_answer", {}),
    ],
)
def test_whatever_a_service_does_ends_in_a_word_about_it(
    service: services.Service, trouble: str, code: str, changed: dict[str, Any]
):
    service.troubles[:] = [trouble]

    with pytest.raises(ModelFailed) as failed:
        said(chat(service, **changed), texts("a"))

    assert failed.value.code == code
    assert len(service.asked) == 1


def test_requests_go_out_together_and_whoever_waits_may_end_them(service: services.Service):
    service.together = threading.Barrier(4)
    assert said(chat(service, concurrency=4), texts(*"abcdefgh"))["text"].tolist() == list("ABCDEFGH")
    service.together = None

    def cancelled() -> None:
        if len(service.asked) > 8:
            raise InterruptedError("cancelled")

    service.gate.clear()
    try:
        with chat(service).open(tick=cancelled) as model, pytest.raises(InterruptedError):
            model.predict(texts(*"abc"))
        assert not service.gate.is_set()  # it did not wait for the answer
    finally:
        service.gate.set()
    assert len(service.asked) == 9


@pytest.mark.parametrize(
    ("caps", "sent", "code"),
    [
        (Caps(requests=3), 3, "requests_cap"),
        # a request of one byte may take 33 + 5 tokens and uses 15: 38, 53, 68, 83, … have to fit
        (Caps(tokens=70), 3, "tokens_cap"),
        (Caps(cost=0.000070, price_in=1.0, price_out=1.0), 3, "cost_cap"),
        (Caps(tokens=37), 0, "tokens_cap"),
    ],
)
def test_asking_stops_before_a_bound_is_passed(service: services.Service, caps: Caps, sent: int, code: str):
    adapter = chat(service, caps=caps, parameters={"max_tokens": 5})

    with adapter.open() as model:
        with pytest.raises(ModelRefused, match="was not sent") as refused:
            model.predict(texts(*"abcdefgh"))
        used = model.facts()["used"]

    assert refused.value.code == code
    assert len(service.asked) == sent == used["requests"]
    assert used["tokens_in"] + used["tokens_out"] == 15 * sent <= (caps.tokens or 70)
    assert used["cost"] == (pytest.approx(15 * sent / 1e6) if caps.cost else None)


def test_use_that_nobody_knows_counts_as_the_most_it_can_be(service: services.Service):
    service.troubles[:] = ["gives_freely", "broken"]
    with chat(service, parameters={"max_tokens": 5}).open() as model:
        model.predict(texts("a"))
        model.predict(texts("a"))
        used = model.facts()["used"]

    assert used["requests"] == 3
    assert used["requests_of_unknown_use"] == 2
    assert used["tokens_in"] + used["tokens_out"] == 2 * (33 + 5) + 15
    with pytest.raises(ModelRefused, match="needs the price") as refused:
        Caps(cost=1.0)
    assert refused.value.code == "cost_unknown"


def test_a_secret_goes_to_its_host_and_into_nothing_else(service: services.Service, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KEY_OF_SERVICE", services.SECRET)
    allowed = Allowed(hosts=HERE.hosts, secrets={"127.0.0.1": "KEY_OF_SERVICE"})
    adapter = Service(chat(service).endpoint, allowed)
    service.troubles[:] = ["denied"]

    with pytest.raises(ModelFailed, match="answered 401; the operator names a secret") as failed:
        said(adapter, texts("a"))
    record = predict(adapter, [texts("a")], rows=1, data_digest="d", isolation=NONE).record

    assert [one["headers"]["Authorization"] for one in service.asked] == [f"Bearer {services.SECRET}"] * 2
    assert services.SECRET not in f"{failed.value} {failed.value.said} {record} {adapter.runtime} {adapter!r}"
    said(Service(adapter.endpoint, HERE), texts("a"))
    assert "Authorization" not in service.asked[-1]["headers"]
    monkeypatch.delenv("KEY_OF_SERVICE")
    with pytest.raises(ModelRefused, match="no usable KEY_OF_SERVICE"), adapter.open():
        pass


def test_a_service_that_repeats_the_secret_does_not_have_it_stored(
    service: services.Service, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KEY_OF_SERVICE", services.SECRET)
    allowed = Allowed(hosts=HERE.hosts, secrets={"127.0.0.1": "KEY_OF_SERVICE"})
    echo = Endpoint(service.url("/any"), speaks="json", template={"inputs": "{{text}}"}, answer="/said")
    with Service(echo, allowed).open() as model:
        for said in (b'{"said": "you sent %s"}', b'{"said": "you sent \\u0073%s"}'):
            told = services.SECRET.encode()
            body = said % (told[1:] if b"u0073" in said and told[:1] == b"s" else told)
            answers = model._read(Answer(200, {}, body), Question((0,), {}, Aside(1, 1)))
            assert services.SECRET not in answers[0]
            assert answers[0].startswith("you sent ")
        many = services.SECRET * 40  # cut in the middle of one, the rest would be half of it
        refused = model._refused(Answer(500, {}, many.encode()))
    assert services.SECRET[:8] not in f"{refused} {refused.said}"


@pytest.mark.parametrize("number", ["1e999", "1" + "0" * 400])
def test_a_number_that_no_double_holds_is_no_answer(service: services.Service, number: str):
    asked = Endpoint(service.url("/any"), speaks="json", template="{{text}}", answer="/n", numbers=True)
    with Service(asked, HERE).open() as model, pytest.raises(ModelFailed, match="no number") as failed:
        model._read(Answer(200, {}, b'{"n": %s}' % number.encode()), Question((0,), {}, Aside(1, 1)))
    assert failed.value.code == "wrong_answer"


# --- where nothing is sent -----------------------------------------------------------------------------------------

PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - to be refused
    "224.0.0.1",
    "255.255.255.255",
    "198.18.0.1",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:db8::1",
    "192.0.0.192",
    "168.63.129.16",
    "::ffff:168.63.129.16",
    "fec0::1",
    "3fff::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_no_address_inside_is_reached_by_any_name(address: str):
    with pytest.raises(ModelRefused, match="not public") as refused:
        guard.place("https://model.example/x", allowed=Allowed(), resolve=lambda host, port: ["93.184.215.14", address])

    assert refused.value.code == "endpoint_refused"


def test_a_public_address_is_reached_and_an_allowed_one_inside_but_never_that_of_metadata_by_a_name():
    public = guard.place("https://model.example/x?v=1", allowed=Allowed(), resolve=lambda h, p: ["93.184.215.14"])
    assert (public.addresses, public.port, public.path) == (("93.184.215.14",), 443, "/x?v=1")

    inside = Allowed(hosts=frozenset({"model.inside", "other.inside:8080"}))
    assert guard.place("http://model.inside/x", allowed=inside, resolve=lambda h, p: ["10.0.0.1"]).port == 80
    assert guard.place("http://other.inside:8080/", allowed=inside, resolve=lambda h, p: ["10.0.0.1"]).port == 8080
    for url, found in (
        ("http://model.inside/x", "169.254.169.254"),
        ("http://model.inside/x", "::ffff:169.254.169.254"),
        ("https://other.inside/x", "10.0.0.1"),
    ):
        with pytest.raises(ModelRefused):
            guard.place(url, allowed=inside, resolve=lambda h, p, found=found: [found])  # type: ignore[misc]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://model.example/x", "endpoint_refused"),
        ("file:///etc/passwd", "endpoint_url"),
        ("gopher://model.example/", "endpoint_url"),
        ("https://user:hunter2@model.example/", "endpoint_url"),
        ("https://model.example/#x", "endpoint_url"),
        ("https://model.example:0/", "endpoint_url"),
        ("https://model.example:99999/", "endpoint_url"),
        ("https://[::1/", "endpoint_url"),
        ("https:///x", "endpoint_url"),
        ("https://model.example/a b", "endpoint_url"),
        ("https://model.example/\r\nX-Evil: 1", "endpoint_url"),
        ("https://model.example\\@evil.example/", "endpoint_url"),
        ("https://model.example/" + "x" * 3000, "endpoint_url"),
        ("https://2130706433/", "endpoint_refused"),
        ("https://0x7f.1/", "endpoint_refused"),
        ("https://127.1/", "endpoint_refused"),
        ("https://localhost./", "endpoint_refused"),
        ("https://[::1]/", "endpoint_refused"),
        ("https://nowhere.invalid/", "endpoint_unknown"),
    ],
)
def test_an_address_that_is_none_or_means_this_machine_is_refused(url: str, code: str):
    with pytest.raises(ModelRefused) as refused:
        guard.place(url, allowed=Allowed())

    assert refused.value.code == code
    assert "hunter2" not in str(refused.value)


def test_a_name_is_resolved_once_and_what_was_looked_at_is_connected_to(service: services.Service):
    """A name that means something else when it is asked for again finds nobody who asks."""
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    asked = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    url = f"http://rebound.example:{service.port}/v1/chat/completions"
    adapter = Service(Endpoint(url, model="m"), Allowed(hosts=frozenset({"rebound.example"})), resolve)

    assert said(adapter, texts("a", "b"))["text"].tolist() == ["A", "B"]
    assert asked == ["rebound.example"]
    assert {one["headers"]["Host"] for one in service.asked} == {f"rebound.example:{service.port}"}


def test_an_unknown_certificate_is_not_spoken_to(tmp_path: Path):
    certificate = _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with services.served() as service:
        service.socket = context.wrap_socket(service.socket, server_side=True)
        url = f"https://127.0.0.1:{service.port}/v1/chat/completions"

        with pytest.raises(ModelFailed, match="is not one that is trusted here") as failed:
            said(Service(Endpoint(url, model="m"), HERE), texts("a"))

    assert failed.value.code == "endpoint_unreachable"
    assert not service.asked


def _certificate(folder: Path) -> Path:
    """A certificate that nobody vouches for."""
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + dt.timedelta(days=1))
    plain, text = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(plain, text, serialization.NoEncryption())
        + made.sign(key, hashes.SHA256()).public_bytes(plain)
    )
    return path


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"model": ""}, "endpoint_parameters"),
        ({"parameters": {"max_tokens": 5, "stream": True}}, "endpoint_parameters"),
        ({"parameters": {"temperature": 0}}, "endpoint_parameters"),
        ({"parameters": {"max_tokens": 10**9 * -1}}, "endpoint_parameters"),
        ({"url": "https://model.example/own"}, "endpoint_protocol"),
        ({"url": "https://model.example/embed?api_key=x"}, "endpoint_url"),
        ({"url": "https://model.example/embed?a=1;api_key=x"}, "endpoint_url"),
        ({"url": "https://model.example/embed?Code=x"}, "endpoint_url"),
        ({"speaks": "json", "template": {"{{text}}": "a"}, "answer": "/a"}, "endpoint_template"),
        ({"speaks": "json", "template": {"a": "{{text}}"}, "answer": "a"}, "endpoint_template"),
    ],
)
def test_a_service_that_is_said_wrongly_is_refused_before_anything_is_sent(changed: dict[str, Any], code: str):
    given: dict[str, Any] = {"url": "https://model.example/v1/chat/completions", "model": "m", **changed}

    with pytest.raises(ModelRefused) as refused, Service(Endpoint(**given)).open():
        pass

    assert refused.value.code == code


def test_nobody_there_is_a_word_about_the_service():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    adapter = Service(Endpoint(f"http://127.0.0.1:{port}/embed", backoff_s=0.01, retries=1), HERE)

    with adapter.open() as model:
        with pytest.raises(ModelFailed) as failed:
            model.predict(texts("a"))
        used = model.facts()["used"]

    assert failed.value.code == "endpoint_unreachable"
    assert (used["requests"], used["tokens_in"]) == (2, 0)
