"""Judging pickles: one or several in a row, with what stands behind them."""

from __future__ import annotations

import struct

from audits.files.pickles.machine import follow
from audits.files.pickles.names import ALLOWED, DANGEROUS, LIBRARY, arguments_fit, judge
from audits.files.pickles.symbols import Stream
from audits.files.places import Place, Seen
from audits.files.sources import Source

# The first pickle of a file that torch wrote before it wrote zip files.
TORCH_LEGACY = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")
MOST_STREAMS = 1_000
_NESTED_DEEPEST = 4
ITEM_BYTES = {
    "DoubleStorage": 8,
    "LongStorage": 8,
    "ComplexFloatStorage": 8,
    "ComplexDoubleStorage": 16,
    "FloatStorage": 4,
    "IntStorage": 4,
    "QInt32Storage": 4,
    "HalfStorage": 2,
    "BFloat16Storage": 2,
    "ShortStorage": 2,
}
"""Bytes of one number in a torch storage; 1 for the others."""


def looks_like(source: Source) -> bool:
    """Whether bytes that nothing else says anything of are a pickle: they end as one, or call something."""
    stream = follow(source, 0)
    if stream.acts or any(judge(*key, 0) == DANGEROUS for key in stream.globals):
        return True
    return stream.stopped and stream.end - stream.start > 1


def is_whole_text(source: Source) -> bool:
    """Whether a text is one pickle from its beginning to its end, as those of protocol 0 are."""
    stream = follow(source, 0)
    return stream.stopped and 1 < stream.end >= source.size - 1


def inspect(place: Place) -> Seen:
    """Judge all pickles of a file and account for its bytes."""
    streams = _in_a_row(place, arrays=True)
    if streams and streams[0].arrays:
        # The plain unpickler does not know of joblib's arrays, and takes their bytes for instructions.
        for stream in _in_a_row(place, arrays=False):
            report(place, stream, breaks_quietly=True)
    for stream in streams:
        report(place, stream)
    end = streams[-1].end
    tensor_data = sum(stream.tensor_bytes for stream in streams)
    for stream in streams:
        _nested(place, stream)
    if not streams[-1].stopped:
        place.not_inspected("broken", place.size - end)
        return Seen(end, tensor_data)
    if len(streams) >= 5 and place.source.read_at(0, len(TORCH_LEGACY)) == TORCH_LEGACY:
        stored = _legacy_storages(place, streams)
        tensor_data, end = tensor_data + stored - end, stored
    return Seen(end + place.rest(end), tensor_data)


def _in_a_row(place: Place, *, arrays: bool) -> list[Stream]:
    """Pickles that follow each other, as far as they do; the first is there in any case."""
    source = place.source
    legacy = source.read_at(0, len(TORCH_LEGACY)) == TORCH_LEGACY
    # Read plainly, what joblib has put among the instructions leads nowhere, and where it ends is no finding.
    breaks = not arrays
    streams = [follow(source, 0, arrays=arrays, arguments_fit=arguments_fit, breaks=breaks)]
    while streams[-1].stopped and streams[-1].end < source.size and len(streams) < MOST_STREAMS:
        if legacy and len(streams) == 5:
            break
        start = streams[-1].end
        following = follow(source, start, arrays=arrays, collect=legacy, arguments_fit=arguments_fit, breaks=breaks)
        head = source.read_at(start, 2)
        if not following.stopped and not following.acts and not (head[:1] == b"\x80" and head[1:] <= b"\x05"):
            break
        streams.append(following)
    return streams


def report(place: Place, stream: Stream, *, breaks_quietly: bool = False) -> None:
    """Note what a stream does. Everything before a break counts: the unpickler has done it by then."""
    place.note("files.pickle_present")
    for (module, name), at in stream.globals.items():
        judged = judge(module, name, stream.protocol)
        if judged == ALLOWED:
            continue
        code = {DANGEROUS: "files.pickle_runs_code", LIBRARY: "files.pickle_of_library"}.get(
            judged, "files.pickle_unknown_global"
        )
        place.note(code, f"{module}.{name}", at=at)
    if stream.computed_names:
        place.note("files.pickle_computed_global", bytes=stream.end)
    if stream.computed_calls:
        place.note("files.pickle_calls_computed", bytes=stream.end)
    for module, name in stream.changed:
        place.note("files.pickle_changes_global", f"{module}.{name}")
    for module, name in stream.arguments:
        place.note("files.pickle_arguments", f"{module}.{name}")
    for code_number in stream.extensions:
        place.note("files.pickle_extension", str(code_number))
    if not stream.stopped and not breaks_quietly:
        place.note("files.pickle_broken", at=stream.end, why=stream.why)


def _nested(place: Place, stream: Stream) -> None:
    """Pickles among the constants of a pickle: somebody means to load them."""
    if place.extra.get("nested", 0) >= _NESTED_DEEPEST:
        if stream.nested:
            place.not_inspected("depth", sum(size for _start, size in stream.nested))
        return
    extra = {"nested": place.extra.get("nested", 0) + 1}
    for start, size in stream.nested:
        inner = Place(place.source.window(start, size), place.path, place.depth, place.scan, extra=extra)
        found = follow(inner.source, 0, arguments_fit=arguments_fit)
        if not (found.stopped or found.acts or found.globals):
            continue
        place.note("files.pickle_nested", f"{start}")
        report(inner, found, breaks_quietly=True)
        _nested(inner, found)


def _legacy_storages(place: Place, streams: list[Stream]) -> int:
    """Where the numbers end that stand behind the five pickles of an old torch file."""
    known = {key: value for stream in streams for key, value in stream.storages.items()}
    at = streams[4].end
    for key in dict.fromkeys(streams[4].texts):
        if key not in known:
            continue
        kind, count = known[key]
        raw = place.source.read_at(at, 8)
        if len(raw) < 8 or struct.unpack("<q", raw)[0] != count:
            return at
        after = at + 8 + count * ITEM_BYTES.get(kind, 1)
        if after > place.size:
            return at
        at = after
    return at


def tensor_sizes(stream: Stream) -> dict[str, int]:
    """Bytes that each storage of a torch pickle has, by its key."""
    return {
        key.decode("utf-8", "replace"): count * ITEM_BYTES.get(kind, 1)
        for key, (kind, count) in stream.storages.items()
        if count >= 0
    }
