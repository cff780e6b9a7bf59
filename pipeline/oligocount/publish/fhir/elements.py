"""The small parts that FHIR resources are made of, as plain JSON values."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydicom.sr.coding import Code

Json = dict[str, Any]
OWN = "urn:oligocount"  # systems of our own: counts, definitions, decisions
UCUM = "http://unitsofmeasure.org"
_SYSTEMS: Mapping[str, str] = {
    "SCT": "http://snomed.info/sct",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "LN": "http://loinc.org",
}
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def concept(*codes: Code | None, text: str | None = None) -> Json:
    """A CodeableConcept of the codes that there are, with the words that a person reads."""
    found = [_coding(each) for each in codes if each is not None]
    return {**({"coding": found} if found else {}), **({"text": text} if text else {})}


def own_concept(kind: str, code: str, text: str) -> Json:
    """A concept of one of our own systems (`count`, `definition`, `decision`)."""
    return {"coding": [{"system": f"{OWN}:{kind}", "code": code, "display": text}], "text": text}


def quantity(value: float, unit: str) -> Json:
    """A value with its UCUM unit."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def reference(resource: Mapping[str, Any], url: str) -> Json:
    """A reference to another entry of the bundle."""
    return {"reference": url, "type": resource["resourceType"]}


def note(texts: Iterable[str]) -> list[Json]:
    """Annotations, one a text that says anything."""
    return [{"text": text} for text in texts if text]


def instant(now: datetime) -> str:
    """A moment with its time zone, to the second."""
    return now.isoformat(timespec="seconds")


def identifier(text: str) -> str:
    """The text where FHIR takes it for an id (as every UID); its digest where not."""
    return text if _ID.fullmatch(text) else hashlib.sha256(text.encode()).hexdigest()


def _coding(code: Code) -> Json:
    return {
        "system": _SYSTEMS[code.scheme_designator],
        "code": code.value,
        "display": code.meaning,
    }
