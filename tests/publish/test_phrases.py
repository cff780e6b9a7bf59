"""Machine sentences in Chinese: none that the stages write lacks its meaning."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import oligocount
from oligocount.publish.pages import TEMPLATES, environment, phrasebook, read_strings
from oligocount.publish.phrases import Phrasebook, read_entries

PACKAGE = Path(oligocount.__file__).parent
CONFIGS = PACKAGE.parents[1] / "configs"
TABLE = read_entries(TEMPLATES / "phrases" / "zh.yaml")
BLANK = re.compile(r"\{(\w+)\}")
# Modules whose strings reach a page. The rest of each stage writes errors, names and settings.
WRITERS = (
    "intake/doubts.py", "intake/facts.py", "intake/load.py", "intake/nifti.py", "intake/points.py",
    "intake/roles.py", "intake/slices.py", "quantify/align.py", "quantify/clock.py",
    "quantify/decay.py", "quantify/mappings.py", "quantify/patient.py", "quantify/quality.py",
    "quantify/suv.py", "quantify/uptake.py", "segment/scored.py", "segment/threshold.py",
    "anatomy/anatomy_map.py",
    "anatomy/bundle.py", "anatomy/conduit.py", "anatomy/labelmap.py", "anatomy/rules.py",
    "locate/borders.py", "locate/locate.py",
    "locate/mimics.py", "locate/nodes.py", "locate/organs.py", "locate/physiologic.py",
    "locate/primary.py", "locate/unknown.py", "locate/urinary.py", "count/ledger.py",
    "count/scenarios.py", "decide/verdict.py", "assess/assessment.py", "decide/statements.py",
    "multimodal/frames.py", "multimodal/join.py", "multimodal/look.py", "multimodal/seen.py",
    "multimodal/workup.py", "run.py",
)  # fmt: skip
# What such a module holds beside sentences: DICOM names, patterns, parts of SUV routes.
NO_SENTENCES = re.compile(
    r"Philips PET Private Group|SIEMENS MED PT|PROJECTION IMAGE|\\b|\(00..,00..\) [A-Z]|"
    r"Fluorodeoxyglucose|lesion \{\}$|SUV(bw|lbm)|^a time series or several channels$|^no volume$"
)


@pytest.fixture(scope="module")
def book() -> Phrasebook:
    return phrasebook("zh", read_strings("zh"))


def written(node: ast.AST) -> str | None:
    """A string as it stands in the code, `{}` for what varies."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else "{}" for part in node.values
        )
    return None


def phrases_of(file: Path) -> Iterator[str]:
    """Every string of two words and more that is no docstring, no error's and no part of one."""
    tree = ast.parse(file.read_text("utf-8"))
    left_out: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise):
            left_out |= {id(each) for each in ast.walk(node)}
        if isinstance(node, ast.JoinedStr):
            left_out |= {id(each) for each in ast.walk(node)} - {id(node)}
        if isinstance(node, ast.Expr):
            left_out |= {id(each) for each in ast.walk(node)}
    for node in ast.walk(tree):
        text = written(node) if id(node) not in left_out else None
        if text and " " in text.strip() and not NO_SENTENCES.search(text):
            yield text


def pieces(text: str) -> list[str]:
    """What a phrase says between its blanks, in words alone."""
    parts = re.split(r"\{\w*\}|/", text.replace("_", " "))
    bare = (re.sub(r"[\s;:,.()/]+", " ", part).strip().lower() for part in parts)
    return [part for part in bare if re.search(r"[a-z]{3}", part)]


SAID = "\n".join(piece for english in TABLE for piece in [*pieces(english), ""])


@pytest.mark.parametrize("module", WRITERS)
def test_every_sentence_that_a_stage_writes_stands_in_the_table(module: str) -> None:
    """A sentence missing here wants a line in templates/phrases/zh.yaml."""
    missing = [
        text
        for text in phrases_of(PACKAGE / module)
        if any(piece not in SAID for piece in pieces(text))
    ]
    assert missing == []


def statement_texts() -> list[str]:
    told = yaml.safe_load((CONFIGS / "statements.yaml").read_text("utf-8"))["statements"]
    notes = [note for each in told for note in each["notes"]]
    return [note[key] for note in notes for key in ("text", "unknown") if key in note]


@pytest.mark.parametrize("text", statement_texts())
def test_every_statement_has_its_meaning(book: Phrasebook, text: str) -> None:
    assert book.told(BLANK.sub("12.5", text)) is not None


def test_every_station_and_structure_has_its_name(book: Phrasebook) -> None:
    stations = yaml.safe_load((CONFIGS / "anatomy" / "stations.yaml").read_text("utf-8"))
    organs = yaml.safe_load((CONFIGS / "anatomy" / "organs.yaml").read_text("utf-8"))
    regions = stations["regions"].values()
    names = [each["title"] for each in regions]
    names += [each[system] for each in regions for system in ("ajcc8", "jes", "iaslc")]
    told = stations["flags"]
    names += [f"{each['title']}: {told[flag]}" for each in regions for flag in each["flags"]]
    names += organs["network"]
    assert [name for name in names if name and book.told(name) is None] == []


