"""Graphs and layers: what they do beside calculating, whatever the file around them says."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest

from tests.audits.files.made import h5, keras, onnx, part, saved_model
from tests.audits.files.scans import codes, scanned


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


LAYER = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3}, "registered_name": None}


LAMBDA = {"module": "keras.layers", "class_name": "Lambda", "config": {"function": ["4wEAAAA=", None, None]}}


OWN = {"module": "acme.layers", "class_name": "Gate", "config": {}, "registered_name": "acme>Gate"}


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
