"""Scores as files: a row a case (CSV), the cohort (JSON), sensitivity by size (SVG)."""

import csv
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from oligocount.errors import PublishError
from oligocount.learn.evaluate import CaseScore

_WIDTH, _HEIGHT, _MARGIN = 640, 320, 48


def write_scores(folder: Path, cases: Sequence[CaseScore], summary: dict[str, Any]) -> None:
    """`cases.csv`, `summary.json` and `sensitivity.svg` lie in the folder. Raises PublishError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_cases(folder / "cases.csv", cases)
        (folder / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", "utf-8")
        (folder / "sensitivity.svg").write_text(sensitivity_figure(summary), "utf-8")
    except OSError as error:
        raise PublishError(f"{folder}: scores cannot be written: {error}") from error


def sensitivity_figure(summary: dict[str, Any]) -> str:
    """Bars of lesion sensitivity by true diameter, with their 95 % intervals, as SVG."""
    groups = summary["by_size_mm"]
    step = (_WIDTH - 2 * _MARGIN) / max(1, len(groups))
    bars = [_bar(_MARGIN + n * step, step, name, one) for n, (name, one) in
            enumerate(groups.items())]  # fmt: skip
    grid = "".join(
        f'<line x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{_y(v):.1f}" y2="{_y(v):.1f}" '
        f'stroke="#ddd"/><text x="{_MARGIN - 6}" y="{_y(v) + 4:.1f}" text-anchor="end">{v:g}</text>'
        for v in (0, 0.25, 0.5, 0.75, 1)
    )
    title = f"Sensitivity by lesion diameter (mm), {summary['n_cases']} cases, 95 % intervals"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="{_MARGIN}" y="20" font-size="14">{escape(title)}</text>'
        f"{grid}{''.join(bars)}</svg>\n"
    )


def _y(share: float) -> float:
    return _HEIGHT - _MARGIN - share * (_HEIGHT - 2 * _MARGIN)


def _bar(left: float, step: float, name: str, one: dict[str, Any]) -> str:
    middle = left + step / 2
    label = f'<text x="{middle:.1f}" y="{_HEIGHT - 28}" text-anchor="middle">{escape(name)}</text>'
    count = f'<text x="{middle:.1f}" y="{_HEIGHT - 12}" text-anchor="middle">n={one["of"]}</text>'
    if not one["of"]:
        return label + count
    top, (low, high) = _y(one["value"]), one["ci95"]
    return (
        f'<rect x="{left + step * 0.2:.1f}" width="{step * 0.6:.1f}" y="{top:.1f}" '
        f'height="{_y(0) - top:.1f}" fill="#4a7ebb"/>'
        f'<line x1="{middle:.1f}" x2="{middle:.1f}" y1="{_y(low):.1f}" y2="{_y(high):.1f}" '
        f'stroke="black"/>{label}{count}'
    )


def _write_cases(file: Path, cases: Sequence[CaseScore]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(
            ["case", "dice", "fpv_ml", "fnv_ml", "truth_ml", "predicted_ml", "n_true",
             "n_predicted", "n_found", "n_touched", "n_false", "n_false_untouching",
             "count_error"]
        )  # fmt: skip
        for case in cases:
            voxels = case.voxels
            table.writerow(
                [case.case_id, _number(voxels.dice), _number(voxels.false_positive_ml),
                 _number(voxels.false_negative_ml), _number(voxels.truth_ml),
                 _number(voxels.predicted_ml), len(case.lesions), case.n_predicted,
                 sum(one.found for one in case.lesions), sum(one.touched for one in case.lesions),
                 case.n_false, case.n_false_untouching, case.count_error]
            )  # fmt: skip


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