def test_every_definitions_source_and_branch_has_its_words(book: Phrasebook) -> None:
    for name in ("CN2025", "OMEC_MAIN", "OMEC_ORGAN", "ESTRO_ASTRO"):
        protocol = yaml.safe_load((CONFIGS / "protocols" / f"{name}.yaml").read_text("utf-8"))
        assert book.told(protocol["source"]) is not None
        for exclusion in protocol["exclusions"]:
            assert book.told(exclusion) is not None


def test_a_meaning_keeps_every_blank_and_no_english_word() -> None:
    """Codes and names of systems stay; a sentence does not."""
    for english, chinese in TABLE.items():
        assert set(BLANK.findall(english)) == set(BLANK.findall(chinese)), english
        words = re.findall(r"(?<![A-Za-z])[a-z]{4,}", re.sub(r"\{\w+\}|\w+_\w+", "", chinese))
        assert set(words) <= {"mmol", "sform", "qform", "earlier", "zone"}, english


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("骨的远处病灶：计一个。", "Distant lesion in bone: one lesion."),
        (
            "最差为非寡转移，最佳为寡转移：可疑病灶（3, 5）；组织学类型未知。",
            "NOT_OLIGO at worst, OLIGO at best: equivocal lesions (3, 5); histology unknown.",
        ),
        (
            "位于所有器官与淋巴结区之外；邻近右侧第 4 肋骨 3 mm、左侧肺上叶 9 mm",
            "outside every organ and nodal space; near rib right 4 3 mm, lung upper lobe left 9 mm",
        ),
        (
            "原发灶：累及野。转移灶：个体化；有研究采用 CTV 外扩 10 mm、PTV 外扩 5 mm。",
            "Primary: involved field. Metastases: individual; studies used a CTV margin of 10 mm and a PTV margin of 5 mm.",  # noqa: E501 - as it stands
        ),
        ("BQML/START/序列时间", "BQML/START/series time"),
        (
            "未写出 DICOM 对象：病例中没有指明 PET 图像的分割对象；若原为 DICOM，请在命令中指定生成该病例的检查。",  # noqa: E501 - as it stands
            "No DICOM written: no segmentation of the case names the PET's images; if it was DICOM, name the study that the case was made from (--input).",  # noqa: E501 - as it stands
        ),
        (
            "未写出 DICOM 对象：PET 图像并非网格层面（SPACING_UNEVEN）；请在命令中指定生成该病例的检查。",  # noqa: E501 - as it stands
            "No DICOM written: the PET's images are not the grid's slices (SPACING_UNEVEN); name the study that the case was made from (--input).",  # noqa: E501 - as it stands
        ),
        (
            "由仅识别肝病灶的网络标出，位于肝之外：搁置，不计数。",
            "Marked outside the liver, by a network that knows lesions of the liver alone: set aside, not counted.",  # noqa: E501 - as it stands
        ),
        (
            "由仅识别肝病灶的网络标出，无法确定是否位于肝内：器官图未勾画完整的肝",
            "a network of lesions of the liver marked it, and nobody knows whether in the liver: the organ map draws no whole liver",  # noqa: E501 - as it stands
        ),
        (
            "由仅识别脑病灶的网络标出，距器官图中的脑 10 mm，其中一半超过 18 mm；器官图与位置合计误差可达 14 mm",  # noqa: E501 - as it stands
            "a network of lesions of the brain marked it 10 mm off the brain of the organ map, half of it over 18 mm; map and place may be off by 14 mm together",  # noqa: E501 - as it stands
        ),
        ("SUV 2.5", "SUV 2.5"),
        ("16a1", "16a1"),
    ],
)
def test_a_sentence_is_told_with_what_fills_its_blanks(
    book: Phrasebook, expected: str, text: str
) -> None:
    assert book.told(text) == expected


@pytest.mark.parametrize(
    "text", ["a wholly new doubt", "Distant lesion in something new: one lesion.", "new_code_2024"]
)
def test_what_has_no_entry_is_not_half_told_but_marked_as_english(
    book: Phrasebook, text: str
) -> None:
    assert book.told(text) is None
    said = environment(read_strings("zh"), book).filters["said"]
    assert str(said(text)) == f'<span lang="en">{text}</span>'
    assert str(said("<b>")) == '<span lang="en">&lt;b&gt;</span>'


def test_english_sentences_stay_as_they_were_written() -> None:
    english = phrasebook("en", read_strings("en"))
    for text in ("Primary: involved field. Metastases: individual.", "liver, 3; lung", "x (2)"):
        assert english.said(text) == text
    assert english.said("missing_histology") == "histology is not stated"
