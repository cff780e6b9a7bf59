"""How well predictions agree with the truth: voxels, lesions, counts, sites, verdicts.

TRUTH and PRED are two masks (.nii.gz), two cases (what `oligocount phantom` and `oligocount run`
write), or two folders that hold the same names of either (PRED: also the folder of a batch).
Volumes as autoPET defines them; lesions matched one to one at IoU 0.1 or more; 95 % intervals by
Wilson or over patients by bootstrap.
Equivocal foci of a case count as doubts, not as found: its reported counts leave them out too.

examples:
  oligocount evaluate truth.nii.gz prediction.nii.gz
  oligocount evaluate truth/ OUT -o scores
"""

import argparse
import json
from pathlib import Path
from typing import Any

from oligocount.learn.case_pairs import read_pairs
from oligocount.learn.evaluate import score_case, summarise
from oligocount.learn.score_files import write_scores

_LABEL = 34
_ROWS = (
    ("sensitivity", "lesion sensitivity (one to one)"),
    ("sensitivity_with_doubts", "lesion sensitivity, equivocal too"),
    ("sensitivity_touch", "lesion sensitivity (any voxel)"),
    ("precision", "lesion precision"),
    ("f1", "lesion F1"),
    ("false_per_case", "false lesions a case"),
    ("false_doubts_per_case", "false equivocal foci a case"),
    ("dice", "Dice"),
    ("dice_of_found", "Dice of each lesion found"),
    ("false_positive_ml", "false positive volume (ml)"),
    ("false_negative_ml", "false negative volume (ml)"),
    ("count_exact", "count exact"),
    ("count_error", "count error (predicted - true)"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `oligocount evaluate`."""
    parser.add_argument(
        "truth", type=Path, metavar="TRUTH", help="a mask, a case or a folder of either"
    )
    parser.add_argument("predicted", type=Path, metavar="PRED", help="the same of a prediction")
    parser.add_argument(
        "-o", "--out", type=Path, metavar="DIR",
        help="write cases.csv, summary.json and sensitivity.svg there",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")


def execute(arguments: argparse.Namespace) -> int:
    """Print the figures, and write them where asked."""
    cases = [
        score_case(
            pair.case_id,
            pair.truth,
            pair.predicted,
            true_record=pair.true_record,
            predicted_record=pair.predicted_record,
        )
        for pair in read_pairs(arguments.truth, arguments.predicted)
    ]
    summary = summarise(cases)
    if arguments.out is not None:
        write_scores(arguments.out, cases, summary)
    print(json.dumps(summary, indent=1) if arguments.json else _table(summary))
    return 0


def _table(summary: dict[str, Any]) -> str:
    lines = [f"{summary['n_cases']} case(s), {summary['n_lesions']} true lesion(s)"]
    lines += [f"  {label:<{_LABEL}} {_said(summary[key])}" for key, label in _ROWS]
    for title, key in (("by size (mm)", "by_size_mm"), ("by site", "by_site")):
        lines += [f"  sensitivity {title:<21} {name:<12} {_said(one)}"
                  for name, one in summary[key].items() if one["of"]]  # fmt: skip
    lines += [f"  agreement of matched lesions      {name:<12} {_said(one)}"
              for name, one in summary["agreement"].items() if one["of"]]  # fmt: skip
    for name, counts in summary["verdicts"].items():
        told = ", ".join(f"{change} {n}" for change, n in counts.items())
        lines.append(f"  verdicts {name:<24} {told}")
    return "\n".join(lines)


def _said(one: dict[str, Any]) -> str:
    if one["value"] is None:
        return "-"
    text = f"{one['value']:.3f}"
    if one.get("ci95"):
        text += f" ({one['ci95'][0]:.3f} to {one['ci95'][1]:.3f})"
    return text + (f"  {one['hits']}/{one['of']}" if "of" in one else "")
