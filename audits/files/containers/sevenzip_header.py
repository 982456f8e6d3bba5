"""7z: the archive's header as it stands in the bytes: which streams are packed how, and what lies in them.

Source: the format's own description (7zFormat.txt of the LZMA SDK, public domain).
"""

from __future__ import annotations

from dataclasses import dataclass, field

_MOST = 1 << 16


class Wrong(ValueError):
    """What is read cannot be; the text is a word for it."""


@dataclass
class Coder:
    """One way in which bytes are packed or filtered."""

    method: bytes
    properties: bytes = b""


@dataclass
class Folder:
    """Packed streams that are unpacked together, and the sizes of the ``parts`` that the members are.

    ``plain`` says whether its coders are one chain, the one nearest to the packed bytes first.
    """

    coders: list[Coder] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    packed_streams: int = 1
    parts: list[int] = field(default_factory=list)
    plain: bool = True
    last: int = 0  # the coder that gives the folder's bytes
    known: bool = False  # whether there is a checksum of the folder

    @property
    def size(self) -> int:
        """Bytes when unpacked, as the header says."""
        return self.sizes[self.last] if self.sizes else 0


@dataclass
class Streams:
    """Where the packed streams begin behind the first 32 bytes, how long each is, and what they unpack to."""

    at: int = 0
    packed: list[int] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)


class Bytes:
    """The bytes of a header, taken from the front. Raises Wrong where they end too early."""

    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def take(self, length: int) -> bytes:
        """So many bytes."""
        if length < 0 or self.at + length > len(self.raw):
            raise Wrong("truncated")
        self.at += length
        return self.raw[self.at - length : self.at]

    def byte(self) -> int:
        """One byte as a number."""
        return self.take(1)[0]

    def number(self) -> int:
        """A number of one to nine bytes: the ones at the front of the first byte say how many follow."""
        first, mask, value = self.byte(), 0x80, 0
        for index in range(8):
            if not first & mask:
                return value | (first & (mask - 1)) << (8 * index)
            value |= self.byte() << (8 * index)
            mask >>= 1
        return value

    def count(self) -> int:
        """A number of things, of which there may not be too many."""
        value = self.number()
        if value > _MOST:
            raise Wrong("too_many")
        return value

    def bits(self, count: int) -> list[bool]:
        """So many flags, eight to a byte."""
        raw = self.take(-(-count // 8))
        return [bool(raw[i // 8] & 0x80 >> i % 8) for i in range(count)]

    def maybe_bits(self, count: int) -> list[bool]:
        """Flags, or a byte that says that all are set."""
        return [True] * count if self.byte() else self.bits(count)


def header_of(raw: Bytes) -> tuple[Streams, list[str], list[bool]]:
    """The streams, the names of members, and which of them have no bytes. Raises Wrong."""
    if raw.byte() != 0x01:
        raise Wrong("header")
    streams, kind = Streams(), raw.byte()
    if kind == 0x02:
        while raw.number() != 0:
            raw.take(raw.number())
        kind = raw.byte()
    if kind == 0x03:
        raise Wrong("additional_streams")
    if kind == 0x04:
        streams = streams_of(raw)
        kind = raw.byte()
    if kind != 0x05:
        return streams, [], []
    return streams, *_members(raw)


def _members(raw: Bytes) -> tuple[list[str], list[bool]]:
    """The names of members, and which of them have no bytes."""
    count = raw.count()
    names, empty = [""] * count, [False] * count
    while (tag := raw.number()) != 0:
        body = Bytes(raw.take(raw.number()))
        if tag == 0x0E:
            empty = body.bits(count)
        elif tag == 0x11:
            if body.byte():
                raise Wrong("names")
            text = body.take(len(body.raw) - 1).decode("utf-16-le", "replace").split("\0")
            names = (text + [""] * count)[:count]
    return names, empty


def streams_of(raw: Bytes) -> Streams:
    """The description of packed streams. Raises Wrong."""
    streams, tag = Streams(), raw.number()
    if tag == 0x06:
        streams.at, count = raw.number(), raw.count()
        while (tag := raw.number()) != 0:
            if tag == 0x09:
                streams.packed = [raw.number() for _ in range(count)]
            elif tag == 0x0A:
                _digests(raw, count)
            else:
                raise Wrong("pack_info")
        tag = raw.number()
    if tag == 0x07:
        streams.folders = _folders(raw)
        tag = raw.number()
    for folder in streams.folders:
        folder.parts = [folder.size]
    if tag == 0x08:
        _parts(raw, streams.folders)
        tag = raw.number()
    if tag != 0:
        raise Wrong("streams")
    return streams


def _folders(raw: Bytes) -> list[Folder]:
    if raw.number() != 0x0B:
        raise Wrong("folders")
    count = raw.count()
    if raw.byte():
        raise Wrong("external")
    folders = [_one_folder(raw) for _ in range(count)]
    if raw.number() != 0x0C:
        raise Wrong("folders")
    for folder in folders:
        folder.sizes = [raw.number() for _ in folder.coders]
    while (tag := raw.number()) != 0:
        if tag != 0x0A:
            raise Wrong("folders")
        for folder, known in zip(folders, _digests(raw, count), strict=True):
            folder.known = known
    return folders


def _one_folder(raw: Bytes) -> Folder:
    folder, inputs, outputs = Folder(), 0, 0
    for _ in range(min(raw.count(), 33)):
        flags = raw.byte()
        coder = Coder(raw.take(flags & 15))
        if flags & 0x10:
            inputs, outputs = inputs + raw.count(), outputs + raw.count()
            folder.plain = False
        else:
            inputs, outputs = inputs + 1, outputs + 1
        if flags & 0x20:
            coder.properties = raw.take(raw.number())
        if flags & 0x80:
            raise Wrong("coder")
        folder.coders.append(coder)
    bonds = [(raw.number(), raw.number()) for _ in range(outputs - 1)]
    folder.packed_streams = inputs - (outputs - 1)
    if folder.packed_streams > 1:
        for _ in range(folder.packed_streams):
            raw.number()
    # A chain of coders: each takes what the one after it gives.
    if all(takes == gives - 1 for takes, gives in bonds):
        folder.coders.reverse()
    elif all(takes == gives + 1 for takes, gives in bonds):
        folder.last = len(folder.coders) - 1
    else:
        folder.plain = False
    return folder


def _parts(raw: Bytes, folders: list[Folder]) -> None:
    tag = raw.number()
    counts = [1] * len(folders)
    if tag == 0x0D:
        counts = [raw.count() for _ in folders]
        tag = raw.number()
    for folder, count in zip(folders, counts, strict=True):
        sizes: list[int] = []
        if tag == 0x09 and count > 1:
            sizes = [raw.number() for _ in range(count - 1)]
        if count:
            sizes.append(max(0, folder.size - sum(sizes)))
        folder.parts = sizes
    if tag == 0x09:
        tag = raw.number()
    if tag == 0x0A:
        unknown = sum(count for folder, count in zip(folders, counts, strict=True) if count != 1 or not folder.known)
        _digests(raw, unknown)
        tag = raw.number()
    if tag != 0:
        raise Wrong("parts")


def _digests(raw: Bytes, count: int) -> list[bool]:
    known = raw.maybe_bits(count)
    raw.take(4 * sum(known))
    return known
