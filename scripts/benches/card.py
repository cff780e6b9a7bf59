"""The accuracy card: the whole pipeline on phantoms of held-out anatomy, confounders included.

Each phantom (every third without CT) goes through the pipeline with the shipped networks and, on
the same organ map, with SUV 4.0 thresholding. Truth and result are compared lesion by lesion (one
to one, IoU >= 0.1), site by site, count by count and verdict by verdict. A case's figures are
kept in `--work`, so that the card goes on where it was stopped; `--pictures` draws the worst cases.

  scripts/bench card --cases 200 --work card
  scripts/bench card --cases 200 --work card --pictures scripts/pictures
"""

import argparse
import functools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw

from oligocount.assess.document import assess_document
from oligocount.assess.patient import facts_from
from oligocount.config import load_settings
from oligocount.domain.anatomy import OrganMap
from oligocount.domain.lesion import Kind
from oligocount.domain.result import Result
from oligocount.domain.study import AlignedImages, Images, Study
from oligocount.domain.volume import LabelMap, Unit, Volume
from oligocount.geometry.place import place_labels
from oligocount.inputs import Choice, load_tools
from oligocount.learn.calibrate import reliability
from oligocount.learn.evaluate import CaseScore, LesionScore, score_case, summarise
from oligocount.learn.overlap import VoxelScore
from oligocount.publish.projections import project
from oligocount.publish.result_json import result_document
from oligocount.run import Tools, run_study
from oligocount.segment.choose import load_segmenter
from oligocount.segment.segmenter import Segmenter
from oligocount.simulate.phantom import Phantom, simulate
from oligocount.simulate.truth import clinical_facts, truth_document

FIRST_SEED = 800_000  # never used to train, calibrate or tune
SPACING_MM = 4.0
SEGMENTERS = ("fdg_lesions", "suv40")
DEFINITIONS = ("CN2025", "OMEC_MAIN", "OMEC_ORGAN", "ESTRO_ASTRO")


@dataclass
class SameOrgans:
    """An OrganMapper that draws the organs of one scan once, whoever asks."""

    tools: Tools
    held: OrganMap | None = None

    def __call__(self, images: AlignedImages) -> OrganMap:
        """The organs of the case at hand."""
        if self.held is None:
            self.held = self.tools.organ_mapper(images)
        return self.held


def measure_missing(files: Sequence[Path], jobs: int) -> None:
    """Every file holds its case, named by the seed; those there are kept."""
    missing = [file for file in files if not file.is_file()]
    with ProcessPoolExecutor(jobs, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for done, file in enumerate(pool.map(_write_case, missing), start=1):
            print(f"{done} of {len(missing)}: seed {file.stem}", flush=True)


def _write_case(file: Path) -> Path:
    case = measure_case(int(file.stem), *_segmenters())
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(case, default=float), "utf-8")
    partial.rename(file)
    return file


@functools.cache
def _segmenters() -> tuple[Tools, Segmenter]:
    """The shipped networks and the baseline, loaded once a process."""
    settings = load_settings()
    tools = load_tools(settings, Choice(device="cpu"))
    return tools, load_segmenter(SEGMENTERS[1], settings.segment, "cpu")


def measure_case(seed: int, tools: Tools, baseline: Segmenter) -> dict[str, Any]:
    """What each segmenter makes of one phantom, beside the truth, as plain values."""
    settings = load_settings()
    phantom = simulate(seed, spacing_mm=SPACING_MM, held_out=True)
    case_id = f"PHANTOM-{seed}"
    truth = truth_document(phantom, case_id)
    truth |= {k: v for k, v in assess_document(truth, settings)[0].items() if k != "lesions"}
    organs = SameOrgans(tools)
    case: dict[str, Any] = {"seed": seed, "has_ct": _images(phantom).ct is not None}
    for name, segmenter in zip(SEGMENTERS, (tools.segmenter, baseline), strict=True):
        result = run_study(
            lambda: (Study(case_id=case_id, series=(), tracer=None), _images(phantom)),
            Tools(organ_mapper=organs, segmenter=segmenter),
            facts=facts_from(clinical_facts(phantom)),
            settings=settings,
        )
        case[name] = _compared(phantom, truth, result)
    return case


def _images(phantom: Phantom) -> Images:
    pet = Volume(array=phantom.pet.array, unit=Unit.SUVBW, geometry=phantom.pet.geometry)
    return Images(pet=pet, ct=None if phantom.seed % 3 == 2 else phantom.ct)


