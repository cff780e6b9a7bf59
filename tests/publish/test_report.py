"""The report: self-contained, readable without sight or colour, nothing unescaped, no identity."""

import dataclasses
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.config import load_settings
from oligocount.domain.lesion import Status
from oligocount.domain.study import AlignedImages
from oligocount.publish.count_axis import count_axis
from oligocount.publish.first_look import answer_rows, first_lesions
from oligocount.publish.markers import category, label_px, placed
from oligocount.publish.pages import phrasebook, place, read_strings
from oligocount.publish.projections import Projection
from oligocount.publish.report import render_report
from oligocount.publish.result_json import result_document

from . import builders

SETTINGS = load_settings().publish


class Page(HTMLParser):
    """Tags with attributes, and the text of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def every(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page(settings=SETTINGS, **parts: object) -> str:
    result = builders.result(**parts)
    return render_report(result_document(result), result, settings)


@pytest.fixture(scope="module")
def html() -> str:
    return page()


def test_it_needs_no_other_file_and_no_network(html: str) -> None:
    for _, attributes in Page(html).tags:
        for name in ("src", "href"):
            value = attributes.get(name)
            is_inside = value is None or value.startswith(("data:", "#"))
            assert is_inside or (value or "").partition("#")[0] == "viewer.html", value
    assert "@import" not in html
    assert not re.search(r"url\((?!data:)", html)


def test_the_verdicts_stand_first_each_with_its_definitions_name(html: str) -> None:
    order = ("h-verdicts", "h-first", "h-counts", "h-doubts", "h-mip", "lesions", "h-scan")
    places = [html.index(f'id="{each}"') for each in order]
    assert places == sorted(places)
    for name in ("CN2025", "OMEC_MAIN", "OMEC_ORGAN", "ESTRO_ASTRO"):
        assert f"<code>{name}</code>" in html


def test_it_says_that_a_clinician_decides(html: str) -> None:
    assert html.count("Research use; a clinician decides.") >= 2


def test_every_link_leads_somewhere(html: str) -> None:
    tags = Page(html).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    links = {
        attributes["href"][1:]
        for name, attributes in tags
        if attributes.get("href", "").startswith("#")
    }
    assert len(set(ids)) == len(ids)
    assert links <= set(ids)
    assert {f"lesion-{label}" for label in builders.FOCI} <= links


def test_pictures_tables_and_controls_have_words(html: str) -> None:
    parsed = Page(html)
    assert all(each.get("alt") for each in parsed.every("img"))
    assert all(each.get("scope") for each in parsed.every("th"))
    assert parsed.every("html")[0]["lang"] == "en"
    assert all(
        each.get("aria-label") or each.get("aria-hidden") == "true" for each in parsed.every("svg")
    )


def test_colour_is_never_the_only_sign(html: str) -> None:
    """Each group has its own shape, and its name stands in the lesion's row."""
    template = html[html.index('<h2 id="h-mip">') :]
    for group in ("counted", "regional", "primary", "equivocal"):
        assert f'class="key {group}"' in template
    shapes = set(re.findall(r'<(?:circle|rect|path) class="mark"[^>]*>', html))
    assert len(shapes) == 5


def test_words_of_the_input_cannot_become_markup(html: str) -> None:
    assert "scout &lt;b&gt;&amp;" in html
    assert "scout <b>" not in html


def test_an_unknown_observation_is_unknown_and_a_one_is_not_a_yes() -> None:
    criteria = builders.verdict("X", *[builders.Decision.OLIGO] * 3).criteria
    one = dataclasses.replace(criteria[1], observed=1)
    verdict = dataclasses.replace(builders.assessment().verdicts[0], criteria=(one, criteria[2]))
    text = page(assessment=dataclasses.replace(builders.assessment(), verdicts=(verdict,)))
    assert "<td><code>N_max</code></td><td>1</td><td>5</td><td>yes</td>" in text
    assert "<td><code>all_treatable</code></td><td>unknown</td><td>yes</td><td>unknown</td>" in text


def test_the_lesion_that_decides_is_named_before_the_pictures(html: str) -> None:
    first = html[html.index('id="h-first"') : html.index('id="h-mip"')]
    assert 'href="#lesion-5"' in first
    assert 'href="#lesion-2"' not in first


