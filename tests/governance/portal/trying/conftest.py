"""Versions with a model at hand."""

from __future__ import annotations

import pytest

from audits.sandbox.levels import Level
from audits.sandbox.probing import probe
from tests.governance.portal.trying.asking import (
    brightness,
    bring,
)
from tests.governance.world import World


@pytest.fixture(scope="package")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A classifier of rows in ONNX."""
    pytest.importorskip("onnxruntime", reason="without requirements/models.txt no model is run")
    pytest.importorskip("skl2onnx", reason="without requirements/dev.txt no model is made")
    from tests.audits.adapters import made  # the packages it needs may not be there

    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    return made.as_onnx(made.classifier(), path).read_bytes()


@pytest.fixture
def world(model: bytes) -> World:
    """A version with a model file at hand."""
    if probe().level < Level.L2:
        pytest.skip(f"this machine isolates too little: {probe().lacking}")
    world = World()
    bring(world, "model.onnx", model)
    return world


@pytest.fixture
def gallery(world: World) -> World:
    """The same, with a model of pictures."""
    world.version = world.new_version()
    bring(world, "brightness.onnx", brightness())
    return world
