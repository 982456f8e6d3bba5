"""What a card can be told: every finding's code, and the fields and sections that a complete card has.

Severities follow one rule: ``high`` where the Hub refuses the card or the metadata cannot be relied on, ``medium`` and
``low`` for what a reviewer needs and does not get, ``info`` for what is only worth knowing.

The sections come from the Hub's own model card and dataset card templates, reduced to those that a decision rests on;
the headings that count as one of them were checked against some 2,500 published cards.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

KINDS = ("model", "dataset", "space")
RELATIONS = ("finetune", "adapter", "merge", "quantized")
SPACE_SDKS = ("gradio", "streamlit", "docker", "static")


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding: how grave it is, the names of its parameters (always all of them), and what it says."""

    severity: str
    params: tuple[str, ...]
    says: str


CODES: Mapping[str, Code] = {
    # the file
    "card.empty": Code("high", (), "The repository has no card: README.md is empty."),
    "card.too_large": Code("medium", ("size", "limit"), "Only the first `limit` of `size` bytes were read."),
    "card.encoding.not_utf8": Code(
        "medium", ("offset", "encoding"), "Not UTF-8 from byte `offset` on; `encoding` is a guess or empty."
    ),
    "card.encoding.bom": Code("info", (), "The file begins with a byte order mark."),
    "card.line_ends.crlf": Code("info", (), "All lines end as on Windows (CR LF)."),
    "card.line_ends.mixed": Code("info", ("lf", "crlf", "cr"), "The lines end in different ways: how many of each."),
    "card.text.nul": Code("medium", ("count",), "NUL bytes; each is shown as a replacement character."),
    "card.text.control": Code("low", ("count",), "Control characters that no text needs."),
    "card.text.bidi": Code(
        "medium", ("count", "characters"), "Characters that turn the direction of text can make it read otherwise."
    ),
    # the front matter
    "card.front_matter.missing": Code("medium", (), "There is no metadata between `---` lines at the top."),
    "card.front_matter.unclosed": Code("high", (), "The metadata has no closing `---`, so the Hub reads none of it."),
    "card.front_matter.misplaced": Code(
        "high", (), "There is metadata, but not between `---` lines at the very top: the Hub reads none of it."
    ),
    "card.front_matter.empty": Code("medium", (), "There is nothing between the two `---`."),
    "card.front_matter.not_mapping": Code("high", ("got",), "The metadata has to be `key: value` lines."),
    "card.metadata.truncated": Code(
        "medium", ("bound", "limit", "left_out"), "The metadata exceeds a bound; the fields `left_out` were not read."
    ),
    "card.metadata.refused": Code("high", ("bound", "limit"), "The metadata exceeds a bound and was not read."),
    "card.yaml.syntax": Code("high", ("problem", "column"), "The metadata is not valid YAML."),
    "card.yaml.unprintable": Code("high", ("character",), "YAML does not allow this character; it was replaced."),
    "card.yaml.tab": Code("low", (), "A tab indents a line; YAML wants spaces."),
    "card.yaml.duplicate_key": Code("high", ("key", "first_line"), "The key stands twice; the last one was taken."),
    "card.yaml.key": Code("high", ("problem",), "A key has to be plain text; the entry was left out."),
    "card.yaml.tag": Code("high", ("tag",), "A YAML tag asks for an object; the value was kept as plain data."),
    "card.yaml.aliases": Code("high", ("reason",), "Aliases grow without bound or contain themselves; not read."),
    "card.yaml.value": Code("low", ("written", "type"), "Looks like a `type` and is none; kept as text."),
    "card.yaml.not_finite": Code("low", ("written",), "Not a finite number; kept as text."),
    # the licence
    "card.license.missing": Code("medium", (), "No licence is declared."),
    "card.license.unknown_id": Code("high", ("id", "meant"), "Not a licence identifier of the Hub; `meant` may be."),
    "card.license.type": Code("high", ("written", "got"), "YAML reads this as `got`; a licence is text, or a list."),
    "card.license.legacy_key": Code("medium", ("key",), "The licence stands under a key that the Hub does not read."),
    "card.license.name_missing": Code("medium", (), "The licence is `other`; its name is missing (`license_name`)."),
    "card.license.link_missing": Code("low", (), "The licence is `other`; its text is missing (`license_link`)."),
    # other fields
    "card.field.type": Code("high", ("expected", "got"), "The field has the wrong type."),
    "card.field.legacy_key": Code("low", ("use",), "The Hub does not read this key; the key is `use`."),
    "card.field.yaml_boolean": Code(
        "low", ("written", "got"), "Without quotes many programs read this word (`no`, say) as true or false."
    ),
    "card.space.sdk": Code("high", ("written", "known"), "A Space needs an `sdk` that the Hub knows."),
    # lineage
    "card.base_model.not_an_id": Code("high", ("written",), "Not a repository id; no lineage follows from it."),
    "card.base_model.local_path": Code("high", ("written",), "A path on somebody's machine, not a repository id."),
    "card.base_model.url": Code("medium", ("written", "read_as"), "A link where an id belongs; read as `read_as`."),
    "card.base_model_relation.unknown": Code(
        "medium", ("written", "known"), "Not a relation that the Hub knows; the relation was inferred instead."
    ),
    "card.base_model_relation.without_base": Code("low", ("written",), "A relation without a base model."),
    "card.link.not_an_id": Code("low", ("written",), "Not a repository id; no lineage follows from it."),
    "card.link.url": Code("low", ("written", "read_as"), "A link where an id belongs; read as `read_as`."),
    "card.links.truncated": Code("medium", ("count", "limit"), "Only the first `limit` of `count` origins were kept."),
    "card.source_datasets.unnamed": Code("low", ("written",), "Extends something that is not named by an id."),
    # results
    "card.model_index.invalid": Code("high", ("path", "problem"), "The results cannot be read: `problem` at `path`."),
    "card.model_index.value_not_number": Code("medium", ("path", "written"), "A result that is not a finite number."),
    # the text
    "card.body.empty": Code("medium", (), "The card has no text below its metadata."),
    "card.section.missing": Code("medium", ("section",), "A section that a decision rests on is missing or empty."),
    "card.section.recommended": Code("low", ("section",), "A section of the Hub's template is missing or empty."),
    "card.placeholder": Code("low", ("count",), "Places of the template that were never filled in."),
    # about the findings
    "card.findings.more": Code("info", ("code", "count"), "So many more findings of `code` are not listed."),
}

