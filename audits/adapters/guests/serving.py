"""The frame of all guests: one model is opened, then batch after batch is answered, until no more is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from audits.adapters import tensors
from audits.sandbox.inside.wire import Channel

LONGEST_MESSAGE = 1000


class Model(Protocol):
    """A model as a guest has it: what it takes and gives, and its answer."""

    def signature(self) -> dict[str, Any]:
        """``inputs``, ``outputs`` (each a name, a dtype and a shape) and ``classes``; JSON-ready."""

    def predict(self, batch: dict[str, tensors.Array]) -> Mapping[str, tensors.Array]:
        """Every output by name, with as many rows as the batch."""


class Refusal(Exception):
    """The guest refuses the model or a batch, with a code of its own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def serve(channel: Channel, load: Callable[[dict[str, Any]], Model], *, borrows: bool = False) -> None:
    """Load what ``open`` names, then answer. What a library raises is an answer too; no memory ends the guest.

    Args:
        borrows: the model neither writes to a batch nor keeps it, see ``Channel.receive``.
    """
    model: Model | None = None
    while (asked := channel.receive(borrows=borrows)) is not None:
        head, body = asked
        opening = "open" in head
        try:
            if opening:
                model = load(head["open"])
                channel.send({"signature": model.signature()})
                continue
            if model is None:
                raise Refusal("model_unreadable", "nothing was opened yet")
            described, parts = tensors.packed(model.predict(tensors.unpacked(head["predict"], body)))
        except MemoryError:
            raise
        except Refusal as refused:
            _refuse(channel, refused.code, str(refused))
        except Exception as failed:
            _refuse(channel, "model_unreadable" if opening else "model_failed", f"{type(failed).__name__}: {failed}")
        else:
            channel.send({"outputs": described}, *parts)


def _refuse(channel: Channel, code: str, message: str) -> None:
    channel.send({"error": {"code": code, "message": message[:LONGEST_MESSAGE]}})
