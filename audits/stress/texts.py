"""Texts under stress: every family of changes at every severity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from audits.adapters import tensors
from audits.adapters.predicting import Predictions
from audits.adapters.refusals import ModelFailed, ModelRefused
from audits.adapters.signature import EMBEDDING, Signature, Tensor
from audits.adapters.tensors import TEXT, Batch
from audits.measures.naming import listed, quoted
from audits.measures.stress.corpus import Corpus, corpus_of
from audits.measures.stress.families import FAMILIES, VERSION, at_severities
from audits.measures.stress.flips import Baseline, Codes, turned
from audits.measures.stress.nearest import NOWHERE, Nearest
from audits.measures.stress.plan import StressPlan
from audits.measures.stress.reasons import reason
from audits.measures.stress.texts import MOST_EXAMPLES, FamilyAnswers, judged_texts
from audits.stress.answers import Names, answered, answers_of, gives_embeddings
from audits.stress.results import Part, PartResult
from audits.stress.subject import StressRefused, Subject

LONGEST_EXAMPLE = 300
NAMED_BY = 40
NO_ANSWER = "no answer"
# What a model answers to texts, as codes; -1 where that is no answer.
Said = Callable[[Predictions], Codes]


def text_input(signature: Signature) -> Tensor | None:
    """The input that takes one text for each row, where the model takes nothing else."""
    if len(signature.inputs) != 1:
        return None
    (one,) = signature.inputs
    fits = len(one.shape) == 1 or (len(one.shape) == 2 and one.shape[1] in (1, None))
    return one if one.dtype == TEXT and fits else None


def as_input(texts: Sequence[str], takes: Tensor) -> Batch:
    """Texts as the model takes them."""
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return {takes.name: array if len(takes.shape) == 1 else array.reshape(-1, 1)}


def used(subject: Subject) -> list[str]:
    """The texts of the rows that are used; a cell without one is the empty text."""
    column = subject.plan.text
    if column not in subject.table.names:
        raise StressRefused(
            "text_missing",
            f"the table has no column {quoted(column)} for the model to read; name it in the audit plan (text)",
        )
    whole = subject.table.raw_texts(column).to_pylist()
    return [whole[row] or "" for row in subject.rows.tolist()]


def require_texts(subject: Subject) -> None:
    """Refuse a table without the texts that a model of texts reads: a kept case or two alone would pass for an audit.

    A plan that names the columns which such a model takes (tabular) says what else is meant.

    Raises:
        StressRefused: ``text_missing``.
    """
    is_of_columns = bool(subject.plan.parts.get("tabular", {}).get("columns"))
    if text_input(subject.signature) is not None and not is_of_columns:
        used(subject)


def label_of(subject: Subject) -> str | None:
    """The column with the right answers: that of the plan, else one of this name; None where there is none."""
    column = subject.plan.label
    if column is None:
        return "label" if "label" in subject.table.names and subject.plan.text != "label" else None
    if column not in subject.table.names:
        raise StressRefused(
            "label_missing", f"the table has no column {quoted(column)} with the right answers; name another"
        )
    return column


def labels_of(subject: Subject, names: Names) -> Any:
    """Codes of the right answers, -1 where a row has none; None where there is no such column."""
    column = label_of(subject)
    if column is None:
        return None
    whole = subject.table.texts(column).to_pylist()
    return names.codes([whole[row] for row in subject.rows.tolist()])


def _families(plan: StressPlan) -> tuple[str, ...]:
    return plan.families or tuple(FAMILIES)


def _asks(subject: Subject) -> int:
    if text_input(subject.signature) is None or subject.plan.text not in subject.table.names:
        return 0
    return len(subject.rows) * (1 + len(_families(subject.plan)) * len(subject.plan.severities))


def _run(subject: Subject) -> PartResult:
    takes, plan = text_input(subject.signature), subject.plan
    if takes is None:
        raise StressRefused("model_takes_no_text", "the model takes something else than one text")
    texts = used(subject)
    clean = as_input(texts, takes)
    data_digest = tensors.digest({"text": clean[takes.name].ravel()})
    names = Names()
    first = subject.ask(clean, data_digest=data_digest)
    finds = gives_embeddings(subject.signature, plan)
    said = _nearest_text(first, texts, subject, names) if finds else _class(subject, names)
    codes = said(first)
    before = Baseline(_told_apart(codes, texts) if finds else codes, None if finds else labels_of(subject, names))
    _require_common(before, names)
    corpus = corpus_of(texts)
    asked: list[FamilyAnswers] = []
    cases: list[dict[str, Any]] = []
    for family in _families(plan):
        for one, changed in _of_family(subject, family, corpus, takes, data_digest, said):
            asked.append(one)
            if one.said is not None:
                cases += _cases(one, before, texts, changed, names.named(), subject)
    document = judged_texts(before, asked, plan, names=names.named())
    if finds:
        document["reasons"] = [reason("stress.nearest_text", n=len(texts)), *document["reasons"]]
    for family in document["families"]:
        mine = [case for case in cases if case["family"] == family["family"]]
        family["examples"] = [short(case) for case in mine[:MOST_EXAMPLES]]
    return PartResult(document, cases, _summary(document))


def _class(subject: Subject, names: Names) -> Said:
    def said(found: Predictions) -> Codes:
        codes = names.codes(answers_of(found, subject.signature, subject.plan))
        return np.where(answered(found), codes, -1)

    return said


def _nearest_text(clean: Predictions, texts: Sequence[str], subject: Subject, names: Names) -> Said:
    """Of a model of embeddings: an answer is the unchanged text that is nearest, by the number of the first row with
    it. The code of an answer is the place of this row."""
    near = Nearest(clean.outputs[EMBEDDING])
    names.codes([f"row {row + 1}: {text[:NAMED_BY]}" for row, text in zip(subject.rows.tolist(), texts, strict=True)])
    first = np.array([*_first_with(texts), NOWHERE])

    def said(found: Predictions) -> Codes:
        return first[near.to(found.outputs[EMBEDDING])]

    return said


def _first_with(texts: Sequence[str]) -> list[int]:
    """For every text the place of the first one that is the same."""
    first: dict[str, int] = {}
    return [first.setdefault(text, at) for at, text in enumerate(texts)]


def _told_apart(codes: Codes, texts: Sequence[str]) -> Codes:
    """-1 for a text that has no vector or is not found by its own: no change of it could show what becomes of it."""
    return np.where(codes == np.array(_first_with(texts)), codes, -1)


def _of_family(
    subject: Subject, family: str, corpus: Corpus, takes: Tensor, data_digest: str, said: Said
) -> Iterator[tuple[FamilyAnswers, list[str]]]:
    """One family at each severity, with the changed texts. Where the model breaks, the other severities still count."""
    made = at_severities(FAMILIES[family], corpus, subject.plan.severities, seed=subject.seed)
    plain = corpus.texts()
    for severity, stressed in made.items():
        changed_texts = stressed.texts()
        changed = np.fromiter(
            (one != other for one, other in zip(changed_texts, plain, strict=True)), dtype=bool, count=len(plain)
        )
        edits = _edits(corpus, stressed, changed)
        if not changed.any():
            subject.done += len(plain)
            yield FamilyAnswers(family, severity, changed, np.full(len(plain), -1), 0.0), changed_texts
            continue
        transform = {"family": family, "severity": severity, "seed": subject.seed, "version": VERSION}
        try:
            found = subject.ask(as_input(changed_texts, takes), data_digest=data_digest, transform=transform)
        except (ModelFailed, ModelRefused) as broke:
            subject.done += len(plain)
            yield (
                FamilyAnswers(family, severity, changed, None, edits, broke.code, str(broke)[:LONGEST_EXAMPLE]),
                changed_texts,
            )
            continue
        yield FamilyAnswers(family, severity, changed, said(found), edits), changed_texts


def _edits(corpus: Corpus, stressed: Corpus, changed: Any) -> float:
    """How much longer or shorter the changed texts are, or how many characters stand where others stood: a share."""
    before = np.diff(corpus.begins)[changed].sum()
    if not before:
        return 0.0
    if len(corpus.characters) == len(stressed.characters) and (corpus.begins == stressed.begins).all():
        return float((corpus.characters != stressed.characters).sum() / before)
    return float(np.abs(np.diff(stressed.begins) - np.diff(corpus.begins))[changed].sum() / before)


def _cases(
    one: FamilyAnswers,
    before: Baseline,
    texts: Sequence[str],
    changed: Sequence[str],
    named: Sequence[str],
    subject: Subject,
) -> list[dict[str, Any]]:
    """Every text that the family turns."""
    if one.said is None:
        return []
    found = np.flatnonzero(turned(before, one.said) & one.changed).tolist()
    label = before.label
    return [
        {
            "part": "texts",
            "case": f"{one.family}/{one.severity}/{int(subject.rows[at]) + 1}",
            "family": one.family,
            "severity": one.severity,
            "row": int(subject.rows[at]) + 1,
            "text": texts[at],
            "changed": changed[at],
            "label": None if label is None or label[at] < 0 else named[label[at]],
            "before": named[before.said[at]],
            "after": named[one.said[at]] if one.said[at] >= 0 else NO_ANSWER,
        }
        for at in found
    ]


def short(case: dict[str, Any]) -> dict[str, Any]:
    """A case for a document: its texts cut."""
    return {key: value[:LONGEST_EXAMPLE] if isinstance(value, str) else value for key, value in case.items()}


def _require_common(before: Baseline, names: Names) -> None:
    """Refuse labels that no answer can equal: the wrong column, or other names for the same classes."""
    if before.label is None:
        return
    labels = set(before.label[before.label >= 0].tolist())
    answers = set(before.said[before.answered].tolist())
    if labels and answers and not labels & answers:
        named = names.named()
        said, right = (sorted(named[code] for code in codes) for codes in (answers, labels))
        raise StressRefused(
            "labels_do_not_match",
            f"the model answers {listed(said[:5])}, the table's labels are {listed(right[:5])}; say in the audit plan"
            " which is which (classes)",
        )


def _summary(document: dict[str, Any]) -> dict[str, float]:
    """Named numbers for policies: the families that decide, at the severity that is judged."""
    judged = [one["judged"] for one in document["families"] if one["role"] == "gating" and one["judged"] is not None]
    values = [one["value"] for one in judged if one["value"] is not None]
    made = {"stress_families_failed": float(sum(one["verdict"] == "fail" for one in document["families"]))}
    if values:
        made["stress_flip_rate_highest"] = max(values)
    if document["clean"] is not None and document["clean"]["value"] is not None:
        made["stress_clean_accuracy"] = document["clean"]["value"]
    return made


PART = Part("texts", _asks, _run)