def _compared(phantom: Phantom, truth: Mapping[str, Any], result: Result) -> dict[str, Any]:
    said = result_document(result)
    labels = place_labels(result.lesion_map.labels, phantom.lesions.geometry)
    score = score_case(
        said["case_id"], phantom.lesions, labels, true_record=truth, predicted_record=said
    )
    counts = said["counts"]
    return {
        "score": asdict(score),
        "n_true": truth["counts"]["N"],
        "n": counts["N"],
        "n_low": counts["N_low"],
        "n_high": counts["N_high"],
        "false": list(_causes_of_false(phantom, labels, said)),
        "missed": list(_causes_of_missed(phantom, labels, score, said)),
        "chances": [
            (one["probability"], bool((phantom.lesions.array[labels.array == one["id"]] > 0).any()))
            for one in said["lesions"]
            if one["probability"] is not None
        ],
        "to_look_at": len(said["decision_critical_lesions"]),
    }


def _causes_of_false(
    phantom: Phantom, labels: LabelMap, said: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """(status, cause) of each focus that holds no true lesion."""
    for one in said["lesions"]:
        focus = labels.array == one["id"]
        if one["kind"] == "physiologic" or (phantom.lesions.array[focus] > 0).any():
            continue
        mimics = phantom.mimics.array[focus]
        hottest = np.unravel_index(np.where(focus, phantom.pet.array, -1).argmax(), focus.shape)
        organ = phantom.organs.names.get(int(phantom.organs.array[hottest]), "outside")
        named = phantom.mimics.names.get(int(mimics[mimics > 0][0])) if mimics.any() else None
        yield one["status"], named or f"uptake of {organ}"


def _causes_of_missed(
    phantom: Phantom, labels: LabelMap, score: CaseScore, said: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """(organ, cause) of each true lesion that no focus matches."""
    kinds = {one["id"]: one["kind"] for one in said["lesions"]}
    organs = {one.id: one.organ or "unknown" for one in phantom.truth}
    for lesion in score.lesions:
        if lesion.found:
            continue
        over = np.unique(labels.array[phantom.lesions.array == lesion.label])
        told = [kinds.get(int(n)) for n in over if n]
        cause = "no focus there"
        if any(kind not in (None, "physiologic") for kind in told):
            cause = "merged with another, or drawn too differently"
        elif "physiologic" in told:
            cause = "taken for physiologic"
        yield organs.get(lesion.label, "unknown"), cause


def print_card(cases: Sequence[Mapping[str, Any]]) -> None:
    """Every table, one segmenter beside the other."""
    print(f"{len(cases)} phantoms from seed {FIRST_SEED}, {SPACING_MM:g} mm")
    found = {name: [one[name] for one in cases] for name in SEGMENTERS}
    summaries = {
        name: summarise([restored(one["score"]) for one in some]) for name, some in found.items()
    }
    keys = ("sensitivity", "sensitivity_with_doubts", "sensitivity_touch", "precision",
            "false_per_case", "false_doubts_per_case", "dice")  # fmt: skip
    for key in keys:
        _print_row(key, [_said(summaries[name][key]) for name in SEGMENTERS])
    for title, key in (("size mm", "by_size_mm"), ("site", "by_site"), ("agree", "agreement")):
        for name in summaries[SEGMENTERS[0]][key]:
            _print_row(f"{title} {name}", [_said(summaries[s][key].get(name)) for s in SEGMENTERS])
    for title, holds in _SHARES.items():
        _print_row(title, [_share([holds(one) for one in some]) for some in found.values()])
    for name in DEFINITIONS:
        _print_row(f"verdict {name}", [_verdicts(some, name) for some in found.values()])
    for key in ("false", "missed"):
        told = Counter(
            " ".join(reversed(one)) for case in found[SEGMENTERS[0]] for one in case[key]
        )
        print(f"{key}: " + ", ".join(f"{n} {cause}" for cause, n in told.most_common(12)))
    chances = [one for case in found[SEGMENTERS[0]] for one in case["chances"]]
    if chances:
        told = reliability([p for p, _ in chances], [bool(hit) for _, hit in chances])
        print(f"reliability: {json.dumps(told)}")


_SHARES = {
    "distant count exact": lambda one: one["n"] == one["n_true"],
    "true count in the range": lambda one: one["n_low"] <= one["n_true"] <= one["n_high"],
    "range wider than one": lambda one: one["n_high"] > one["n_low"],
}


def _verdicts(cases: Sequence[Mapping[str, Any]], name: str) -> str:
    pairs = [one["score"]["verdicts"][name] for one in cases if name in one["score"]["verdicts"]]
    same = _share([truth == said for truth, said in pairs])
    wrong = _share([{truth, said} == {"OLIGO", "NOT_OLIGO"} for truth, said in pairs])
    open_ = _share([said == "INDETERMINATE" for _, said in pairs])
    return f"same {same}, opposite {wrong}, open {open_}"


def _share(holds: Sequence[bool]) -> str:
    return f"{np.mean(holds):.2f}" if holds else "-"


def _said(one: Mapping[str, Any] | None) -> str:
    if one is None or one["value"] is None:
        return "-"
    interval = f" ({one['ci95'][0]:.2f} to {one['ci95'][1]:.2f})" if one.get("ci95") else ""
    return f"{one['value']:.2f}{interval}" + (f" {one['hits']}/{one['of']}" if "of" in one else "")


def _print_row(title: str, cells: Sequence[str]) -> None:
    print(f"| {title:<32} | " + " | ".join(f"{cell:<44}" for cell in cells) + " |")


def restored(told: Mapping[str, Any]) -> CaseScore:
    """A score from its plain form."""
    return CaseScore(
        **{
            **told,
            "voxels": VoxelScore(**told["voxels"]),
            "lesions": tuple(LesionScore(**one) for one in told["lesions"]),
        }
    )


def draw_worst(cases: Sequence[Mapping[str, Any]], tools: Tools, folder: Path) -> None:
    """The three cases with the most missed and false lesions: truth green, foci red."""

    def errors(case: Mapping[str, Any]) -> int:
        ours = case[SEGMENTERS[0]]
        return len(ours["missed"]) + sum(status == "malignant" for status, _ in ours["false"])

    for rank, case in enumerate(sorted(cases, key=errors, reverse=True)[:3], 1):
        phantom = simulate(case["seed"], spacing_mm=SPACING_MM, held_out=True)
        images = _images(phantom)
        result = run_study(
            lambda images=images: (Study(case_id="x", series=(), tracer=None), images),
            tools,
            facts=facts_from(clinical_facts(phantom)),
            settings=load_settings(),
        )
        ours = case[SEGMENTERS[0]]
        print(
            f"failure {rank}: seed {case['seed']}: missed {ours['missed']}, false {ours['false']}"
        )
        _draw(phantom, result, folder / f"failure_{rank}.png")


def _draw(phantom: Phantom, result: Result, file: Path) -> None:
    views = project(phantom.pet, (0.0, 90.0), pixel_mm=3.0, body_suv=0.2)
    pictures = []
    for view in views:
        grey = 255 - np.clip(view.picture / 8 * 255, 0, 255).astype(np.uint8)
        picture = Image.fromarray(grey).convert("RGB")
        pen = ImageDraw.Draw(picture)
        for one in phantom.truth:
            if one.kind is not Kind.PHYSIOLOGIC:
                _ring(pen, view.to_pixel(one.centroid_lps_mm), 9, (0, 150, 90))
        for located in result.lesions:
            if located.finding.kind is not Kind.PHYSIOLOGIC:
                _ring(pen, view.to_pixel(located.lesion.centroid_lps_mm), 6, (210, 50, 0))
        pictures.append(picture)
    whole = Image.new("RGB", (sum(p.width for p in pictures), pictures[0].height), "white")
    for n, picture in enumerate(pictures):
        whole.paste(picture, (n * pictures[0].width, 0))
    whole.save(file, optimize=True)


def _ring(pen: Any, at: tuple[float, float], radius: int, colour: tuple[int, int, int]) -> None:
    x, y = at
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=2)


def main() -> None:
    """Measure what is missing, print the card."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--work", type=Path, default=Path("card"), metavar="DIR")
    parser.add_argument("--pictures", type=Path, metavar="DIR")
    parser.add_argument("--jobs", type=int, default=2, help="processes, a thread each")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    seeds = range(FIRST_SEED, FIRST_SEED + options.cases)
    files = [options.work / f"{seed}.json" for seed in seeds]
    measure_missing(files, options.jobs)
    cases = [json.loads(file.read_text("utf-8")) for file in files]
    print_card(cases)
    if options.pictures:
        draw_worst(cases, load_tools(load_settings(), Choice(device="cpu")), options.pictures)


if __name__ == "__main__":
    main()