def test_physiologic_foci_stand_apart(html: str) -> None:
    apart = html[html.index("Physiologic and benign foci") :]
    assert 'id="lesion-6"' in apart
    assert 'id="lesion-5"' not in apart


def test_a_mark_set_aside_is_told_as_that_with_its_reason_and_doubt() -> None:
    """Not as benign: of that nobody knows. Focus 6 is physiologic."""
    result = builders.result()
    document = result_document(result)
    told = {
        "set_aside": "liver",
        "reason": "Marked outside the liver, by a network: set aside, not counted.",
        "caveats": [{"code": "MR_OUTSIDE_ORGAN", "text": "72 mm off the liver"}],
    }
    lesions = [{**each, **(told if each["id"] == 6 else {})} for each in document["lesions"]]
    text = render_report({**document, "lesions": lesions}, result, SETTINGS)
    apart = text[text.index("marks set aside: not counted") :]
    row = apart[apart.index('id="lesion-6"') :].split("</tr>")[0]
    assert told["reason"] in row
    assert "72 mm off the liver" in row
    assert "enign" not in row


def test_a_case_that_does_not_say_what_was_set_aside_is_drawn() -> None:
    result = builders.result()
    document = result_document(result)
    older = [
        {name: value for name, value in each.items() if name != "set_aside"}
        for each in document["lesions"]
    ]
    assert 'id="lesion-6"' in render_report({**document, "lesions": older}, result, SETTINGS)


def test_without_ct_the_thumbnails_show_uptake_alone() -> None:
    grid = builders.geometry()
    alone = page(images=builders.images(grid, with_ct=False))
    assert alone.count("data:image/jpeg") == page().count("data:image/jpeg")


def test_no_more_thumbnails_are_drawn_than_allowed() -> None:
    few = dataclasses.replace(SETTINGS.thumbnails, max_lesions=2)
    text = page(dataclasses.replace(SETTINGS, thumbnails=few))
    assert text.count("<img loading") == 2
    assert all(f'id="lesion-{label}"' in text for label in builders.FOCI)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_all_languages_have_the_same_keys(language: str) -> None:
    def keys(words: object, path: str = "") -> set[str]:
        if not isinstance(words, dict):
            return {path}
        return {each for key, value in words.items() for each in keys(value, f"{path}/{key}")}

    assert keys(read_strings("en")) == keys(read_strings(language))


def lesion(**parts: object) -> dict[str, object]:
    plain = {"kind": "organ", "status": "malignant", "counted": False, "nodal_class": None}
    return {**plain, "centroid_lps_mm": [0.0, 0.0, 0.0], **parts}


@pytest.mark.parametrize(
    ("expected", "parts"),
    [
        ("counted", {"counted": True}),
        ("not_counted", {}),
        ("regional", {"kind": "node", "nodal_class": "regional"}),
        ("counted", {"kind": "node", "nodal_class": "regional", "counted": True}),
        ("primary", {"kind": "primary"}),
        ("equivocal", {"status": "equivocal", "counted": True}),
        ("equivocal", {"status": "equivocal", "kind": "primary"}),
        ("physiologic", {"status": "benign"}),
        ("physiologic", {"kind": "physiologic", "status": "equivocal"}),
    ],
)
def test_doubt_colours_before_counting(expected: str, parts: dict[str, object]) -> None:
    assert category(lesion(**parts)) == expected


def test_labels_never_overlap_and_keep_the_order_of_their_lesions() -> None:
    view = Projection(
        picture=np.zeros((300, 100), np.float32), angle_deg=0.0, pixel_mm=3.0,
        centre_lps_mm=(0.0, 0.0, 0.0),
    )  # fmt: skip
    crowd = [lesion(centroid_lps_mm=[-30.0, 0.0, 400.0 + z]) for z in range(20)]
    heights = [label_y for _, _, _, label_y in placed(crowd, view)]
    gaps = -np.diff(heights)
    assert gaps.min() >= 10.9
    assert min(heights) >= 0
    assert max(heights) <= 300


