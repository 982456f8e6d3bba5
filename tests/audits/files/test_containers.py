"""Archives inside each other, what they hide, and what they would do to whoever unpacks them."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.files.limits import Limits
from tests.audits.files.scans import SYSTEM, codes, scanned, sevenzip, zipped

EVIL = b"\x80\x04" + SYSTEM
RAW_LZMA2: list[dict[str, Any]] = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 24}]


WRITTEN_BY_PY7ZR = zlib.decompress(
    base64.b85decode(
        "c-k|s+Ou9=hJob<M{M(U1_%&^(%-pt)<0lmW-yIqFp>0p*ZWfJ<edBB@pCl%dvmNFY`L3p<?re<N1Lze*nMPHeE7hvd#lj0h+3}Z"
        "^(UqJo9yN~Fg##bz)%#+z|d&SzK;Lm(J4I(x-vKHeCV}qVaI#Nmi3z)6m+d;gvH&yl=@uNoV9T8^*y$;e%_x|v4yv!^GS>7s{b=("
        "lk)5T<wR&M7ypuK{ke2S^3g)og+h-5RMp&mh^e;-J-PG!nXvN#>(KhSzt1Mg7f)<=v|Rvnx;UFHBWD!@J2xW(qoN|C1W&_41_l5d"
        "ykD^"
    )
)
"""Two members, a pickle among them, and one without bytes: BCJ and LZMA2, with a packed header (py7zr 1.1.4)."""


def tarred(members: dict[str, bytes], **more: Any) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", **more) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def packed_7z(data: bytes) -> bytes:
    return sevenzip({"a.txt": data}, lzma2=lzma.compress(data, lzma.FORMAT_RAW, filters=RAW_LZMA2))


WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    "zip": lambda data: zipped({"a.txt": data}),
    "zip deflated": lambda data: zipped({"a.txt": data}, zipfile.ZIP_DEFLATED),
    "zip bzip2": lambda data: zipped({"a.txt": data}, zipfile.ZIP_BZIP2),
    "zip lzma": lambda data: zipped({"a.txt": data}, zipfile.ZIP_LZMA),
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "tar": lambda data: tarred({"a.txt": data}),
    "tar pax": lambda data: tarred({"a" * 200 + ".txt": data}, format=tarfile.PAX_FORMAT),
    "tar gnu": lambda data: tarred({"a" * 200 + ".txt": data}, format=tarfile.GNU_FORMAT),
    "7z": lambda data: sevenzip({"first.txt": b"hello", "a.txt": data}),
    "7z lzma2": packed_7z,
}


@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
def test_a_pickle_is_found_in_every_container(wrap: Callable[[bytes], bytes]) -> None:
    archive = wrap(EVIL)

    document = scanned(archive, "notes.txt")

    assert codes(document)["pickle_runs_code"] == ["os.system"]
    assert document["bytes_inspected"] == len(archive)


@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
def test_harmless_contents_pass_in_every_container(wrap: Callable[[bytes], bytes]) -> None:
    assert scanned(wrap(b"hello there\n"), "archive")["verdict"] == "pass"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([*WRAPPINGS]), min_size=1, max_size=5))
def test_containers_in_containers_hide_nothing(layers: list[str]) -> None:
    data = EVIL
    for layer in layers:
        data = WRAPPINGS[layer](data)

    assert "pickle_runs_code" in codes(scanned(data, "a"))


def test_what_lies_too_deep_is_not_inspected() -> None:
    data = b"hello"
    for _ in range(12):
        data = gzip.compress(data)

    document = scanned(data, "a.gz")

    assert document["verdict"] == "insufficient_data"
    assert document["bytes_inspected"] < document["bytes_total"]


@pytest.mark.parametrize(
    "bomb",
    [
        gzip.compress(b"\0" * (70 << 20)),
        bz2.compress(b"\0" * (70 << 20)),
        zipped({"a": b"\0" * (70 << 20)}, zipfile.ZIP_DEFLATED),
    ],
    ids=["gzip", "bzip2", "zip"],
)
def test_a_bomb_is_not_unpacked(bomb: bytes) -> None:
    document = scanned(bomb, "a")

    assert document["verdict"] == "fail"
    assert document["bytes_inspected"] <= 100  # headers and names
    assert "expands" in codes(document)


def test_many_small_bombs_share_one_budget() -> None:
    archive = zipped({f"{i}": b"\0" * 100_000 for i in range(20)}, zipfile.ZIP_DEFLATED)

    document = scanned(archive, "a.zip", limits=Limits(unpacked=1_000_000))

    assert document["verdict"] == "fail"
    assert "expands" in codes(document)


def test_too_many_members_are_not_inspected() -> None:
    document = scanned(zipped({f"{i}": b"x" for i in range(30)}), "a.zip", limits=Limits(members=20))

    assert document["verdict"] == "insufficient_data"


# Zip: what scanners that trust one header, a flag or a checksum do not see.
def flagged(archive: bytes, *, local: bool = True, central: bool = True) -> bytes:
    made = bytearray(archive)
    if local:
        made[6] |= 1
    if central:
        made[archive.index(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


@pytest.mark.parametrize(("local", "central"), [(True, True), (False, True), (True, False)])
def test_a_flag_of_encryption_that_is_not_true_stops_nobody(local: bool, central: bool) -> None:
    found = codes(scanned(flagged(zipped({"data.pkl": EVIL}), local=local, central=central), "model.pt"))

    assert found["encryption_feigned"] == ["data.pkl"]
    assert found["pickle_runs_code"] == ["os.system"]


def test_what_is_really_encrypted_is_not_inspected() -> None:
    archive = flagged(zipped({"data.pkl": EVIL}))
    at = archive.index(EVIL)
    archive = archive[:at] + bytes(byte ^ 0x5A for byte in EVIL) + archive[at + len(EVIL) :]

    document = scanned(archive, "model.pt")

    assert (document["verdict"], codes(document)["encrypted"]) == ("fail", ["data.pkl"])
    assert document["bytes_inspected"] == len(archive) - len(EVIL)


def test_a_wrong_checksum_stops_nobody() -> None:
    archive = bytearray(zipped({"data.pkl": EVIL}))
    archive[archive.index(b"PK\x01\x02") + 16] ^= 0xFF

    found = codes(scanned(bytes(archive), "model.pt"))

    assert {"checksum_wrong", "headers_disagree", "pickle_runs_code"} <= set(found)


def test_a_name_that_only_one_header_has_is_told() -> None:
    archive = zipped({"data.pkl": EVIL}).replace(b"data.pkl", b"data.txt", 1)

    found = codes(scanned(archive, "model.pt"))

    assert "headers_disagree" in found
    assert "pickle_runs_code" in found


def test_bytes_between_the_entries_are_looked_at() -> None:
    inner = zipped({"a.txt": b"hello"})
    archive = EVIL + inner

    for hidden in (archive, b"\x7f" + EVIL + inner):
        assert scanned(hidden, "model.pt")["verdict"] == "fail"
    assert "pickle_runs_code" in codes(scanned(archive, "model.pt"))
    at = inner.index(b"PK\x01\x02")
    end = inner.rindex(b"PK\x05\x06")
    offset = struct.unpack("<I", inner[end + 16 : end + 20])[0] + len(EVIL)
    between = inner[:at] + EVIL + inner[at : end + 16] + struct.pack("<I", offset) + inner[end + 20 :]
    assert {"hidden_bytes", "pickle_runs_code"} <= set(codes(scanned(between, "model.pt")))


def test_bytes_behind_the_end_are_looked_at() -> None:
    found = codes(scanned(zipped({"a.txt": b"hello"}) + EVIL, "a.zip"))

    assert {"trailing_data", "pickle_runs_code"} <= set(found)


def test_entries_over_each_other_are_not_unpacked() -> None:
    archive = zipped({"a": b"hello" * 9, "b": b"hello" * 9})
    at = archive.index(b"PK\x01\x02")
    second = archive.index(b"PK\x01\x02", at + 1)
    doubled = archive[: second + 42] + b"\0\0\0\0" + archive[second + 46 :]

    document = scanned(doubled, "a.zip")

    assert (document["verdict"], document["bytes_inspected"]) == ("fail", 0)


def test_a_zip_without_its_directory_is_not_passed() -> None:
    archive = zipped({"data.pkl": EVIL})

    document = scanned(archive[: archive.index(b"PK\x01\x02")], "model.pt")

    assert document["bytes_inspected"] == 0
    assert "pickle_runs_code" in codes(document)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_lead_out_and_names_that_are_there_twice() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("../../etc/cron", "/root/x", "C:\\x", "same", "same"):
            archive.writestr(name, b"hello")
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "../../../etc/passwd")

    found = codes(scanned(out.getvalue(), "a.zip"))

    assert {"../../etc/cron", "/root/x", "C:\\x"} <= set(found["path_escapes"])
    assert found["name_twice"] == ["same"]
    assert found["link"] == ["link -> ../../../etc/passwd"]


def test_links_and_devices_in_a_tar() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind in (
            ("l", tarfile.SYMTYPE),
            ("h", tarfile.LNKTYPE),
            ("d", tarfile.CHRTYPE),
            ("p", tarfile.FIFOTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "../../x"
            archive.addfile(info)

    found = codes(scanned(out.getvalue(), "a.tar"))

    assert found["link"] == ["h -> ../../x", "l -> ../../x"]
    assert found["special_file"] == ["d", "p"]


def test_a_tar_whose_first_name_is_a_pickle() -> None:
    polyglot = tarred({"cos\nsystem\n(S'id'\ntR.": b"hello"})

    assert {"two_formats", "pickle_runs_code"} <= set(codes(scanned(polyglot, "a.tar")))


def test_an_archive_of_another_writer_is_read_to_the_last_byte() -> None:
    document = scanned(WRITTEN_BY_PY7ZR, "a.7z")

    assert [row["path"] for row in document["files"]] == ["a.7z", "a.7z!/a/x.txt", "a.7z!/a/y.txt", "a.7z!/empty.txt"]
    assert codes(document)["pickle_runs_code"] == ["posix.system"]
    assert document["bytes_inspected"] == document["bytes_total"]


def test_an_encrypted_7z_is_told() -> None:
    document = scanned(sevenzip({"a.pkl": EVIL}, encrypted=True), "a.7z")

    assert "encrypted" in codes(document)
    assert document["bytes_inspected"] < document["bytes_total"]


@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
def test_damage_anywhere_neither_raises_nor_passes_uninspected(wrap: Callable[[bytes], bytes]) -> None:
    archive = wrap(b"hello there, this is a text of some length\n" * 3)
    chance = random.Random(3)  # noqa: S311 - the same damage every time

    for _ in range(25):
        damaged = bytearray(archive)
        for _byte in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        scanned(bytes(damaged[: chance.randint(len(damaged) // 2, len(damaged))]), "a")


@pytest.mark.parametrize(("other", "code"), [("data.pkl", "headers_disagree"), ("../../evil", "path_escapes")])
def test_a_second_name_that_some_readers_take_is_told(other: str, code: str) -> None:
    """The extra field of Info-ZIP with a name in UTF-8, which newer readers put in the place of the first."""
    entry = zipfile.ZipInfo("words.txt")
    raw = other.encode()
    entry.extra = struct.pack("<HHBI", 0x7075, 5 + len(raw), 1, zlib.crc32(b"words.txt")) + raw
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(entry, b"hello")

    document = scanned(out.getvalue(), "a.zip")

    assert document["verdict"] == "fail"
    assert code in codes(document)
