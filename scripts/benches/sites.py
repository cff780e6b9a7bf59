"""Sites of true lesions on phantoms of anatomies that no training saw: how many are right.

The phantom's own lesion masks are located twice: with its true organ map, which measures the
rules, and with the network `organs_ct`, which measures rules and network together. `right` is
strict; `told` also takes a site that the count reads as the other branch of a frontier.
`--every-site` lays one lesion at each station and in each organ instead of a usual patient's.

Each focus goes in with the chance that the lesion network `fdg_lesions` gives to the focus which it
finds there, and with none where it finds nothing. A lesion that it would dismiss as no lesion goes
in with none too, so that its site is measured all the same; how many those are is said. Rules
that ask the model (normal uptake that it holds for a lesion is a doubt) thus see what they see in
a real run, and a mimic that it dismisses is gone.

  scripts/bench sites --cases 40
  scripts/bench sites --cases 5 --first-seed 971000 --every-site --confusion
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from oligocount import locate
from oligocount.anatomy import map_anatomy
from oligocount.anatomy.choose import load_organ_mapper
from oligocount.anatomy.labelmap import GivenMap
from oligocount.anatomy.station_table import load_station_table
from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.config import load_settings
from oligocount.count.readings import read_findings
from oligocount.domain.anatomy import OrganMap, Side
from oligocount.domain.census import Role
from oligocount.domain.facts import ClinicalFacts, PrimaryStatus
from oligocount.domain.lesion import Finding, Kind, LesionMap, LocatedLesion, Status
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import LabelMap
from oligocount.errors import ConfigError
from oligocount.learn.intervals import wilson
from oligocount.segment.choose import load_segmenter
from oligocount.settings import Settings
from oligocount.simulate.grids import Extent
from oligocount.simulate.phantom import LesionTruth, Phantom, simulate
from oligocount.simulate.sites import DISTANT_STATIONS, ORGAN_SITES, REGIONAL
from oligocount.simulate.wanted import Wanted, read_wanted

FIRST_SEED = 970_000  # not those that the rules were tuned on
SPACING_MM = 4.0
_MODEL = ModelInfo(name="truth", version="1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One true focus beside what it was taken for. `told`: the truth is among the readings.

    `is_misplaced`: a node that the simulator laid inside an organ, where by the stations' own
    first rule (60 % of it in an organ) it is no node. `chance`: what the lesion network gives it;
    None: it finds nothing there. `is_contested`: the rules hold it for normal uptake, the network
    for a lesion.
    """

    seed: int
    map: str
    id: int
    truth: str
    said: str
    kind: str
    is_organ: bool
    is_class: bool
    is_station: bool
    is_side: bool | None
    is_told: bool
    is_misplaced: bool
    chance: float | None
    is_contested: bool
    status: str
    lesion_ml: float
    point_lps_mm: tuple[float, float, float]
    reason: str


