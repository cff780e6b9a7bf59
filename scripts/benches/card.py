"""The accuracy card: the whole pipeline on phantoms of held-out anatomy, confounders included.

Each phantom (every third without CT) goes through the pipeline with the shipped networks and, on
the same organ map, with SUV 4.0 thresholding. Truth and result are compared lesion by lesion (one
to one, IoU >= 0.1), site by site, count by count and verdict by verdict. A case's figures are
kept in `--work`, so that the card goes on where it was stopped (a case is measured anew where
settings or weights have changed); `--pictures` draws the three worst
cases (most opposite verdicts, then the largest lesion missed, then most false lesions).

  scripts/bench card --cases 200 --work card
  scripts/bench card --cases 200 --work card --pictures scripts/pictures
"""

import argparse
import functools
import hashlib
import json
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from shared.card_pictures import draw_worst
from shared.card_tables import print_card
from shared.visible import is_visible

from oligocount.assess.document import assess_document
from oligocount.assess.patient import facts_from
from oligocount.config import dump_settings, load_settings
from oligocount.domain.anatomy import OrganMap
from oligocount.domain.result import Result
from oligocount.domain.study import AlignedImages, Images, Study
from oligocount.domain.volume import LabelMap, Unit, Volume
from oligocount.geometry.place import place_labels
from oligocount.inputs import Choice, load_tools
from oligocount.learn.evaluate import CaseScore, score_case
from oligocount.publish.result_json import result_document
from oligocount.resources import shipped_folder
from oligocount.run import Tools, run_study
from oligocount.segment.choose import load_segmenter
from oligocount.segment.segmenter import Segmenter
from oligocount.settings import IntervalSettings, Settings
from oligocount.simulate.phantom import Phantom, simulate
from oligocount.simulate.truth import clinical_facts, truth_document

FIRST_SEED = 800_000  # never used to train, calibrate or tune
SPACING_MM = 4.0
SEGMENTERS = ("fdg_lesions", "suv40")


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


def measure_missing(files: Sequence[Path], state: str, jobs: int) -> None:
    """Every file holds its case, named by the seed, as measured in this state."""
    missing = [file for file in files if not _is_measured(file, state)]
    print(f"{len(files) - len(missing)} cases are there, {len(missing)} to measure", flush=True)
    begun = time.monotonic()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin) as pool:
        running = [pool.submit(_write_case, file, state) for file in missing]
        for done, each in enumerate(as_completed(running), start=1):
            left_s = (time.monotonic() - begun) / done * (len(missing) - done)
            print(f"{done} of {len(missing)}: {each.result()}, {left_s / 60:.0f} min left",
                  flush=True)  # fmt: skip


def state_of_things() -> str:
    """What a case's figures depend on beside its seed: settings, weights, this file."""
    told = hashlib.sha256(dump_settings(load_settings()).encode())
    models = shipped_folder("models")
    held = sorted([*models.rglob("*.pt"), *models.rglob("metadata.json")])
    for file in (*held, Path(__file__)):
        told.update(file.read_bytes())
    return told.hexdigest()[:16]


def _is_measured(file: Path, state: str) -> bool:
    return file.is_file() and json.loads(file.read_text("utf-8")).get("state") == state


def _begin() -> None:
    """A worker has one thread for its work, and ends when the card ends, however that ends."""
    torch.set_num_threads(1)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _write_case(file: Path, state: str) -> str:
    begun = time.process_time()
    case = measure_case(int(file.stem), *_segmenters())
    seconds = time.process_time() - begun
    partial = file.with_suffix(".partial")
    told = {**case, "state": state, "processor_s": seconds}
    partial.write_text(json.dumps(told, default=float), "utf-8")
    partial.rename(file)
    return f"seed {file.stem} in {seconds:.0f} s of a core"


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
    case: dict[str, Any] = {"seed": seed, "has_ct": images_of(phantom).ct is not None}
    for name, segmenter in zip(SEGMENTERS, (tools.segmenter, baseline), strict=True):
        result = run_study(
            lambda: (Study(case_id=case_id, series=(), tracer=None), images_of(phantom)),
            Tools(organ_mapper=organs, segmenter=segmenter),
            facts=facts_from(clinical_facts(phantom)),
            settings=settings if name == SEGMENTERS[0] else as_set(settings),
        )
        case[name] = _compared(phantom, truth, result)
    return case


def as_set(settings: Settings) -> Settings:
    """The settings with no grid to count again under: the baseline's range is not on the card."""
    nothing = dict.fromkeys((each.name for each in fields(IntervalSettings)), ())
    return replace(settings, count=replace(settings.count, interval=IntervalSettings(**nothing)))


def images_of(phantom: Phantom) -> Images:
    """Its PET and, for two in three, its CT."""
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
        "visible": [one.label for one in score.lesions if is_visible(phantom, one.label)],
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
        "over_settings": [result.interval.n_min, result.interval.n_max]
        if result.interval
        else None,
        "to_look_at": {
            "foci shown": sum(one["kind"] != "physiologic" for one in said["lesions"]),
            "equivocal foci": sum(
                one["kind"] != "physiologic" and one["status"] == "equivocal"
                for one in said["lesions"]
            ),
            "decision-critical lesions": len(said["decision_critical_lesions"]),
        },
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
) -> Iterator[tuple[str, str, float]]:
    """(organ, cause, size in mm) of each true lesion that no focus matches."""
    kinds = {one["id"]: one["kind"] for one in said["lesions"]}
    organs = {one.id: one.organ or "unknown" for one in phantom.truth}
    for lesion in score.lesions:
        if lesion.found:
            continue
        over = np.unique(labels.array[phantom.lesions.array == lesion.label])
        told = [kinds.get(int(n)) for n in over if n]
        cause = "no focus there"
        if lesion.doubted:
            cause = "told as a doubt"
        elif any(kind not in (None, "physiologic") for kind in told):
            cause = "merged with another, or drawn too differently"
        elif "physiologic" in told:
            cause = "taken for physiologic"
        yield organs.get(lesion.label, "unknown"), cause, lesion.diameter_mm


def run_again(seed: int) -> tuple[Phantom, Result]:
    """A phantom and what the shipped pipeline makes of it."""
    settings = load_settings()
    phantom = simulate(seed, spacing_mm=SPACING_MM, held_out=True)
    result = run_study(
        lambda: (Study(case_id="x", series=(), tracer=None), images_of(phantom)),
        _segmenters()[0],
        facts=facts_from(clinical_facts(phantom)),
        settings=as_set(settings),
    )
    return phantom, result


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
    state = state_of_things()
    measure_missing(files, state, options.jobs)
    cases = [json.loads(file.read_text("utf-8")) for file in files]
    spent = np.mean([case["processor_s"] for case in cases])
    print(f"{len(cases)} phantoms from seed {FIRST_SEED}, {SPACING_MM:g} mm; "
          f"{spent:.0f} s of a core each; state {state}\n")  # fmt: skip
    print_card(cases, SEGMENTERS)
    if options.pictures:
        draw_worst(cases, SEGMENTERS[0], run_again, options.pictures)


if __name__ == "__main__":
    main()
