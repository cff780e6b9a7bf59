"""The worst cases of the accuracy card as pictures, with their cause in words."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from shared.card_tables import OPPOSITE

from oligocount.domain.lesion import Kind, Status
from oligocount.domain.result import Result
from oligocount.publish.projections import Projection, project
from oligocount.simulate.phantom import Phantom

WORST = 3
_GREEN, _RED, _AMBER = (0, 130, 80), (205, 40, 0), (215, 140, 0)
_TIMES = 2  # a picture's pixels a pixel of the projection
_LEGEND = (("true lesion", _GREEN), ("told as lesion", _RED), ("told as doubt", _AMBER))


def worst(cases: Sequence[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
    """The cases to look at: most opposite verdicts, largest missed lesion, most false lesions."""

    def badness(case: Mapping[str, Any]) -> tuple[float, ...]:
        score = case[name]["score"]
        missed = [one["diameter_mm"] for one in score["lesions"]
                  if not (one["found"] or one["doubted"])]  # fmt: skip
        opposite = sum({*pair} == OPPOSITE for pair in score["verdicts"].values())
        return opposite, max(missed, default=0.0), score["n_false"]

    return sorted(cases, key=badness, reverse=True)[:WORST]


def draw_worst(
    cases: Sequence[Mapping[str, Any]],
    name: str,
    again: Callable[[int], tuple[Phantom, Result]],
    folder: Path,
) -> None:
    """`failure_1.png` to `failure_3.png` and `failures.json` with the cause of each."""
    folder.mkdir(parents=True, exist_ok=True)
    told = []
    for rank, case in enumerate(worst(cases, name), 1):
        picture = f"failure_{rank}.png"
        cause = f"seed {case['seed']}: {in_words(case[name])}"
        told.append({"picture": picture, "seed": case["seed"], "cause": cause})
        _draw(*again(case["seed"]), folder / picture)
        print(f"{folder / picture}: {cause}")
    (folder / "failures.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")


def in_words(ours: Mapping[str, Any]) -> str:
    """What went wrong in a case: verdicts, count, what was missed and what was false."""
    pairs = ours["score"]["verdicts"].items()
    opposite = [f"{one} is {true}, told {said}" for one, (true, said) in pairs
                if {true, said} == OPPOSITE]  # fmt: skip
    parts = [*opposite, f"{ours['n']} distant lesions told, {ours['n_true']} true"]
    missed = [f"{organ} ({size:.0f} mm, {cause})" for organ, cause, size in ours["missed"]]
    sure = Counter(cause for status, cause in ours["false"] if status == "malignant")
    false = [f"{n} x {cause}" for cause, n in sure.most_common()]
    for word, some in (("missed", missed), ("false", false)):
        parts += [f"{word}: {', '.join(some)}"] if some else []
    return "; ".join(parts)


def _draw(phantom: Phantom, result: Result, file: Path) -> None:
    views = project(phantom.pet, (0.0, 90.0), pixel_mm=3.0, body_suv=0.2)
    pictures = [_view(view, phantom, result) for view in views]
    high = pictures[0].height + 24
    whole = Image.new("RGB", (sum(one.width for one in pictures), high), "white")
    for n, picture in enumerate(pictures):
        whole.paste(picture, (n * pictures[0].width, 0))
    pen = ImageDraw.Draw(whole)
    for n, (word, colour) in enumerate(_LEGEND):
        pen.text((8 + 110 * n, high - 18), word, fill=colour)
    whole.save(file, optimize=True)


def _view(view: Projection, phantom: Phantom, result: Result) -> Image.Image:
    """One projection with a ring for each true lesion and each focus told."""
    grey = 255 - np.clip(view.picture / 8 * 255, 0, 255).astype(np.uint8)
    size = (grey.shape[1] * _TIMES, grey.shape[0] * _TIMES)
    picture = Image.fromarray(grey).resize(size).convert("RGB")
    pen = ImageDraw.Draw(picture)
    for one in phantom.truth:
        if one.kind is not Kind.PHYSIOLOGIC:
            _ring(pen, view.to_pixel(one.centroid_lps_mm), 13, _GREEN)
    for located in result.lesions:
        if located.finding.kind is not Kind.PHYSIOLOGIC:
            sure = located.finding.status is Status.MALIGNANT
            at = view.to_pixel(located.lesion.centroid_lps_mm)
            _ring(pen, at, 9, _RED if sure else _AMBER)
    return picture


def _ring(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], radius: int, colour: tuple[int, int, int]
) -> None:
    x, y = (place * _TIMES for place in at)
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=2)