# Keys that authors use and the Hub ignores, with the key that it reads.
LEGACY_KEYS: Mapping[str, str] = {
    "languages": "language",
    "dataset": "datasets",
    "model_index": "model-index",
    "base model": "base_model",
    "base-model": "base_model",
    "pipeline-tag": "pipeline_tag",
}
LEGACY_LICENSE_KEYS = ("licenses", "licence", "licences")


@dataclass(frozen=True, slots=True)
class Section:
    """A section that a card should have: ``needed`` for a decision or only recommended, and the headings that count.

    ``stands_for`` is a metadata field that says the same (results in ``model-index`` are an evaluation).
    """

    name: str
    needed: bool
    headings: re.Pattern[str]
    stands_for: str = ""


def _headings(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_LIMITS = (
    r"\blimits?\b|\blimitation|\bbias|\brisks?\b|\bethic|caveat|\bsafety\b|\bmisuse"
    r"|(?<!license )(?<!licence )\bdisclaimer|considerations for using|social impact"
    r"|局限|限制|偏见|偏差|风险|ограничени|предвзят|limitaci|sesgo|limitierung|einschränkung"
)
_CONTACT = (
    r"\bcit(?:e|ing|ation|ations|iation)\b|bibtex|reference|contact|\bauthors?\b|credits?\b|acknowledg|contribut"
    r"|\bcurators?\b|maintain|引用|联系|作者|цитир|автор"
)

_MODEL_SECTIONS = (
    Section(
        "description",
        needed=False,
        headings=_headings(
            r"\bdescription|overview|\bsummary|introduc|\babout\b|\bmodel details\b|\bdetails\b"
            r"|model information|^model$|highlight|what is|简介|介绍|概述|описание|descripci|beschreibung"
        ),
    ),
    Section(
        "intended_uses",
        needed=True,
        headings=_headings(
            r"\bintended|\bdirect use|downstream use|out[- ]of[- ]scope|^uses?$|\buse[- ]?cases?\b|\bprimary use"
            r"|^model uses?$|recommended use|^applications?$|^(?:\w+ )?purposes?$"
            r"|用途|应用场景|назначение|применение|uso previsto"
            r"|anwendung"
        ),
    ),
    Section("limitations", needed=True, headings=_headings(_LIMITS)),
    Section(
        "training_data",
        needed=True,
        headings=_headings(
            r"(?:\btrain|tuning|trained)\w*\b.*(?:\bdata|\bcorp(?:us|ora)\b)"
            r"|^(?!.*(?:eval|test|valid|benchmark|collator|load)).*(?:\bdata\b|\bdatasets?\b|\bcorp(?:us|ora)\b)"
            r"|训练数据|数据集|обучающ|данные|datos de entrenamiento|trainingsdaten"
        ),
        stands_for="datasets",
    ),
    Section(
        "training_procedure",
        needed=False,
        headings=_headings(
            r"^(?!.*(?:\bdata\b|\bdatasets?\b|\bcorpus\b)).*(?:\btrain(?:ing|ed)?\b|pre-?train|fine-?tun|hyper-?param)"
            r"|\bprocedure\b|训练|微调|обучение|entrenamiento"
        ),
    ),
    Section(
        "evaluation",
        needed=True,
        headings=_headings(
            r"evaluat|benchmark|\bresults?\b|performance|\bmetrics?\b|\bscores?\b|accuracy|leaderboard|\beval\b"
            r"|评估|评测|性能|结果|оценк|результат|resultados|ergebnisse"
        ),
        stands_for="model-index",
    ),
    Section(
        "getting_started",
        needed=False,
        headings=_headings(
            r"\busage\b|\bhow[- ]to\b|how (?:do|can) (?:i|you|we)|get(?:ting)? started|quick[- ]?start|\bexamples?\b"
            r"|\binference\b|\binstall|^us(?:e|ing)\b|使用|快速开始|использован|uso$|cómo usar|verwendung"
        ),
    ),
    Section("contact", needed=False, headings=_headings(_CONTACT)),
)
_DATASET_SECTIONS = (
    Section(
        "description",
        needed=False,
        headings=_headings(
            r"\bdescription|overview|\bsummary|introduc|\babout\b|\bdetails\b|^dataset$|motivation|简介|介绍|описание"
        ),
    ),
    Section(
        "intended_uses",
        needed=True,
        headings=_headings(
            r"\bintended|\buses?\b|supported tasks?|leaderboard|\buse[- ]?cases?\b|\btasks?\b|^(?:\w+ )?purposes?$"
            r"|用途|назначение"
        ),
    ),
    Section(
        "structure",
        needed=False,
        headings=_headings(
            r"st(?:ru|ur)cture|data (?:fields?|instances?|splits?|format)|\bfields?\b|\bfeatures?\b|\bcolumns?\b"
            r"|\bschema\b|composition|\bformat\b|数据格式|结构|структура"
        ),
    ),
    Section(
        "creation",
        needed=True,
        headings=_headings(
            r"creation|curation|source data|collection|\bsources?\b|annotat|provenance"
            r"|how .*(?:made|built|collected|created)|construct|数据来源|来源|источник|сбор"
        ),
    ),
    Section(
        "personal_information",
        needed=True,
        headings=_headings(r"personal|sensitive|privacy|\bpii\b|anonymi|consent|\bgdpr\b|隐私|个人|персональн"),
    ),
    Section("limitations", needed=True, headings=_headings(_LIMITS)),
    Section("contact", needed=False, headings=_headings(_CONTACT)),
)

SECTIONS: Mapping[str, tuple[Section, ...]] = {"model": _MODEL_SECTIONS, "dataset": _DATASET_SECTIONS, "space": ()}
FIELDS: Mapping[str, tuple[str, ...]] = {
    "model": ("license", "language", "pipeline_tag", "library_name", "tags", "datasets"),
    "dataset": ("license", "language", "pretty_name", "size_categories", "task_categories", "source_datasets"),
    "space": ("title", "sdk", "license"),
}
# what the checks and the lineage rest on: the last to be left out of metadata beyond the bounds
READ_HERE = frozenset(
    (*LEGACY_LICENSE_KEYS, "license_name", "license_link", "base_model", "base_model_relation", "models", "metrics")
).union(*FIELDS.values())


def score(*, kind: str, fields: int, sections: int) -> float:
    """Share of what a card of this kind should say that it does say, in [0, 1], to four decimals.

    ``(fields present + sections present) / (fields expected + sections expected)``, each counting the same. A field
    is present when it holds a value, a section when a heading for it stands above text that is no placeholder, or
    when the metadata field that stands for it is filled.
    """
    return round((fields + sections) / (len(FIELDS[kind]) + len(SECTIONS[kind])), 4)
