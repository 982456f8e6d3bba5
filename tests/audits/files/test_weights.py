"""Formats of weights: what their headers say against the bytes, and what they make a runtime do."""

from __future__ import annotations

import base64
import io
import json
import pickle
import random
import struct
import zlib
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from audits.files.pickles.engine import TORCH_LEGACY
from tests.audits.files.scans import SYSTEM, codes, scanned, zipped

EVIL = b"\x80\x04" + SYSTEM
ROOT = Path(__file__).resolve().parents[3]


# safetensors
def safetensors(header: Any, data: bytes = b"") -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + data


def tensor(start: int, end: int, dtype: str = "F32", shape: list[int] | None = None) -> dict[str, Any]:
    return {"dtype": dtype, "shape": [(end - start) // 4] if shape is None else shape, "data_offsets": [start, end]}


def test_whole_safetensors_pass_and_their_numbers_are_named_as_that() -> None:
    file = safetensors({"__metadata__": {"format": "pt"}, "a": tensor(0, 8), "b": tensor(8, 16)}, b"\1" * 16)

    document = scanned(file, "model.safetensors")

    assert document["verdict"] == "pass"
    assert (document["bytes_inspected"], document["bytes_tensor_data"]) == (len(file), 16)


@pytest.mark.parametrize(
    "file",
    [
        safetensors({"a": tensor(0, 8), "b": tensor(4, 12)}, b"\1" * 12),
        safetensors({"a": tensor(0, 8), "b": tensor(12, 16)}, b"\1" * 16),
        safetensors({"a": tensor(4, 8)}, b"\1" * 8),
        safetensors({"a": tensor(0, 80)}, b"\1" * 8),
        safetensors({"a": tensor(0, 8, "F64", [2])}, b"\1" * 8),
        safetensors({"a": tensor(0, 8, "X9")}, b"\1" * 8),
        safetensors({"a": tensor(0, 8, shape=[-2])}, b"\1" * 8),
        safetensors({"a": tensor(0, 8, shape=[2**40, 2**40])}, b"\1" * 8),
        safetensors(b'{"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}, "a": 1}', b"\1" * 4),
        safetensors({"__metadata__": {"a": 1}}),
        safetensors(b"{" + b"[" * 5000),
        safetensors({"a": {"dtype": "U8", "shape": [True], "data_offsets": [0, 1]}}, b"\1"),
    ],
)
def test_a_header_that_does_not_fit_the_bytes_fails(file: bytes) -> None:
    document = scanned(file, "model.safetensors")

    assert document["verdict"] == "fail"
    assert document["bytes_inspected"] < len(file)


def test_bytes_behind_the_tensors_are_looked_at() -> None:
    file = safetensors({"a": tensor(0, 8)}, b"\1" * 8)

    assert {"trailing_data", "pickle_runs_code"} <= set(codes(scanned(file + EVIL, "model.safetensors")))
    assert scanned(file + zipped({"data.pkl": EVIL}), "model.safetensors")["verdict"] == "fail"


# torch, written as torch writes it
def storage(kind: str, key: str, count: int) -> bytes:
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\n"
        + kind.encode()
        + b"\nX\x01\x00\x00\x00"
        + key.encode()
        + b"X\x03\x00\x00\x00cpuK"
        + bytes([count])
        + b"tQK\x00K"
        + bytes([count])
        + b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR"
    )


STATE = (
    b"\x80\x02}(X\x01\x00\x00\x00a"
    + storage("FloatStorage", "0", 4)
    + b"X\x01\x00\x00\x00b"
    + storage("LongStorage", "1", 2)
    + b"u."
)


def torch_zip(state: bytes = STATE, first: bytes = b"\xfe" * 16, **more: bytes) -> bytes:
    members = {
        "m/data.pkl": state,
        "m/byteorder": b"little",
        "m/data/0": first,
        "m/data/1": b"\xfd" * 16,
        "m/version": b"3\n",
    }
    return zipped({**members, **more})


def test_a_torch_file_is_accounted_for_to_the_last_byte() -> None:
    file = torch_zip()

    document = scanned(file, "model.pt")

    assert document["verdict"] == "warn"
    assert set(codes(document)) == {"pickle_present"}
    assert (document["bytes_inspected"], document["bytes_tensor_data"]) == (len(file), 32)


def test_a_storage_of_another_size_is_no_tensor() -> None:
    document = scanned(torch_zip(first=b"\xfe" * 17), "model.pt")

    assert document["verdict"] == "insufficient_data"


def test_a_pickle_in_the_place_of_a_tensor_is_found() -> None:
    hidden = EVIL + b"\0" * (120 - len(EVIL))
    state = b"\x80\x02" + storage("FloatStorage", "0", 30) + b"."

    assert "pickle_runs_code" in codes(scanned(torch_zip(state, hidden), "model.pt"))


def test_torchscript_is_told_with_the_operators_of_its_own() -> None:
    code = b"def forward(self, x):\n  y = ops.acme.run(x)\n  return torch.from_file(y)\n"

    found = codes(scanned(torch_zip(**{"m/code/__torch__/m.py": code}), "model.pt"))

    assert found["torchscript_ops"] == ["ops.acme.run", "torch.from_file"]
    assert "code_present" not in found


def test_torch_files_of_old_are_accounted_for() -> None:
    keys = pickle.dumps(["0"], 2)
    head = TORCH_LEGACY + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2)
    state = b"\x80\x02" + storage("FloatStorage", "0", 4) + b"."
    numbers = struct.pack("<q", 4) + b"\xee" * 16

    whole = scanned(head + state + keys + numbers, "model.bin")

    assert (whole["verdict"], whole["bytes_tensor_data"]) == ("warn", 24)
    assert scanned(head + state + keys + struct.pack("<q", 5) + b"\xee" * 16, "m.bin")["verdict"] == "insufficient_data"
    assert "os.system" in codes(scanned(head + EVIL + keys + numbers, "model.bin"))["pickle_runs_code"]