def main() -> None:
    """Print accuracies with 95 % intervals, and the confusion where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--maps", nargs="+", default=["true", "predicted"])
    parser.add_argument("--every-site", action="store_true")
    parser.add_argument("--confusion", action="store_true", help="each kind of mistake")
    parser.add_argument("--out", type=Path, help="write every row there as JSON lines")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    seeds = range(asked.first_seed, asked.first_seed + asked.cases)
    rows = list(measure(seeds, asked.maps, every_site=asked.every_site))
    if asked.out:
        asked.out.write_text("".join(json.dumps(asdict(row)) + "\n" for row in rows), "utf-8")
    for name in asked.maps:
        mine = [row for row in rows if row.map == name]
        report(name, mine, least=load_settings().locate.benign_max_probability)
        if asked.confusion:
            confusion(mine)


def measure(seeds: Iterable[int], maps: Sequence[str], *, every_site: bool) -> Iterator[Row]:
    """Rows of every phantom, with each of the maps."""
    settings = load_settings()
    network = load_organ_mapper("organs_ct", settings.anatomy, "cpu")
    lesions = load_segmenter("fdg_lesions", settings.segment, device="cpu")
    for seed in seeds:
        phantom = laid(seed, every_site=every_site)
        images = AlignedImages(suv=phantom.pet, ct=phantom.ct)
        for name in maps:
            own = GivenMap(given=phantom.organs, model=_MODEL)
            organs = (own if name == "true" else network)(images)
            found = lesions(images, organs)
            yield from located_rows(phantom, images, organs, found, name, settings)


def laid(seed: int, *, every_site: bool) -> Phantom:
    """A held-out phantom; with a lesion at each site that finds room, where asked."""
    if not every_site:
        return simulate(seed, spacing_mm=SPACING_MM, held_out=True)
    names = [*REGIONAL, *DISTANT_STATIONS, *(row.organ for row in ORGAN_SITES)]
    wanted = list(read_wanted(",".join(["primary", *names])))
    while True:
        try:
            return simulate(
                seed, spacing_mm=SPACING_MM, held_out=True, extent=Extent.WHOLE_BODY,
                wanted=tuple(wanted),
            )  # fmt: skip
        except ConfigError as error:
            wanted = without_roomless(wanted, str(error))


def without_roomless(wanted: list[Wanted], message: str) -> list[Wanted]:
    """The wanted lesions without the one that an error names."""
    left = [each for each in wanted if f"no room for {each.name} " not in message]
    if len(left) == len(wanted):
        raise SystemExit(message)
    return left


def located_rows(
    phantom: Phantom,
    images: AlignedImages,
    organs: OrganMap,
    found: LesionMap,
    name: str,
    settings: Settings,
) -> Iterator[Row]:
    """Every true focus, mimics too, located on one organ map."""
    chances = chances_of(phantom, found)
    foci = true_foci(phantom, chances, settings.locate.benign_max_probability)
    anatomy = map_anatomy(organs, images, settings.anatomy)
    measured = locate.measure(foci, images.suv)
    facts = facts_of(phantom)
    located = locate.locate(foci, measured, anatomy, images, facts, settings.locate)
    truths = {one.id: one for one in phantom.truth}
    for one in located:
        truth = truths[one.lesion.id]
        row = compared(phantom.seed, name, truth, one, facts, settings)
        placed = is_misplaced(phantom, truth)
        yield replace(row, is_misplaced=placed, chance=chances.get(truth.id))


def is_misplaced(phantom: Phantom, truth: LesionTruth) -> bool:
    """Whether most of a true node lies in one organ of the true map."""
    if truth.kind is not Kind.NODE:
        return False
    inside = phantom.organs.array[phantom.lesions.array == truth.id]
    vocabulary = load_vocabulary()
    organs = [vocabulary.structure(phantom.organs.names[int(n)]).organ for n in inside if n]
    counts = Counter(organ for organ in organs if organ not in (None, "soft_tissue", "oesophagus"))
    return bool(counts) and max(counts.values()) >= 0.6 * inside.size


def true_foci(
    phantom: Phantom, chances: Mapping[int, float | None], dismissed_below: float
) -> LesionMap:
    """Lesions and, where no lesion covers them, mimics, as a segmenter would hand them on."""
    array = focus_array(phantom)
    labels = LabelMap(array=array, names={}, geometry=phantom.pet.geometry)
    lesions = {one.id for one in phantom.truth if one.kind is not Kind.PHYSIOLOGIC}
    given = {
        label: None if label in lesions and (chances.get(label) or 0.0) < dismissed_below
        else chances.get(label)
        for label in np.unique(array[array > 0]).tolist()
    }  # fmt: skip
    return LesionMap(labels=labels, probability=given, model=_MODEL)


def chances_of(phantom: Phantom, found: LesionMap) -> dict[int, float | None]:
    """The chance of the found focus that shares most with each true one; None: nothing found."""
    array = focus_array(phantom)
    chances: dict[int, float | None] = {}
    for label in np.unique(array[array > 0]).tolist():
        there = np.bincount(found.labels.array[array == label])
        there[0] = 0
        chances[label] = found.probability.get(int(there.argmax())) if there.any() else None
    return chances


def focus_array(phantom: Phantom) -> NDArray[np.int32]:
    """Numbers of the true foci: lesions before mimics."""
    lesions, mimics = phantom.lesions.array, phantom.mimics.array
    return np.where(lesions > 0, lesions, mimics).astype(np.int32)


def facts_of(phantom: Phantom) -> ClinicalFacts:
    """What a clinician would certainly state: whether the oesophagus was removed."""
    is_resected = "gastric_conduit" in phantom.description
    return ClinicalFacts(primary_status=PrimaryStatus.RESECTED if is_resected else None)


def compared(
    seed: int, name: str, truth: LesionTruth, one: LocatedLesion, facts: ClinicalFacts,
    settings: Settings,
) -> Row:  # fmt: skip
    """The truth beside what was said of it."""
    site, finding = one.finding.site, one.finding
    key = station_key(truth)
    is_node = truth.kind is Kind.NODE and finding.kind is Kind.NODE
    side = side_of(truth)
    sides = {side.value if side else None, site.side.value if site.side else None}
    return Row(
        seed=seed,
        map=name,
        id=truth.id,
        truth=key or truth.structure if truth.kind is Kind.NODE else truth.organ or truth.structure,
        said=said_of(finding),
        kind=truth.kind.value,
        is_organ=is_right_organ(truth, finding),
        is_class=is_node and site.nodal_class is truth.nodal_class,
        is_station=is_node and site.station is not None and site.station.key == key,
        is_side=None if not sides <= {"L", "R"} else len(sides) == 1,
        is_told=is_told(truth, finding, facts, settings),
        is_misplaced=False,
        chance=None,
        is_contested=any(each.code == "NORMAL_OR_LESION" for each in one.caveats),
        status=finding.status.value,
        lesion_ml=round(one.lesion.volume_ml, 2),
        point_lps_mm=one.lesion.centroid_lps_mm,
        reason=one.reason,
    )


def is_right_organ(truth: LesionTruth, finding: Finding) -> bool:
    """The kind of site: primary, node, or the organ that counting goes by; normal for a mimic."""
    if truth.kind is Kind.PHYSIOLOGIC:
        return finding.status is not Status.MALIGNANT
    if truth.kind is Kind.ORGAN:
        return finding.kind is Kind.ORGAN and finding.site.organ == truth.organ
    return finding.kind is truth.kind


def is_told(truth: LesionTruth, finding: Finding, facts: ClinicalFacts, settings: Settings) -> bool:
    """The truth is one of the readings that go to the count."""
    if truth.kind in (Kind.PRIMARY, Kind.PHYSIOLOGIC):
        return is_right_organ(truth, finding)
    options = [o for r in read_findings([finding], facts, settings.count) for o in r.options if o]
    if truth.kind is Kind.ORGAN:
        return any(o.role is Role.ORGAN and o.organ == truth.organ for o in options)
    regional = truth.nodal_class is not None and truth.nodal_class.value == "regional"
    wanted = Role.REGIONAL if regional else Role.STATION
    return any(option.role is wanted for option in options)


def side_of(truth: LesionTruth) -> Side | None:
    """A node's side is its station's: 1L is left of the trachea, wherever the trachea lies."""
    if truth.kind is not Kind.NODE:
        return truth.side
    entry = load_station_table().entries.get(truth.station or "")
    return entry.side if entry else None


def station_key(truth: LesionTruth) -> str | None:
    """The counting name of a true station (the simulator's own names differ for a few)."""
    if truth.station is None:
        return None
    entries = load_station_table().entries
    name = {"JES10": "10spl"}.get(truth.station, truth.station)
    return entries[name].station.key if name in entries else name


def said_of(finding: Finding) -> str:
    """A site in one word."""
    site = finding.site
    word = site.station.key if site.station else site.organ or "unknown"
    return f"normal {word}" if finding.kind is Kind.PHYSIOLOGIC else word


def report(name: str, rows: Sequence[Row], *, least: float) -> None:
    """Accuracies over organ lesions, nodes, primaries and mimics.

    Those that the lesion network gives a chance of `least` and more stand apart: the others never
    get a site in a real run.
    """
    nodes = [row for row in rows if row.kind == "node"]
    organs = [row for row in rows if row.kind == "organ"]
    lesions = [row for row in rows if row.kind != "physiologic"]
    free = [row for row in nodes if not row.is_misplaced]
    seen = [row for row in nodes if (row.chance or 0.0) >= least]
    mimics = [row for row in rows if row.kind == "physiologic"]
    seen_organs = [row for row in organs if (row.chance or 0.0) >= least]
    print(f"{name} map: {len({row.seed for row in rows})} phantoms")
    for title, values in (
        ("organ of organ lesions", [row.is_organ for row in organs]),
        ("  told", [row.is_told for row in organs]),
        ("node called node", [row.is_organ for row in nodes]),
        ("regional or not", [row.is_class for row in nodes]),
        ("  told", [row.is_told for row in nodes]),
        ("station", [row.is_station for row in nodes]),
        ("class of those in no organ", [row.is_class for row in free]),
        ("side", [row.is_side for row in lesions if row.is_side is not None]),
        ("primary", [row.is_organ for row in rows if row.kind == "primary"]),
        ("lesion kept", [not row.said.startswith("normal") for row in lesions]),
        ("mimic gone or doubted", [row.is_organ for row in mimics]),
        ("of those the network finds:", []),
        ("  organ of organ lesions", [row.is_organ for row in seen_organs]),
        ("  node called node", [row.is_organ for row in seen]),
        ("  regional or not", [row.is_class for row in seen]),
        ("  told", [row.is_told for row in seen]),
        ("  station", [row.is_station for row in seen]),
        ("  mimic gone or doubted", [row.is_organ for row in mimics if row.chance is not None]),
    ):
        if title.endswith(":"):
            print(f"  {title}")
        elif values:
            low, high = wilson(sum(values), len(values)) or (0.0, 1.0)
            share = sum(values) / len(values)
            print(f"  {title:<27}{share:6.3f}  ({low:.2f}-{high:.2f})  of {len(values)}")
    contested = [row for row in rows if row.is_contested]
    true = sum(row.kind != "physiologic" for row in contested)
    dismissed = sum(row.chance is not None and row.chance < least for row in lesions)
    print(f"  dismissed by the lesion network: {dismissed} lesions")
    print(f"  normal or lesion, in doubt: {true} lesions, {len(contested) - true} mimics")


def confusion(rows: Sequence[Row]) -> None:
    """Mistakes by truth, the commonest first."""
    for title, wrong in (
        (
            "organ lesions and primaries",
            lambda r: r.kind in ("organ", "primary") and not r.is_organ,
        ),
        ("nodes of wrong class", lambda r: r.kind == "node" and not r.is_class),
        ("nodes of right class, wrong station", lambda r: r.is_class and not r.is_station),
        ("mimics taken for lesions", lambda r: r.kind == "physiologic" and not r.is_organ),
    ):
        pairs = Counter((row.truth, row.said) for row in rows if wrong(row))
        total = Counter(row.truth for row in rows)
        print(f"  {title}: {sum(pairs.values())}")
        for (truth, said), count in pairs.most_common(40):
            print(f"    {truth:<18} as {said:<22} {count} of {total[truth]}")


if __name__ == "__main__":
    main()
