"""What a file scan finds, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

_NOT_PICKLED = _(
    "Have the owner of the model convert it to safetensors, skops or ONNX in a place that they trust; do not load it."
)
_REPLACE = _("Do not load it; have the source explain this, or take another version.")
_AGAIN = _("Fetch the file again from its source and compare its digest.")
_PLAIN = _("Upload the file as it is, without this packing, and have it scanned again.")
_READ_CODE = _("Have a person read it before it is run, and pin the commit that was read.")

SENTENCES = {
    "files.pickle_runs_code": (_("Loading it runs what is not data: %(names)s."), _NOT_PICKLED),
    "files.pickle_computed_global": (
        _("Loading it imports something whose name it puts together while it is loaded; that hides what it is."),
        _NOT_PICKLED,
    ),
    "files.pickle_calls_computed": (
        _("Loading it calls something that it makes while it is loaded; that hides what it is."),
        _NOT_PICKLED,
    ),
    "files.pickle_changes_global": (
        _("Loading it changes what it has imported, for the whole process: %(names)s."),
        _NOT_PICKLED,
    ),
    "files.pickle_unknown_global": (
        _("Loading it imports what is not known to be harmless: %(names)s."),
        _NOT_PICKLED,
    ),
    "files.pickle_extension": (
        _("Loading it imports something by a number of the extension registry: %(names)s."),
        _NOT_PICKLED,
    ),
    "files.pickle_arguments": (
        _("Loading it calls %(names)s with other arguments than data needs."),
        _NOT_PICKLED,
    ),
    "files.pickle_broken": (
        _("The pickle cannot be followed beyond byte %(at)s; what stands before that would still be run."),
        _AGAIN,
    ),
    "files.pickle_of_library": (
        _("It is a pickle of objects of a known library: %(names)s. Loading it runs that library’s code."),
        _NOT_PICKLED,
    ),
    "files.pickle_present": (
        _("It is a pickle: a program that is run when it is loaded, whatever it holds."),
        _NOT_PICKLED,
    ),
    "files.pickle_nested": (
        _("There are pickles among its data (at bytes %(names)s)."),
        _("Ask its source why data hold pickles."),
    ),
    "files.numpy_objects": (
        _("The array is of objects, so it is a pickle."),
        _("Save it as an array of numbers or of texts of a fixed length."),
    ),
    "files.graph_dangerous_ops": (
        _("The graph reads or writes files, or runs code, when it is run: %(names)s."),
        _REPLACE,
    ),
    "files.graph_present": (
        _("It holds a program of a learning library beside the weights."),
        _("Have the owner of the model convert it to safetensors or ONNX."),
    ),
    "files.keras_lambda": (
        _("A layer of the model is code that is run when it is loaded: %(names)s."),
        _("Have the owner of the model write the layer without code, or convert the model to ONNX."),
    ),
    "files.keras_custom": (
        _("A layer of the model needs code that does not come with Keras: %(names)s."),
        _READ_CODE,
    ),
    "files.keras_reads": (
        _("A layer of the model reads a file or an address when it is loaded: %(names)s."),
        _("Have the owner of the model save it with the words themselves in the layer, and not with a path to them."),
    ),
    "files.torchscript_present": (
        _("It holds TorchScript: a program that is run with the model."),
        _("Have the owner of the model convert it to safetensors or ONNX."),
    ),
    "files.torchscript_ops": (
        _("The TorchScript uses operators that reach files or libraries of its own: %(names)s."),
        _REPLACE,
    ),
    "files.onnx_python_op": (_("A node of the graph runs Python: %(names)s."), _REPLACE),
    "files.onnx_custom_ops": (
        _("Nodes of the graph need a library that does not come with the runtime: %(names)s."),
        _("Export the model again with operators of ONNX alone."),
    ),
    "files.onnx_data_outside": (
        _("The model reads its weights from outside its folder: %(names)s."),
        _REPLACE,
    ),
    "files.onnx_data_absent": (
        _("The model reads weights from a file that is not among those scanned: %(names)s."),
        _("Upload this file too and have the files scanned again."),
    ),
    "files.executable": (
        _("It is a program of an operating system or a machine: %(names)s."),
        _("Take it out; a model needs none."),
    ),
    "files.code_present": (_("It is a program."), _READ_CODE),
    "files.code_dangerous": (
        _("The program reaches beyond calculation: %(names)s."),
        _READ_CODE,
    ),
    "files.code_mapped": (
        _("The settings make a loader take code from a repository: %(names)s."),
        _("Load it with code of the library alone, without trust_remote_code; or have the code read and pinned."),
    ),
    "files.code_trusted": (
        _("The settings say that code from a repository may be run (trust_remote_code)."),
        _("Take the setting out; who loads the model decides that."),
    ),
    "files.template_escapes": (
        _("The chat template reaches beyond the messages: %(names)s."),
        _("Replace the template by one that only formats messages."),
    ),
    "files.template_unknown": (
        _("The chat template calls what is not known to be harmless: %(names)s."),
        _("Have a person read the template, or replace it by one that only formats messages."),
    ),
    "files.name_misleads": (
        _("Its name ends as %(said)s, and its bytes are %(found)s."),
        _("Name it by what it is, and ask its source why it was not."),
    ),
    "files.two_formats": (
        _("It can be read as two things: as what it seems, and as %(names)s."),
        _REPLACE,
    ),
    "files.trailing_data": (
        _("%(bytes)s bytes stand behind the end of what the file is."),
        _("Ask its source what they are; they were looked at as a file of their own."),
    ),
    "files.hidden_bytes": (
        _("%(bytes)s bytes of the archive belong to no file in it."),
        _("Ask its source what they are; they were looked at as a file of their own."),
    ),
    "files.headers_disagree": (
        _("The archive says two things of what is in it: %(names)s. Programs differ in which one they believe."),
        _REPLACE,
    ),
    "files.checksum_wrong": (_("Checksums do not fit the bytes: %(names)s."), _AGAIN),
    "files.encryption_feigned": (
        _("It is marked as encrypted and is not: %(names)s. Some scanners stop at the mark, and loaders do not."),
        _REPLACE,
    ),
    "files.encrypted": (_("It is encrypted, so nobody can see what it is: %(names)s."), _PLAIN),
    "files.name_twice": (
        _("A name is there twice: %(names)s. Programs differ in which one they take."),
        _REPLACE,
    ),
    "files.path_escapes": (
        _("Unpacking it would write outside its folder: %(names)s."),
        _REPLACE,
    ),
    "files.link": (
        _("It is a link to another file: %(names)s. It was not followed."),
        _("Put the file itself in its place."),
    ),
    "files.special_file": (_("It is a device or a pipe and no file: %(names)s."), _("Take it out.")),
    "files.broken": (_("It cannot be read to its end: %(why)s."), _AGAIN),
    "files.expands": (
        _("Unpacked it would be larger than is allowed: %(why)s. It was not unpacked any further."),
        _PLAIN,
    ),
    "files.lfs_pointer": (
        _("It is a pointer to a file and not the file."),
        _("Fetch the file itself (git lfs pull) and have it scanned."),
    ),
    "files.secret": (
        _("It holds what looks like a secret: %(names)s."),
        _("Revoke it at once where it was issued; taking it out of the file is not enough."),
    ),
    "files.not_inspected": (
        _("%(bytes)s bytes were not inspected: %(why)s. Nothing can be said of them."),
        _("Bring the file in a form that can be inspected, or leave it out of the version."),
    ),
    "files.no_bytes": (
        _("The bytes that this file stands for are not here."),
        _("Fetch the file itself and have it scanned."),
    ),
    "files.not_given": (
        _("This file of the version was not among those scanned (%(bytes)s bytes)."),
        _("Upload it, alone or in an archive with the others, and have the files scanned again."),
    ),
    "files.other_bytes": (
        _("These bytes are not those of any file of the version."),
        _("Upload the files of this very commit, or import the version again."),
    ),
    "files.signature_wrong": (
        _("The signature is not that of %(names)s, whom it names, for these words: somebody has changed one of them."),
        _AGAIN,
    ),
    "files.signature_differs": (
        _("Files are not those that were signed: %(names)s."),
        _AGAIN,
    ),
    "files.signature_absent": (
        _("Files that were signed are not among those read: %(names)s."),
        _("Bring them and have the files scanned again, or take the version that was signed."),
    ),
    "files.signature_leaves_out": (
        _("Files of the version are not among those that were signed: %(names)s."),
        _("Ask whoever signed the model why; nobody vouches for these files."),
    ),
    "files.signature_unverified": (
        _("The signature of the model could not be verified: %(why)s."),
        _(
            "Ask the source for its public key or certificate, and have the operator add it (ASSAY_MODEL_SIGNERS); "
            "where a certificate has ended, ask for a new signature."
        ),
    ),
    "files.signature_verified": (
        _("The model is signed by %(names)s, and its files are those that were signed."),
        _("Nothing needs mending; who that is, the operator who added the key knows."),
    ),
    "files.hub_alarms": (
        _("The Hub’s scanners call this file unsafe (%(names)s), and our scan found nothing as grave."),
        _("Do not load it before a person has read the Hub’s report; the graver of two opinions counts."),
    ),
    "files.hub_doubts": (
        _("The Hub’s scanners warn of this file (%(names)s), and our scan found nothing to warn of."),
        _("Have a person read the Hub’s report; the graver of two opinions counts."),
    ),
    "files.hub_silent": (
        _("The Hub’s scanners call this file safe, and our scan does not."),
        _("Nothing is lifted by that; what our scan found stands beside this."),
    ),
    "files.opinions_differ": (
        _("Another scanner sees this file otherwise: %(names)s."),
        _("Have a person look at what it says; the graver of two opinions counts."),
    ),
    "files.opinion_failed": (
        _("Another scanner that was asked could not read this file to its end: %(names)s."),
        _("There is no second opinion of this file; what is said here rests on our scan alone."),
    ),
    "files.opinion_missing": (
        _("Another scanner was to be asked and could not be: %(names)s (%(why)s)."),
        _(
            "Have the operator install it where the worker looks for it, or take it out of ASSAY_SCANNERS; then ask "
            "again."
        ),
    ),
}

_WHY = {
    "broken": _("it is damaged"),
    "truncated": _("it ends too early"),
    "depth": _("too many archives lie inside each other"),
    "members": _("there are too many files"),
    "unpacked": _("there is too much to unpack"),
    "ratio": _("a small file becomes a huge one"),
    "size": _("the file is too large"),
    "executable": _("it is a program of a machine"),
    "unknown_format": _("its format is not known"),
    "no_engine": _("its format is known, and nothing here reads it"),
    "encrypted": _("it is encrypted"),
    "method": _("it is packed in a way that is not known here"),
    "too_long": _("it is too long"),
    "too_many": _("it has too many parts"),
    "header_too_long": _("its header is too long"),
    "unreadable": _("it cannot be opened"),
    "settings_not_found": _("the settings of its layers cannot be read"),
    "overlap_in_archive": _("its parts lie over each other"),
    "no_header": _("its header is missing"),
    "no_directory": _("its directory is missing"),
    "header": _("its header cannot be read"),
    "overlap": _("tensors lie over each other"),
    "gap": _("there are bytes between tensors"),
    "key_twice": _("a key is there twice"),
    "json": _("it is no whole JSON"),
    "scanner_absent": _("it is not installed where it was looked for"),
    "scanner_broken": _("it is installed and does not start"),
    "scanner_python": _("its environment has an older Python than 3.11"),
    "no_isolation": _("this machine cannot keep programs apart that read hostile files"),
    "signature_no_signers": _("no key or certificate is laid down to check it with"),
    "signature_key_unknown": _("it was made with a key that is not laid down here"),
    "signature_keyless": _("it rests on an identity and a public log, and nobody is asked over a network"),
    "signature_certificate": _("its certificate cannot be read"),
    "signature_certificate_unknown": _("its certificate rests on none that is laid down here"),
    "signature_certificate_purpose": _("its certificate is not for signing"),
    "signature_certificate_expired": _(
        "a certificate that it rests on has ended on %(on)s, and nothing that can be checked here says that it was "
        "made before"
    ),
    "signature_certificate_early": _("a certificate that it rests on begins on %(on)s only"),
    "signature_earlier_format": _("it is in a format from before version 1"),
    "signature_shards": _("it lists pieces of files and not files"),
    "signature_algorithm": _("it lists digests other than SHA-256"),
    "signature_root": _("what it lists does not come to the digest that it names"),
    "signature_too_many": _("there are too many"),
    **dict.fromkeys(
        ("signature_json", "signature_key_twice", "signature_base64", "signature_media_type", "signature_payload_type")
        + ("signature_signatures", "signature_certificates", "signature_statement", "signature_material"),
        _("it cannot be read as a signature"),
    ),
}


def in_words(params: Mapping[str, Any]) -> dict[str, Any]:
    """The reason in words, where there are any; and how many names there are beyond those listed."""
    said = dict(params)
    if isinstance(said.get("why"), str):
        why = _WHY.get(said["why"], said["why"])
        said["why"] = why % {"on": said["on"]} if "on" in said else why
    names, count = said.get("names"), said.get("count")
    if isinstance(names, list) and isinstance(count, int) and count > len(names):
        said["names"] = [*names, f"… ({count})"]
    return said
