"""report.html: one self-contained page, drawn from the document of result.json and the images."""

from collections.abc import Mapping
from typing import Any

from oligocount.domain.result import Result
from oligocount.publish.count_axis import count_axis
from oligocount.publish.first_look import COLUMNS, answer_rows, first_lesions
from oligocount.publish.markers import MARGIN_PX, label_px, placed
from oligocount.publish.middles import middles
from oligocount.publish.pages import described, environment, phrasebook, read_strings
from oligocount.publish.pictures import dark_on_white, jpeg_uri
from oligocount.publish.projections import Projection, project
from oligocount.publish.thumbnails import strip_size, thumbnail_uris
from oligocount.settings import PublishSettings

_GROUPS = ("counted", "regional", "primary", "equivocal", "not_counted", "physiologic")
_LATERAL_DEG = 90.0
_WAYS = (("R", "L"), ("A", "P"), ("L", "R"), ("P", "A"))  # left and right of a quarter turn's view
_LEAD_GAP_PX = 6.0


def render_report(document: Mapping[str, Any], result: Result, settings: PublishSettings) -> str:
    """The page as HTML, in the language of the settings; it needs no other file and no network.

    Raises ConfigError for a language without strings.
    """
    words = read_strings(settings.language)
    book = phrasebook(settings.language, words)
    at = middles(result)
    lesions = [
        {**described(each, words, book), "centroid_lps_mm": at[each["id"]]}
        for each in document["lesions"]
    ]
    return environment(words, book).get_template("report.html.j2").render(
        doc=document,
        t=words,
        groups=[name for name in _GROUPS if any(each["group"] == name for each in lesions)],
        has_viewer=bool(settings.viewer.max_voxels),
        lesions=[each for each in lesions if each["group"] != "physiologic"],
        physiologic=[each for each in lesions if each["group"] == "physiologic"],
        columns=COLUMNS,
        answers=answer_rows(document["verdicts"]),
        first=first_lesions(document, lesions),
        axis=count_axis(document),
        interval=document.get("count_interval"),
        holds=(document.get("count_interval") or {}).get("verdicts", {}),
        doubts=_doubts(document),
        missing=_missing(document),
        told={name: value for name, value in document["clinical"].items() if value is not None},
        strips=thumbnail_uris(result, at, settings),
        strip_size=strip_size(settings.thumbnails),
        **_seen_around(result, lesions, settings, words),
    )  # fmt: skip


def _seen_around(
    result: Result,
    lesions: list[dict[str, Any]],
    settings: PublishSettings,
    words: Mapping[str, Any],
) -> dict[str, Any]:
    """The projections, with the places of what lies on the PET in each of them."""
    on_pet = [each for each in lesions if each["suv_max"] is not None]
    step = 360.0 / settings.projections.n_frames
    angles = tuple(n * step for n in range(settings.projections.n_frames))
    *turned, lateral = project(
        result.images.suv,
        (*angles, _LATERAL_DEG),
        pixel_mm=settings.projections.pixel_mm,
        body_suv=settings.projections.body_suv,
    )
    uris = [_uri(each, settings) for each in turned]
    return {
        "frontal": _view("frontal", turned[0], uris[0], on_pet, words),
        "lateral": _view("lateral", lateral, _uri(lateral, settings), on_pet, words),
        "frames": {
            "pictures": uris,
            "angles": [round(each) for each in angles],
            "places": [placed(on_pet, each) for each in turned],
            "ways": [_ways(angle, words) for angle in angles],
        },
        "label_px": label_px(on_pet, (*turned, lateral)),
    }


def _doubts(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every caveat once: of the case, of SUV."""
    found = [*document["caveats"], *document["inputs"]["suv"]["caveats"]]
    return list({(each["code"], each["text"]): each for each in found}.values())


def _missing(document: Mapping[str, Any]) -> list[str]:
    """Names of criteria that cannot be answered, once each."""
    names = [
        each["name"]
        for verdict in document["verdicts"].values()
        for each in verdict["criteria"]
        if each["outcome"] is None
    ]
    return list(dict.fromkeys(names))


def _uri(view: Projection, settings: PublishSettings) -> str:
    return jpeg_uri(dark_on_white(view.picture, settings.projections.window_suv))


def _ways(angle_deg: float, words: Mapping[str, Any]) -> list[str]:
    """What lies at the left and at the right of the picture, to the nearest quarter turn."""
    return [words["ways"][way] for way in _WAYS[round(angle_deg / 90) % 4]]


def _view(
    name: str,
    view: Projection,
    uri: str,
    lesions: list[dict[str, Any]],
    words: Mapping[str, Any],
) -> dict[str, Any]:
    rows, columns = view.picture.shape
    full = columns + 2 * MARGIN_PX
    places = placed(lesions, view)
    return {
        "title": words["mip_titles"][name],
        "alt": f"{words['mip_titles'][name]}: {words['mip_alt']}",
        "uri": uri,
        "columns": columns,
        "ways": _ways(view.angle_deg, words),
        "view_box": f"{-MARGIN_PX} 0 {full} {rows}",
        "left_pct": round(100 * MARGIN_PX / full, 3),
        "width_pct": round(100 * columns / full, 3),
        "marks": [_mark(each, at, words) for each, at in zip(lesions, places, strict=True)],
    }


def _mark(
    lesion: Mapping[str, Any], at: tuple[float, float, float, float], words: Mapping[str, Any]
) -> dict[str, Any]:
    x, y, label_x, label_y = at
    near = label_x + (_LEAD_GAP_PX if label_x < x else -_LEAD_GAP_PX)
    group = words["groups"][lesion["group"]]
    return {
        "id": lesion["id"],
        "group": lesion["group"],
        "title": f"{words['lesion']} {lesion['id']}: {lesion['place']} ({group})",
        "point": (x, y),
        "label": (label_x, label_y),
        "lead": f"{near},{label_y} {x},{y}",
    }