# joblib, numpy, scikit-learn: written by the libraries themselves
def dumped(value: Any, compress: Any = 0) -> bytes:
    out = io.BytesIO()
    joblib.dump(value, out, compress=compress)
    return out.getvalue()


@pytest.mark.parametrize("compress", [0, ("gzip", 3), ("bz2", 3), ("xz", 3)])
def test_joblib_s_arrays_are_read_behind(compress: Any) -> None:
    data = dumped([np.arange(9.0), np.zeros((2, 0)), np.array(["a", None], dtype=object), "end"], compress)

    document = scanned(data, "model.joblib")

    assert set(codes(document)) <= {"pickle_present", "pickle_nested"}
    assert document["bytes_inspected"] == len(data)


def test_what_joblib_would_skip_is_judged_as_the_plain_unpickler_reads_it() -> None:
    payload = SYSTEM + b"\0" * (72 - len(SYSTEM))
    data = dumped(np.frombuffer(payload, dtype=np.float64))
    at = data.index(payload)
    # Without the padding that joblib writes, an unpickler meets the array's bytes as instructions.
    padding = data[:at].rstrip(b"\xff")
    data = padding[:-1] + data[at:]
    data = data.replace(b"numpy_array_alignment_bytes", b"numpy_array_alignment_bytez")

    assert "os.system" in codes(scanned(data, "model.joblib"))["pickle_runs_code"]


@pytest.mark.parametrize("model", [LogisticRegression(), RandomForestClassifier(n_estimators=3)])
def test_a_real_model_of_scikit_learn_is_a_pickle_of_a_known_library(model: Any) -> None:
    rows = np.random.default_rng(1).random((60, 3))
    model.fit(rows, rows[:, 0] > 0.5)

    for data in (pickle.dumps(model), dumped(model)):
        document = scanned(data, "model.pkl")

        assert document["verdict"] == "warn"
        assert set(codes(document)) == {"pickle_present", "pickle_of_library"}


