"""The organ map with all that follows from it: meanings, landmarks, stations."""

import numpy as np
from scipy import ndimage

from oligocount.anatomy.conduit import CONDUIT_CAVEAT, find_conduit, with_conduit
from oligocount.anatomy.drawing import Drawing
from oligocount.anatomy.frame import axial_frame, to_frame, volume_to_frame
from oligocount.anatomy.landmarks import find_landmarks
from oligocount.anatomy.outline import body_from_ct, body_from_pet
from oligocount.anatomy.sides import midline_mm
from oligocount.anatomy.station_table import load_station_table
from oligocount.anatomy.stations import draw_stations
from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.domain.anatomy import Anatomy, Landmark, OrganMap
from oligocount.domain.provenance import Caveat
from oligocount.domain.study import AlignedImages
from oligocount.geometry.resample import resample_labels
from oligocount.settings_anatomy import AnatomySettings

_FRAME = ("esophagus", "trachea", "aorta", "lung", "vertebrae")


def map_anatomy(organs: OrganMap, images: AlignedImages, settings: AnatomySettings) -> Anatomy:
    """The anatomy of one patient on the PET grid.

    Stations are drawn only where the map draws enough to hang them on (two of oesophagus,
    trachea, aorta, lungs, spine); otherwise `stations` is None and a caveat says so.
    """
    drawing = draw_organs(organs, images, settings)
    marks = find_landmarks(drawing)
    tube = find_conduit(drawing, marks, settings.conduit)
    if tube is not None:
        drawing = with_conduit(drawing, tube)
        marks = find_landmarks(drawing)
    vocabulary, table = load_vocabulary(), load_station_table()
    drawn = [stem for stem in _FRAME if drawing.has(stem)]
    caveats = [*organs.caveats, *_unsure(marks, settings)]
    caveats += [] if tube is None else [CONDUIT_CAVEAT]
    stations = None
    if len(drawn) >= settings.stations_min_structures:
        stations = resample_labels(
            draw_stations(_trunk(drawing, marks), marks, table), images.suv.geometry
        )
    else:
        text = "nodal stations need two of oesophagus, trachea, aorta, lungs and spine; drawn: "
        caveats.append(Caveat(code="NO_STATIONS", text=text + (", ".join(drawn) or "none")))
    return Anatomy(
        organs=organs,
        landmarks=marks,
        stations=stations,
        station_entries=table.entries,
        structures={name: vocabulary.structure(name) for name in organs.labels.names.values()},
        caveats=tuple(caveats),
    )


def draw_organs(organs: OrganMap, images: AlignedImages, settings: AnatomySettings) -> Drawing:
    """The organ map on its axial frame; the outline from density or uptake where none is drawn."""
    frame = axial_frame(organs.labels.geometry, midline_mm(organs.labels))
    labels = to_frame(organs.labels, frame)
    if "body" in organs.known:
        body = labels.array > 0
    elif images.ct is not None:
        hu = volume_to_frame(images.ct, frame, outside=-1024.0).array
        body = body_from_ct(hu, frame, settings.outline) | (labels.array > 0)
    else:
        suv = volume_to_frame(images.suv, frame, outside=0.0).array
        body = body_from_pet(suv, frame, settings.outline) | (labels.array > 0)
    filled = np.stack([ndimage.binary_fill_holes(one) for one in body])
    return Drawing(labels, frame, filled, organs.confidence)


def _trunk(drawing: Drawing, marks: dict[str, Landmark]) -> Drawing:
    """The drawing from below the groin to the skull base."""
    low, high = marks.get("z_femur_top"), marks.get("z_cricoid")
    return drawing.cropped(
        low.value_mm - 120.0 if low else -np.inf, high.value_mm + 130.0 if high else np.inf
    )


def _unsure(marks: dict[str, Landmark], settings: AnatomySettings) -> tuple[Caveat, ...]:
    weak = sorted(m.name for m in marks.values() if m.confidence < settings.landmark_min_confidence)
    if not weak:
        return ()
    return (
        Caveat(
            code="LANDMARKS_UNSURE",
            text="levels found only by fall-back rules: " + ", ".join(weak),
        ),
    )
