"""A model that is tried as people do it: by its version's page."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audits import execution
from audits.models import Run
from governance.evidence import services as evidence
from governance.evidence.models import Attachment
from governance.people.models import User
from tests.governance.world import World

ROWS = [[3.0, 0.5, 0.5, 1.0], [-3.0, 0.5, -0.5, 1.0]]
TYPED = "3,0.5,0.5,1\n\n-3, 0.5, -0.5, 1"


def bring(world: World, name: str, content: bytes) -> None:
    upload = evidence.upload(
        stream=io.BytesIO(content),
        filename=name,
        media_type="application/octet-stream",
        by=world.submitter,
        at=timezone.now(),
    )
    evidence.attach(
        version=world.version,
        use_case=world.use_case,
        role=Attachment.Role.FILES,
        upload=upload,
        by=world.submitter,
        at=timezone.now(),
    )


def address(world: World, *, name: str = "try", **more: Any) -> str:
    entry = world.version.entry
    where = [entry.kind, entry.namespace, entry.name, world.version.revision]
    return reverse(f"catalog:{name}", args=[*where, *more.values()])


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def ask(world: World, typed: str, *, by: User | None = None, lines: str = "rows", **more: Any) -> Any:
    sent = {"typed": typed, "lines": lines, "use_case": world.use_case.slug, **more}
    return browser(by or world.submitter).post(address(world), sent)


def answered(world: World, typed: str = TYPED, **more: Any) -> Run:
    ask(world, typed, **more)
    run = Run.objects.get(kind="trial")
    execution.execute(run_id=run.pk)
    run.refresh_from_db()
    return run


def another(world: World, typed: str) -> Run:
    ask(world, typed)
    run = Run.objects.filter(kind="trial").latest("pk")
    execution.execute(run_id=run.pk)
    run.refresh_from_db()
    return run


def brightness() -> bytes:
    """A model of pictures of 8 x 8 that says how bright red, green and blue are."""
    from onnx import TensorProto, helper

    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["pixels"], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["colours"]),
        ],
        "g",
        [info("pixels", TensorProto.FLOAT, [None, 3, 8, 8])],
        [info("colours", TensorProto.FLOAT, [None, 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    content: bytes = model.SerializeToString()
    return content


def picture(colour: tuple[int, int, int] = (255, 0, 51), kind: str = "PNG") -> bytes:
    image = pytest.importorskip("PIL.Image", reason="without requirements/models.txt no picture is read")
    stored = io.BytesIO()
    image.new("RGB", (40, 30), colour).save(stored, kind)
    return stored.getvalue()


def show(world: World, content: bytes, **more: Any) -> Any:
    file = SimpleUploadedFile("cat.png", content, content_type="image/png")
    sent = {"typed": "", "lines": "texts", "use_case": world.use_case.slug, "picture": file, **more}
    return browser(world.submitter).post(address(world), sent)
