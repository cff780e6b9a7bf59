"""summary.json: a FHIR R5 Bundle with report, study and observations. It names no patient."""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydicom.sr.coding import Code

from oligocount.domain.result import Result
from oligocount.publish.dicom.lesions import reported_lesions
from oligocount.publish.fhir.elements import (
    OWN,
    Json,
    concept,
    identifier,
    instant,
    note,
    reference,
)
from oligocount.publish.fhir.observations import (
    count_observation,
    lesion_observation,
    verdict_observation,
)

_PET = Code("44136-0", "LN", "PET unspecified body region")
_NAMESPACE = uuid.UUID("6f1d6f9e-2f0c-5d6e-9a55-6e1d1f0f7a11")  # fixed, of our own
_MODALITIES = {"PT": "Positron emission tomography", "CT": "Computed Tomography",
               "MR": "Magnetic Resonance"}  # fmt: skip


def summary_bundle(document: Mapping[str, Any], result: Result, now: datetime) -> Json:
    """The bundle, ready for JSON. The same case under the same settings has the same urls.

    The patient is a resource with the case's pseudonym and nothing else. A statement of ours is
    preliminary: a clinician decides.
    """
    version = [document["case_id"], document["provenance"]["settings_digest"]]
    if "reader" in document:  # another version is another resource
        version.append(json.dumps(document["reader"], sort_keys=True))
    entries = _Entries(" ".join(version))
    patient = entries.add("patient", _patient(document["case_id"]))
    device = entries.add("device", _device(document["provenance"]))
    study = entries.add("study", {**_study(document["inputs"]["series"]), "subject": patient})
    shared = {
        "status": "preliminary", "subject": patient, "device": device, "derivedFrom": [study],
        "effectiveDateTime": instant(now),
    }  # fmt: skip
    observations = [
        entries.add(name, {"resourceType": "Observation", **shared, **each})
        for name, each in _observations(document, result)
    ]
    entries.add("report", _report(document, patient, study, observations, now))
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": instant(now),
        "entry": [{"fullUrl": url, "resource": one} for url, one in entries.found.items()],
    }


class _Entries:
    """The resources of one bundle by their urls."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self.found: dict[str, Json] = {}

    def add(self, name: str, resource: Json) -> Json:
        """Keep the resource; returns the reference to it."""
        url = f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{self.seed} {name}')}"
        self.found[url] = resource
        return reference(resource, url)


def _observations(document: Mapping[str, Any], result: Result) -> list[tuple[str, Json]]:
    entry = {each["id"]: each for each in document["lesions"]}
    structures = result.anatomy.structures
    return [
        ("counts", count_observation(document["counts"])),
        *(
            (f"verdict {name}", verdict_observation(name, each))
            for name, each in document["verdicts"].items()
        ),
        *(
            (
                f"lesion {each.lesion.id}",
                lesion_observation(each, entry[each.lesion.id], structures),
            )
            for each in reported_lesions(result)
        ),
    ]


def _patient(case_id: str) -> Json:
    return {
        "resourceType": "Patient",
        "identifier": [{"system": f"{OWN}:case", "value": case_id}],
    }


def _device(provenance: Mapping[str, Any]) -> Json:
    models = [f"{each['name']} {each['version']}" for each in provenance["models"]]
    return {
        "resourceType": "Device",
        "manufacturer": "oligocount",
        "modelNumber": "oligocount",
        "version": [{"value": provenance["oligocount"]}],
        "note": note(["Research use only.", f"Models: {', '.join(models)}."]),
    }


def _study(series: list[Mapping[str, Any]]) -> Json:
    return {
        "resourceType": "ImagingStudy",
        "status": "available",
        "series": [
            {
                "uid": identifier(each["uid"]),
                "modality": concept(
                    Code(
                        each["modality"], "DCM", _MODALITIES.get(each["modality"], each["modality"])
                    )
                ),
                "numberOfInstances": each["n_instances"],
            }
            for each in series
            if each["chosen"]
        ],
    }


def _report(
    document: Mapping[str, Any], patient: Json, study: Json, observations: list[Json], now: datetime
) -> Json:
    verdicts = [f"{name}: {each['decision']}" for name, each in document["verdicts"].items()]
    counts = document["counts"]
    doubts = [*document["caveats"], *document["inputs"]["suv"]["caveats"]]
    return {
        "resourceType": "DiagnosticReport",
        "status": "preliminary",
        "code": concept(_PET, text="Lesion count and oligometastasis definitions"),
        "subject": patient,
        "effectiveDateTime": instant(now),
        "issued": instant(now),
        "study": [study],
        "result": observations,
        "conclusion": f"N = {counts['N']} ({counts['N_low']} to {counts['N_high']} over all "
        f"readings). {'; '.join(verdicts)}. Research use; a clinician decides.",
        "note": note(f"{each['code']}: {each['text']}" for each in doubts),
    }