def npy(array: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def test_arrays_of_numbers_pass_and_arrays_of_objects_are_pickles() -> None:
    numbers = npy(np.zeros(3, dtype=[("a", "<f4"), ("b", "U5", (2,))]))

    assert scanned(numbers, "a.npy")["verdict"] == "pass"
    assert "numpy_objects" in codes(scanned(npy(np.array([None, "x"], dtype=object)), "a.npy"))
    assert scanned(npy(np.arange(4)) + EVIL, "a.npy")["verdict"] == "fail"
    assert scanned(npy(np.arange(4))[:-1], "a.npy")["verdict"] == "fail"
    evil = npy(np.array([None], dtype=object))
    assert "pickle_runs_code" in codes(
        scanned(evil[: evil.index(b"\x80\x03" if b"\x80\x03" in evil else b"\x80\x04")] + EVIL, "a.npy")
    )


@pytest.mark.parametrize(
    "header",
    [b"{'descr': '<f8', 'shape': (2**60,)}", b"__import__('os')", b"{" * 300, b"{'descr': [('a', '<f4', -1)]}"],
)
def test_a_header_of_an_array_is_not_run(header: bytes) -> None:
    assert scanned(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header, "a.npy")["verdict"] == "fail"


# Protocol buffers
def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def part(number: int, value: bytes | int | str) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def onnx(*, domain: str = "", kind: str = "Add", location: str = "", inside: bytes = b"") -> bytes:
    data = part(13, part(1, "location") + part(2, location)) + part(14, 1) if location else part(9, b"\xaa" * 40)
    node = part(1, "x") + part(2, "y") + part(4, kind) + part(7, domain) + inside
    graph = part(1, node) + part(2, "g") + part(5, part(1, 10) + part(2, 1) + part(8, "w") + data)
    return part(1, 8) + part(2, "test") + part(7, graph) + part(8, part(1, "") + part(2, 17))


def test_a_plain_onnx_model_passes() -> None:
    document = scanned(onnx(), "model.onnx")

    assert (document["verdict"], document["bytes_tensor_data"]) == ("pass", 40)


@pytest.mark.parametrize(
    ("model", "code", "name"),
    [
        (onnx(domain="acme.ops", kind="Run"), "onnx_custom_ops", "acme.ops:Run"),
        (onnx(domain="com.microsoft", kind="PyOp"), "onnx_python_op", "com.microsoft:PyOp"),
        (onnx(location="../../etc/passwd"), "onnx_data_outside", "../../etc/passwd"),
        (onnx(location="/etc/passwd"), "onnx_data_outside", "/etc/passwd"),
        (onnx(location="weights.bin"), "onnx_data_absent", "weights.bin"),
        (
            onnx(kind="If", inside=part(5, part(1, "then") + part(6, part(1, part(4, "Run") + part(7, "acme"))))),
            "onnx_custom_ops",
            "acme:Run",
        ),
        (
            onnx(inside=part(5, part(1, "value") + part(5, part(13, part(1, "location") + part(2, "../x"))))),
            "onnx_data_outside",
            "../x",
        ),
    ],
)
def test_what_an_onnx_model_reaches_for_is_named(model: bytes, code: str, name: str) -> None:
    assert name in codes(scanned(model, "model.onnx"))[code]


def test_weights_beside_an_onnx_model_are_found_by_their_place() -> None:
    files = {"m/model.onnx": onnx(location="w.bin"), "m/w.bin": b"\xfe\xff" * 20}

    document = scanned(files)

    assert (document["verdict"], document["bytes_tensor_data"]) == ("pass", 40)
    assert scanned({**files, "v.bin": files["m/w.bin"]})["verdict"] == "insufficient_data"


def test_an_onnx_graph_that_nests_without_end_is_not_passed() -> None:
    graph = part(1, part(4, "Add"))
    for _ in range(40):
        graph = part(1, part(4, "If") + part(5, part(6, graph)))

    assert scanned(part(1, 8) + part(7, graph), "model.onnx")["verdict"] == "insufficient_data"


def saved_model(*kinds: str, function: bool = False) -> bytes:
    nodes = [part(1, f"n{i}") + part(2, kind) for i, kind in enumerate(kinds)]
    library = part(2, part(1, part(1, part(1, "f")) + b"".join(part(3, node) for node in nodes)))
    graph = library if function else b"".join(part(1, node) for node in nodes)
    return part(1, 1) + part(2, part(1, part(4, "serve")) + part(2, graph))


@pytest.mark.parametrize("function", [False, True])
@pytest.mark.parametrize("kind", ["ReadFile", "WriteFile", "PyFunc", "EagerPyFunc"])
def test_what_a_saved_model_does_beside_calculating_is_named(kind: str, function: bool) -> None:
    found = codes(scanned(saved_model("MatMul", kind, function=function), "saved_model.pb"))

    assert found["graph_dangerous_ops"] == [kind]


@pytest.mark.parametrize(
    "more", [part(100, 1), part(7, "x"), part(1, "x"), part(3, "x"), b"\xa3\x06\xa4\x06"], ids=repr
)
def test_fields_that_a_format_does_not_know_hide_nothing(more: bytes) -> None:
    node = part(1, "a") + more + part(2, "PyFunc")
    for model in (
        more + saved_model("WriteFile"),
        more + onnx(domain="acme", kind="Run"),
        part(1, 1) + part(2, part(2, part(1, node))),
    ):
        assert scanned(model, "model.pb")["verdict"] == "fail"


def test_a_frozen_graph_is_looked_at_too() -> None:
    graph = part(1, part(1, "a") + part(2, "MatMul")) + part(1, part(1, "b") + part(2, "WriteFile"))

    assert codes(scanned(graph, "frozen.pb"))["graph_dangerous_ops"] == ["WriteFile"]
    assert scanned(saved_model("MatMul"), "saved_model.pb")["verdict"] == "warn"


# Keras
LAYER = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3}, "registered_name": None}
LAMBDA = {"module": "keras.layers", "class_name": "Lambda", "config": {"function": ["4wEAAAA=", None, None]}}
OWN = {"module": "acme.layers", "class_name": "Gate", "config": {}, "registered_name": "acme>Gate"}