def test_the_status_benign_is_not_a_lesion_of_the_table() -> None:
    five = builders.located_lesions(builders.geometry())[4]
    benign = dataclasses.replace(
        five, finding=dataclasses.replace(five.finding, status=Status.BENIGN)
    )
    text = page(lesions=(benign,))
    assert text.index("Physiologic and benign foci") < text.index('id="lesion-5"')


def test_images_of_another_grid_are_not_needed() -> None:
    """Only SUV is asked for; CT and MR are optional."""
    grid = builders.geometry()
    assert page(images=AlignedImages(suv=builders.images(grid).suv))


@pytest.mark.parametrize(
    ("expected", "parts"),
    [
        ("station 104L", {"station": {"ajcc8": None, "jes": "104L", "iaslc": "1L"}}),
        ("liver, right", {"organ": "liver", "structure": "liver", "side": "R"}),
        ("lung lobe right", {"organ": "lung", "structure": "lung_lobe_right", "side": "R"}),
        ("bone, vertebrae T8", {"organ": "bone", "structure": "vertebrae_T8"}),
        ("oesophagus", {"organ": "oesophagus", "structure": "esophagus"}),
        ("urinary bladder", {"structure": "urinary_bladder"}),
        ("liver", {"organ": "liver"}),
        ("unknown place, right", {"side": "R"}),
        ("unknown place", {}),
    ],
)  # fmt: skip
def test_a_place_is_told_in_words_and_nothing_twice(expected: str, parts: dict) -> None:
    nowhere = {"station": None, "organ": None, "structure": None, "side": None}
    words = read_strings("en")
    assert place({**nowhere, **parts}, words, phrasebook("en", words)) == expected


def test_the_count_stands_on_a_line_with_the_limits_of_definitions() -> None:
    axis = count_axis(result_document(builders.result()))
    assert axis["low"] <= axis["n"] <= axis["high"]
    ((limit, at, names),) = axis["limits"]
    assert (limit, names) == (5, ["CN2025", "OMEC_MAIN", "OMEC_ORGAN", "ESTRO_ASTRO"])
    assert axis["high"] < at < axis["right"]


def test_a_page_of_a_hundred_and_fifty_lesions_stays_under_fifteen_megabytes() -> None:
    one = builders.located_lesions(builders.geometry())[3]
    entry = builders.assessment().ledger[0]
    many = tuple(
        dataclasses.replace(one, lesion=dataclasses.replace(one.lesion, id=n + 1))
        for n in range(150)
    )
    ledger = tuple(dataclasses.replace(entry, lesion=n + 1) for n in range(150))
    text = page(lesions=many, assessment=dataclasses.replace(builders.assessment(), ledger=ledger))
    assert len(text.encode("utf-8")) < 15e6
    assert text.count("<img loading") == 150


def test_the_facts_told_are_repeated_and_unknown_ones_are_not(html: str) -> None:
    told = html[html.index('id="h-told"') : html.index('id="h-scan"')]
    assert "<li>histology: SCC</li>" in told
    assert "<li>biopsy done: yes</li>" in told
    assert told.count("<li>") == 2


def test_crowded_labels_stand_in_two_columns_in_smaller_type() -> None:
    view = Projection(
        picture=np.zeros((150, 100), np.float32), angle_deg=0.0, pixel_mm=3.0,
        centre_lps_mm=(0.0, 0.0, 0.0),
    )  # fmt: skip
    crowd = [lesion(centroid_lps_mm=[-30.0, 0.0, 5.0 * z]) for z in range(20)]
    few = crowd[:5]
    assert {x for _, _, x, _ in placed(few, view)} == {-13.0}
    assert {x for _, _, x, _ in placed(crowd, view)} == {-6.5, -19.5}
    assert label_px(crowd, (view,)) <= label_px(few, (view,))


def test_physiologic_foci_take_no_room_in_the_margin() -> None:
    view = Projection(
        picture=np.zeros((150, 100), np.float32), angle_deg=0.0, pixel_mm=3.0,
        centre_lps_mm=(0.0, 0.0, 0.0),
    )  # fmt: skip
    foci = [lesion(kind="physiologic", centroid_lps_mm=[-30.0, 0.0, 0.0]) for _ in range(99)]
    one = lesion(centroid_lps_mm=[-30.0, 0.0, 0.0])
    assert placed([*foci, one], view)[-1] == placed([one], view)[0]


