"""The part of the body that an MR was planned for: body part, anatomic region, size, words."""

import re
from collections.abc import Sequence

import numpy as np

from oligocount.domain.mr import MrRegion, MrSequence
from oligocount.intake.headers import Header

_PARTS = (
    (MrRegion.WHOLE_BODY, re.compile(r"whole ?body", re.IGNORECASE)),
    (MrRegion.BRAIN, re.compile(r"head|brain|skull|cerebr|neuro", re.IGNORECASE)),
    (MrRegion.LIVER, re.compile(r"liver|abdomen|abd\b|upper ?abd", re.IGNORECASE)),
    (MrRegion.OTHER, re.compile(
        r"spine|neck|chest|thorax|pelvi|prost|extremity|leg|thigh|knee|foot|ankle|arm|hand|wrist"
        r"|elbow|shoulder|hip|breast|heart|femur|orbit|pituitar", re.IGNORECASE)),
)  # fmt: skip
_WORDS = (
    (MrRegion.WHOLE_BODY, re.compile(r"\b(whole ?body|wb|ganzk\w*)\b", re.IGNORECASE)),
    (MrRegion.BRAIN, re.compile(
        r"\b(head|brain|skull|neuro\w*|kopf|sch(ä|ae)del|hirn|cerebr\w*|cr(a|â)n\w*)\b"
        r"|mp-?rage|bravo", re.IGNORECASE)),
    (MrRegion.LIVER, re.compile(
        r"\b(liver|leber|hepat\w*|foie|abd\w*|oberbauch)\b|vibe|lava|thrive", re.IGNORECASE)),
    (MrRegion.OTHER, re.compile(
        r"\b(spine|neck|chest|thorax|pelvis|prostat\w*|thigh|leg|knee|hip|shoulder|breast|heart"
        r"|cardiac|orbit\w*)\b", re.IGNORECASE)),
)  # fmt: skip
_WHOLE_BODY_MM = 700.0


def region_of(headers: Sequence[Header], sequence: MrSequence) -> tuple[MrRegion | None, str]:
    """The region, None where nothing says it, and by what."""
    first = headers[0]
    stated = _match(_PARTS, first.mr.body_part or "")
    worded = _match(_WORDS, first.words) or _match(_WORDS, first.mr.study_words)
    length_mm = _height_mm(headers)
    if length_mm >= _WHOLE_BODY_MM:
        return MrRegion.WHOLE_BODY, f"{length_mm:.0f} mm from head to foot"
    if stated:
        aside = worded and worded is not stated
        why = f", though words say {worded.value.replace('_', ' ')}" if worded and aside else ""
        return stated, f"region by (0018,0015) Body Part Examined{why}"
    if worded:
        return worded, "region by its description"
    if sequence is MrSequence.FLAIR:
        return MrRegion.BRAIN, "brain: a fluid-attenuated sequence is one of the brain"
    return None, "region not stated"


def _match(table: tuple[tuple[MrRegion, re.Pattern[str]], ...], text: str) -> MrRegion | None:
    return next((region for region, words in table if words.search(text)), None)


def _height_mm(headers: Sequence[Header]) -> float:
    """How far the frames reach along the body; 0 where they do not say where they lie."""
    first = headers[0]
    if len(first.orientation) != 6 or len(first.pixel_spacing) != 2:
        return 0.0
    rows, columns = int(first.rows or 0), int(first.columns or 0)
    row, column = np.array(first.orientation[:3]), np.array(first.orientation[3:])
    in_plane = abs(column[2]) * rows * first.pixel_spacing[0]
    in_plane += abs(row[2]) * columns * first.pixel_spacing[1]
    places = [one.position[2] for one in headers if len(one.position) == 3]
    return float(in_plane + (max(places) - min(places) if places else 0.0))