def keras(*layers: Any) -> bytes:
    config = {"module": "keras", "class_name": "Sequential", "config": {"layers": list(layers)}}
    return zipped({"metadata.json": b"{}", "config.json": json.dumps(config).encode()})


WRITTEN_BY_H5PY = zlib.decompress(
    base64.b85decode(
        "c-rllYe-vp7Qpk+7+>)n-!Vpw?|2^?-?1HQ?2JzA)Q)z>Y0S-i)lp-T+s1aB>W6~erC>i4?1zH=P_PRHn+Mn(3Uxrx1;Kvkt{o`Y"
        "JZ}cN*d%wc11-8yV^Nt8yDaR7-TUKm&pqe-|L6SSo^w9@|9JL{Ix#LMj<bhQ$cf@4bB?kbK_x$~ANq9>$&JWAMC6}%hxVv_UslAP"
        "9EmUGALxIM*e{&#=-6AmdxFC}zeXKMA&2Gvk+U7A&+W;JpX%s<zwnN)8$VHxXaB>zDUnPk>pCG4nafG!q=&0=bPU5s2GKDCF+}d!"
        "v$@>;oynihB0P33<B?+K9*Za1k2j2)5o*wao2j8O!@m%Ze<U7n-!3@taSwAGbRd^|VE8rCe}|GEj=bkd79NH<wf~L|YkPJcpSQm;"
        "o+I7Yxu4?h`MDenCq|GfI49DkVe3IYK96_U`+KR5wD0BrYW?(Tdd_h7PkX>Ge72`pSUTH#y17RN>aqD0W<rLJAQUxdKt^#{lT_A="
        "o37%9D?`YLtV$|7n0I0Oglq)49v)WV&w-O$x{*;mhMZVVTs5Fq!lP|(gRFME<FxG3jT_;IcXXbGffV4e^IlA1{}~Gl3kwSi3kwSi"
        "3kwU&zsugeJNI|)-9>`mUk^x+>xcJ;?7ch-3kwSi%l|Idv~|BMi={#y|L39Ci=#&$YW}_TZ$JID)LXLqk=c#Xof7DE0_2<kHBRf!"
        "PU|mEBNwO9YiivYwH{L=7u4vL6<zm=eq;stZUy~OuKP@`*UORfa@0Jp`(j@I{XFvRJo*EnQxkfEK>7&OLhCfN-asQ-8l4pDPK))3"
        "82L(!nr3yM&+3O}k#A<v>wUV8K0V%teBFm$-Ozoxp&#8qE^VMUl)84M9#tZ}N|ajEbuH?L7m<NQbi$(RwCG6-(r-b>w{<<+`mt?f"
        "a2uTxIZuh)I+5#~$YY#wo}F=Do^f5A@m$k5&uHA3#&tpCxw7u;UU!eIyS`iZ{HSn#rf};OuJa0ydBOR`g8Tag*S8Cv9}G^l!A%%k"
        "eFl$Z%c<FN8@629EzhLHd0OH|B(AR{9@Cuj^Evm>oa>u8&vmV{L+i%1uCKM8tDDX*H{GL~u1lMq8!BhJ%8jaAy($m&+}ZWqJ^b7?"
        "@Z2*o>Fk_zlasFgNzeF>vuDRWwzIbT+pVeFZ5%$7%!h?Hp{$#5R6CU34ks)_dCM@b2udx2;~qje4`BfciBVYOfg~Q7n+Bz%!LfIt"
        "?7MJuFO<;>C%%O8U&4GCN`v8e2bAl8V<;$-f|D4ifN^l*?aA>D;ca`?ZAVm>J-y43ux8I&bMPwdsg;hn$M&4Z4#BWpJnRs?wM*VQ"
        "xViR}Tu1DEd-i=t^ng8Mz>)acp8wjxZ?>m3JK~?&bDue4ChVCLj-(Ivf)5lY#+)2O32&LRZc$O4=JZY~Vbz?sO7Tj~sijohBXiCp"
        "N<f;$Bqj2jC4P#VX->(cV(*!=?@`hH=8S$S@s&CM6~(VNr`1#OPtCbcshDwd<~Wt~-dymW;UtBUlNjNhP}UtLswb4*!z8>2<-K5d"
        "HKEiRChkcn=LsVi3yH@V(Yui39m6dMr4%r+4?@`wnCQV!#vqgUCY1k%;kSj-+L-vIQ0@{FGZo65Vg`3s+dek`#s{Q)5V#4H-2@xj"
        "f#P<sb{VKz23v{%SrG_51S%eaO(-BoL8S*!ctBMeP?!dScY*S|U}G;((hJtT1gc+xtuRmogRldrbb!qiP)dRI3{b;>ZShuVybZW*"
        "ExT=N=&}}f*=pCURcp4EN~^5W20gY`Jhn9rTjj$x<y))btxc6{EzGrn_pRmkZH)ugk^x)YYispuTWhnmsM!WTvsON{HBVSeCv5c}"
        "tTi8OZ81h^j0w19EW2fD=rk60nrc^#Rja0!QlqTY1U)iVJTf(rMmcFx`i%;|NtJ0V%rt@bjOF)Cjs3=wepB5mWA!UjYrV0k-UL52"
        "Rz5W~j~h$JP4(}MHSbMrNdak65V#X4yAy2a2^9APYhMJaUIbfe0<xMQ^dwO6B-k_-kdFnG?*fW<K~+JZupkIN2$VkvHVy_#27`5P"
        "0@ZJVt!;s#wjjI|s9Xv*PX$V+g7v$;sgKJ`ol_hECKV9L0vr&K!fC8*n#h{Q8>Y!9HCC)9($#panoL;1s#b`+6})AI<jFCaoJf`9"
        "kerO0$13KDoO!%yo)i$6oFK#mt|UkijVWkCLgOl$<chIEF_9w1K`|LSi<Qq3*|T`#EE(O0mGluAeRy3TnYe*fZxHz#c<TnqS7Jp<"
        "B29_IN-};Ct6U^<7xCsrGRA_HT8K;wUT-0jwy~ORqF@_u+xBxrUa5#q7Wn{?UpV6}o1wF2d<`@HD2=yRL#JzewHklIy0>bb&Rh4j"
        "towNiuS`LwDtwT_AGhGGSfFzjd`$~}fx#;`&|-s6Y4D4-yoxPavgK24`MDBrp@dG6_&|w2cFtQqM`zFZ8t44cT5pM#&d~bmwEo0R"
        "Z}ldfzv*k;^z&8TA{Cvc^1(Yv_qzZ7kADKL3LED"
    )
)
"""A model of Keras with a layer of code, its settings in an attribute, and a packed data set (h5py 3.16)."""


