"""Edits applied one after the other to a case's lesions and their voxels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.volume import Geometry
from oligocount.errors import ConfigError
from oligocount.recount import voxels
from oligocount.recount.edits import Edit
from oligocount.recount.sites import kind_of, named_site
from oligocount.recount.voxels import Labels

_PLAIN = ("side", "lobe", "status", "treatable", "diffuse", "n_nodes", "nodal_class")
_CERTAIN = {"probability": None, "set_aside": None}  # a reader's word is no model's

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What edits need to know beside the lesions; `read_mask` gives a mask file's labels."""

    facts: ClinicalFacts
    staging_system: str
    treatable: bool | None
    geometry: Geometry
    read_mask: Callable[[str], Labels]
    site_at: Callable[[Labels, int], Entry]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draft:
    """Lesions by id as entries of result.json, their voxels, and those to be measured again."""

    lesions: Mapping[int, Entry]
    labels: Labels
    changed: frozenset[int] = field(default_factory=frozenset)

    def next_id(self) -> int:
        """An id that no lesion has or had."""
        return max((*self.lesions, int(self.labels.max(initial=0))), default=0) + 1


def apply_edits(draft: Draft, edits: tuple[Edit, ...], reader: Reader) -> Draft:
    """The draft after every edit. Raises ConfigError, and nothing is kept, when one cannot be."""
    for edit in edits:
        where = f"edit {edit.number} ({edit.verb})"
        missing = [each for each in edit.lesions if each not in draft.lesions]
        if missing:
            known = ", ".join(map(str, sorted(draft.lesions))) or "none"
            raise ConfigError(f"{where}: no lesion {missing[0]}; lesions: {known}")
        draft = _VERBS[edit.verb](draft, edit, reader, where)
    return draft


def _accept(draft: Draft, edit: Edit, _: Reader, __: str) -> Draft:
    entry = draft.lesions[edit.lesions[0]]
    kind = kind_of(entry["organ"]) if entry["kind"] == "physiologic" else entry["kind"]
    return _changed(draft, edit.lesions[0], {**_decided("malignant"), "kind": kind})


def _reject(draft: Draft, edit: Edit, _: Reader, __: str) -> Draft:
    return _changed(draft, edit.lesions[0], _decided("benign"))


def _relabel(draft: Draft, edit: Edit, reader: Reader, where: str) -> Draft:
    return _changed(draft, edit.lesions[0], _told(edit, reader, where))


def _merge(draft: Draft, edit: Edit, _: Reader, where: str) -> Draft:
    first, *others = edit.lesions
    beyond = [each for each in edit.lesions if draft.lesions[each]["suv_max"] is None]
    if beyond:
        raise ConfigError(f"{where}: lesion {beyond[0]} lies beyond the PET: reject one instead")
    gone = {each: draft.lesions[each] for each in others}
    kept = {number: entry for number, entry in draft.lesions.items() if number not in gone}
    kept[first] = {**kept[first], **_measured_together([kept[first], *gone.values()])}
    return replace(
        draft,
        lesions=kept,
        labels=voxels.merged(draft.labels, edit.lesions),
        changed=(draft.changed | {first}) - set(others),
    )


def _split(draft: Draft, edit: Edit, reader: Reader, where: str) -> Draft:
    lesion, points = edit.lesions[0], tuple(map(tuple, edit.told["at_lps_mm"]))
    new_ids = tuple(range(draft.next_id(), draft.next_id() + len(points) - 1))
    labels = voxels.split(
        draft.labels, lesion, points, new_ids=new_ids, geometry=reader.geometry, where=where
    )
    pieces = {number: {**draft.lesions[lesion], "id": number} for number in new_ids}
    return replace(
        draft,
        lesions={**draft.lesions, **pieces},
        labels=labels,
        changed=draft.changed | {lesion, *new_ids},
    )