INTERVAL = {
    "N_min": 1, "N_max": 7, "n_settings": 8, "N_by_settings": {"1": 2, "2": 5, "7": 1},
    "grid": [
        {"setting": "segment.connectivity", "as_set": 18,
         "values": [{"value": 6, "N_min": 1, "N_max": 7}, {"value": 18, "N_min": 2, "N_max": 2}]},
    ],
    "verdicts": {"CN2025": {"INDETERMINATE": 0.75, "OLIGO": 0.25}},
}  # fmt: skip


def test_bars_tell_how_often_each_count_comes_out_of_the_settings() -> None:
    """2, 5 and 1 of 8 combinations: the tallest bar is N 2's, and all stand over their tick."""
    document = {**result_document(builders.result()), "count_interval": INTERVAL}
    axis = count_axis(document)
    assert [bar["n"] for bar in axis["bars"]] == [1, 2, 7]
    assert [bar["height"] for bar in axis["bars"]] == [13.6, 34.0, 6.8]
    middle = axis["bars"][1]["x"] + axis["bars"][1]["width"] / 2
    assert middle == pytest.approx(dict(axis["ticks"])[2], abs=0.11)
    assert axis["bars"][2]["x"] + axis["bars"][2]["width"] < axis["right"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_count_interval_is_told_beside_the_answer_that_it_shakes(language: str) -> None:
    result = builders.result()
    document = {**result_document(result), "count_interval": INTERVAL}
    text = render_report(document, result, dataclasses.replace(SETTINGS, language=language))
    words = read_strings(language)
    assert words["interval"].format(low=1, high=7, settings=8) in text
    assert words["holds"].format(percent=75) in text
    assert "6: <b>1–7</b>" in text


def test_without_an_interval_nothing_is_said_of_one() -> None:
    result = builders.result()
    text = render_report({**result_document(result), "count_interval": None}, result, SETTINGS)
    assert 'class="bar"' not in text
    assert "combinations of settings" not in text


def test_an_open_answer_reaches_from_the_worst_to_the_best_case() -> None:
    rows = {row["name"]: row for row in answer_rows(result_document(builders.result())["verdicts"])}
    open_ = rows["CN2025"]["cells"]
    assert [cell["reach"] for cell in open_] == ["r", "lr", "l"]
    assert [cell["is_answer"] for cell in open_] == [False, True, False]
    assert [cell["is_worst"] for cell in open_] == [True, False, False]
    assert [cell["is_best"] for cell in open_] == [False, False, True]
    assert [cell["reach"] for cell in rows["OMEC_MAIN"]["cells"]] == ["", "", ""]


def test_an_answer_outside_the_matrix_is_told_in_words() -> None:
    verdict = {"decision": "INDETERMINATE", "worst": "OLIGO", "best": "NOT_M1", "criteria": []}
    assert answer_rows({"X": verdict})[0]["cells"] is None


def test_lesions_that_decide_come_in_the_order_to_look_and_alike_sets_stand_together() -> None:
    document = {
        "decision_critical_lesions": [9, 3, 4],
        "decision_critical_sets": [
            {"lesions": [9], "flips": {"A": "OLIGO"}},
            {"lesions": [3, 4], "flips": {"B": "OLIGO"}},
            {"lesions": [3, 9], "flips": {"B": "OLIGO"}},
        ],
    }
    nine, three, _ = first_lesions(document, [{"id": 3}, {"id": 4}, {"id": 9}])
    assert [nine["id"], three["id"]] == [9, 3]
    assert nine["flips"] == [
        {"others": [], "to": {"A": "OLIGO"}},
        {"others": [[3]], "to": {"B": "OLIGO"}},
    ]
    assert three["flips"] == [{"others": [[4], [9]], "to": {"B": "OLIGO"}}]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_organ_that_a_lesion_may_have_has_a_word(language: str) -> None:
    organs = {each["organ"] for each in load_vocabulary().entries if each["organ"]}
    assert organs <= set(read_strings(language)["organs"])