def h5(config: Any, before: bytes = b"") -> bytes:
    raw = config if isinstance(config, bytes) else json.dumps(config).encode()
    return b"\x89HDF\r\n\x1a\n" + b"\0" * 88 + before + b"model_config\0" + raw + b"\0" * 64


@pytest.mark.parametrize(
    "wrap", [keras, lambda *layers: h5({"class_name": "Sequential", "config": {"layers": layers}})]
)
def test_layers_that_are_code_are_found(wrap: Any) -> None:
    assert codes(scanned(wrap(LAYER, LAMBDA), "m.keras"))["keras_lambda"] == ["Lambda"]
    assert set(codes(scanned(wrap(LAYER, OWN), "m.keras"))["keras_custom"]) == {"acme.layers", "acme>Gate"}
    assert not {"keras_lambda", "keras_custom"} & set(codes(scanned(wrap(LAYER), "m.keras")))


def test_a_real_file_of_keras_is_read() -> None:
    assert codes(scanned(WRITTEN_BY_H5PY, "m.h5"))["keras_lambda"] == ["Lambda"]


def test_settings_spelt_in_escapes_and_keys_twice_hide_nothing() -> None:
    spelt = json.dumps({"class_name": "Sequential", "config": {"layers": [LAMBDA]}}).replace("Lambda", "L\\u0061mbda")
    twice = b'{"class_name": "Lambda", "config": {}, "class_name": "Dense"}'

    assert "keras_lambda" in codes(scanned(h5(spelt.encode()), "m.h5"))
    assert "keras_lambda" in codes(scanned(h5(twice), "m.h5"))
    assert scanned(h5(b"packed away"), "m.h5")["verdict"] == "insufficient_data"
    assert scanned(h5(spelt.encode(), before=b'{"' * 3000), "m.h5")["verdict"] != "pass"