def _add(draft: Draft, edit: Edit, reader: Reader, where: str) -> Draft:
    new_id = draft.next_id()
    labels = voxels.sphere(
        draft.labels,
        tuple(edit.told["add"]),
        float(edit.told["radius_mm"]),
        new_id=new_id,
        geometry=reader.geometry,
        where=where,
    )
    entry = {**_new_entry(new_id, reader), **_told(edit, reader, where)}
    return replace(
        draft,
        lesions={**draft.lesions, new_id: entry},
        labels=labels,
        changed=draft.changed | {new_id},
    )


def _mask(draft: Draft, edit: Edit, reader: Reader, __: str) -> Draft:
    """Lesions that the mask leaves out are rejected and keep their voxels' place in the list."""
    drawn = reader.read_mask(edit.told["mask"])
    pairs = voxels.matched(draft.labels, drawn)
    lesions = {
        number: entry if number in pairs.values() else {**entry, **_decided("benign")}
        for number, entry in draft.lesions.items()
    }
    labels = np.where(np.isin(draft.labels, list(_drawn_again(pairs))), 0, draft.labels)
    changed = set(draft.changed)
    new_id = draft.next_id()
    for mine, theirs in pairs.items():
        number = theirs or new_id
        if theirs is None:
            site = reader.site_at(drawn, mine)
            lesions[number] = {**_new_entry(number, reader), **site}
            new_id += 1
        labels[drawn == mine] = number
        changed.add(number)
    left = set(np.unique(labels).tolist())
    kept = {number: entry for number, entry in lesions.items() if number in left}
    return replace(draft, lesions=kept, labels=labels, changed=frozenset(changed & set(kept)))


def _drawn_again(pairs: Mapping[int, int | None]) -> set[int]:
    return {each for each in pairs.values() if each is not None}


_VERBS: Mapping[str, Callable[[Draft, Edit, Reader, str], Draft]] = {
    "accept": _accept,
    "reject": _reject,
    "relabel": _relabel,
    "merge": _merge,
    "split": _split,
    "add": _add,
    "mask": _mask,
}


def _changed(draft: Draft, lesion: int, fields: Mapping[str, Any]) -> Draft:
    entry = {**draft.lesions[lesion], **fields}
    return replace(draft, lesions={**draft.lesions, lesion: entry})


def _decided(status: str) -> Entry:
    return {"status": status, **_CERTAIN}


def _told(edit: Edit, reader: Reader, where: str) -> Entry:
    """The fields that the edit names: a site, then what it says of it."""
    site = named_site(edit.told, reader.facts, system=reader.staging_system, where=where)
    plain = {name: _known(edit.told[name]) for name in _PLAIN if name in edit.told}
    decided = _CERTAIN if "status" in edit.told else {}
    return {**site, **plain, **decided}


def _known(value: Any) -> Any:
    return None if value == "unknown" else value


def _new_entry(number: int, reader: Reader) -> Entry:
    stated = reader.facts.other.get("all_lesions_treatable", reader.treatable)
    return {
        "id": number,
        **_decided("malignant"),
        "organ_overlap": None,
        "runner_up": None,
        "station_margin_mm": None,
        "n_nodes": 1,
        "diffuse": False,
        "treatable": stated if isinstance(stated, bool) else None,
        "evidence": "drawn by the reader",
        "modality": ["PT"],
        "mr": None,
        "caveats": [],
    }


def _measured_together(parts: list[Entry]) -> Entry:
    """Uptake of several lesions as one; place and diameter follow from the voxels."""
    volume = sum(each["volume_ml"] for each in parts)
    tlg = sum(each["tlg"] for each in parts)
    peaks = [each["suv_peak"] for each in parts if each["suv_peak"] is not None]
    return {
        "volume_ml": volume,
        "mtv_ml": sum(each["mtv_ml"] for each in parts),
        "tlg": tlg,
        "suv_max": max(each["suv_max"] for each in parts),
        "suv_peak": max(peaks) if len(peaks) == len(parts) else None,
        "suv_mean": tlg / volume if volume else 0.0,
        "n_nodes": sum(each["n_nodes"] for each in parts),
    }