# GGUF
def ggml_text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def gguf(entries: dict[str, str], tensors: list[tuple[str, list[int], int, int]], data: bytes, **more: Any) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", 3, more.get("count", len(tensors)), len(entries))
    head += b"".join(ggml_text(key) + struct.pack("<I", 8) + ggml_text(value) for key, value in entries.items())
    for name, shape, kind, offset in tensors:
        head += ggml_text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        head += struct.pack("<IQ", kind, offset)
    return head + b"\0" * (-len(head) % 32) + data


def test_a_whole_gguf_passes() -> None:
    file = gguf({"general.name": "x"}, [("a", [8], 0, 0), ("b", [32], 2, 32)], b"\1" * 50)

    document = scanned(file, "model.gguf")

    assert (document["verdict"], document["bytes_tensor_data"]) == ("pass", 50)


@pytest.mark.parametrize(
    "file",
    [
        gguf({}, [("a", [8], 0, 0), ("b", [8], 0, 0)], b"\1" * 64),
        gguf({}, [("a", [8], 0, 3200)], b"\1" * 64),
        gguf({}, [("a", [2**40, 2**40], 0, 0)], b"\1" * 64),
        gguf({}, [("a", [7], 2, 0)], b"\1" * 64),
        gguf({}, [("a", [8], 99, 0)], b"\1" * 64),
        gguf({}, [("a", [8], 0, 0), ("a", [8], 0, 32)], b"\1" * 64),
        gguf({}, [], b"", count=2**60),
        gguf({"k": "v"}, [], b"")[:40],
        gguf({"tokenizer.chat_template": "{{ ''.__class__.__mro__ }}"}, [], b""),
    ],
)
def test_a_gguf_that_lies_fails(file: bytes) -> None:
    assert scanned(file, "model.gguf")["verdict"] == "fail"


@pytest.mark.parametrize(
    "whole",
    [
        gguf({"a": "b"}, [("a", [8], 0, 0)], b"\1" * 32),
        onnx(location="w.bin"),
        saved_model("MatMul", "ReadFile"),
        torch_zip(),
        safetensors({"a": tensor(0, 8)}, b"\1" * 8),
        npy(np.array([None, "x"], dtype=object)),
        h5({"class_name": "Sequential", "config": {}}),
        dumped([np.arange(9.0), "end"]),
    ],
)
def test_damage_neither_raises_nor_passes_uninspected(whole: bytes) -> None:
    chance = random.Random(5)  # noqa: S311 - the same damage every time
    for _ in range(40):
        damaged = bytearray(whole)
        for _byte in range(chance.randint(1, 5)):
            damaged[chance.randrange(len(damaged))] = chance.choice([0, 255, chance.randrange(256)])
        scanned(bytes(damaged[: chance.randint(len(damaged) // 2, len(damaged))]), "a")
