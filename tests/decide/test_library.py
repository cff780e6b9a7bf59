"""Protocol files: what is read, what is refused and how it is told."""

# ruff: noqa: E501 - tables are read across

from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from decide.builders import BY_ID, LIBRARY, census
from oligocount.decide import possible, read_library
from oligocount.decide.criteria import Requirement
from oligocount.decide.definition import Definition, DefinitionKind
from oligocount.decide.engine import decision_of
from oligocount.domain.facts import ClinicalFacts, Histology
from oligocount.errors import ConfigError
from oligocount.resources import shipped_folder

OWN = {
    "id": "OWN",
    "kind": "definition",
    "title": "a definition of one's own",
    "source": "this test",
    "exclusions": [],
    "solitary_serosal": "reject",
    "require": {"N_max": 2},
}
REPORTED = ("CN2025", "OMEC_MAIN", "OMEC_ORGAN", "ESTRO_ASTRO")
SCC = ClinicalFacts(histology=Histology.SCC)


def written(folder: Path, name: str = "own.yaml", **changes: object) -> Path:
    file = folder / name
    document = {key: value for key, value in (OWN | changes).items() if value is not None}
    file.write_text(yaml.safe_dump(document), "utf-8")
    return file


def answer(file: Path, seen=None, facts: ClinicalFacts = SCC) -> str:
    definition = read_library(REPORTED, (), (file,)).definitions[-1]
    return decision_of(possible(definition, seen or census(), facts)).value


def test_the_library_holds_four_definitions_sixteen_studies_and_their_variants() -> None:
    assert tuple(each.id for each in LIBRARY.definitions) == REPORTED
    assert len(LIBRARY.studies) == 16
    assert all(each.kind is DefinitionKind.VARIANT for each in LIBRARY.variants)
    assert {each.variant_of for each in LIBRARY.variants} <= set(BY_ID)
    assert LIBRARY.parent_of(BY_ID["EA2183_N5"]).id == "EA2183"


def test_each_file_is_named_after_its_id() -> None:
    for file in (shipped_folder("configs") / "protocols").glob("*.yaml"):
        assert yaml.safe_load(file.read_text("utf-8"))["id"] == file.stem


def test_definitions_are_reported_in_the_order_asked_for_with_ones_own_last(tmp_path) -> None:
    library = read_library(("ESTRO_ASTRO", "CN2025"), (), (written(tmp_path),))
    assert [each.id for each in library.definitions] == ["ESTRO_ASTRO", "CN2025", "OWN"]
    parents = {each.variant_of for each in library.variants}
    assert "OMEC_ORGAN" not in parents
    assert {"CN2025", "EA2183"} <= parents


def test_ones_own_definition_decides(tmp_path) -> None:
    file = written(tmp_path)
    assert answer(file, census(n=2)) == "OLIGO"
    assert answer(file, census(n=3)) == "NOT_OLIGO"
    assert answer(file, census(serosal=1)) == "NOT_OLIGO"
    assert answer(file, census(exclusions=("diffuse_marrow",))) == "OLIGO"


def test_a_definition_of_one_histology_does_not_cover_the_other(tmp_path) -> None:
    branch = [{"name": "all", "require": {"N_max": 1}}]
    file = written(tmp_path, require=None, by_histology={"AC": branch})
    assert answer(file, facts=ClinicalFacts(histology=Histology.AC)) == "OLIGO"
    assert answer(file, facts=SCC) == "NOT_APPLICABLE"
    assert answer(file, facts=ClinicalFacts()) == "INDETERMINATE"


def test_ones_own_study_joins_the_studies(tmp_path) -> None:
    library = read_library(REPORTED, (), (written(tmp_path, kind="study"),))
    assert library.studies[-1].id == "OWN"
    assert len(library.definitions) == 4


def test_a_policy_in_force_replaces_its_parent() -> None:
    library = read_library(REPORTED, ("A9_serosal_accepted",))
    assert decision_of(possible(library.definitions[0], census(serosal=1), SCC)).value == "OLIGO"
    assert decision_of(possible(library.definitions[1], census(serosal=1), SCC)).value == "OLIGO"
    assert "A9_serosal_accepted" not in {each.policy for each in library.variants}
    assert "A5_single_node" in {each.policy for each in library.variants}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"require": {"N_maximum": 3}}, "require: 'N_maximum' does not match"),
        ({"require": {"N_max": "three"}}, "require.N_max: 'three' is not of type"),
        ({"require": {"N_max": -1}}, "require.N_max: -1 is less than"),
        ({"require": {"all_treatable": False}}, "require.all_treatable: False is not one of"),
        ({"exclusions": ["liver"]}, "exclusions.0: 'liver' is not one of"),
        ({"solitary_serosal": None}, "'solitary_serosal' is a required property"),
        ({"title": None}, "'title' is a required property"),
        ({"kind": "rule"}, "kind: 'rule' is not one of"),
        ({"require": None}, "is not valid under any of the given schemas"),
        ({"note": "x"}, "Additional properties are not allowed"),
        ({"id": "CN2025"}, "protocol CN2025: this id is taken by a shipped protocol"),
        ({"kind": "variant", "variant_of": "NOWHERE", "replace": {"require": {}}}, "no definition 'NOWHERE' to vary"),
        ({"any_of": [{"name": "x", "require": {}, "organ_table": {"liver": {"max": 1}}}]}, "'unlisted_organ' is a dependency"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_a_protocol_is_refused_with_the_place(
    tmp_path, changes, message
) -> None:
    with pytest.raises(ConfigError) as refused:
        read_library(REPORTED, (), (written(tmp_path, **changes),))
    assert message in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.yaml: cannot be read: No such"):
        read_library(REPORTED, (), (tmp_path / "absent.yaml",))
    broken = tmp_path / "broken.yaml"
    broken.write_text("[1", "utf-8")
    with pytest.raises(ConfigError, match=r"broken\.yaml: cannot be read as YAML"):
        read_library(REPORTED, (), (broken,))


def test_two_files_of_one_id_are_refused(tmp_path) -> None:
    files = (written(tmp_path), written(tmp_path, "again.yaml"))
    with pytest.raises(ConfigError, match="the id OWN is used by another protocol"):
        read_library(REPORTED, (), files)


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"unknown protocol 'CN2026'; known: CN2025, ESTRO"):
        read_library(("CN2026",))
    with pytest.raises(ConfigError, match=r"unknown protocol 'ESO13'"):
        read_library(("ESO13",))
    with pytest.raises(ConfigError, match=r"unknown policy 'A99'; known: A5_single_node, A6"):
        read_library(REPORTED, ("A99",))


def test_a_limit_of_null_is_lifted() -> None:
    names = {each.name for each in BY_ID["NCT03161522_REGISTRY"].require}
    assert names == {"N_nodes_as_one_max"}


def test_eligibility_is_read() -> None:
    assert BY_ID["ESO13"].eligibility.genuine_only
    assert BY_ID["ESO13"].eligibility.controlled_primary
    assert BY_ID["LIU2020"].eligibility.all_treatable
    assert BY_ID["MORINAGA2020"].eligibility.primary_resected
    assert BY_ID["LI2021"].eligibility.timing == ("metachronous",)
    assert BY_ID["WU2024"].eligibility.timing == ()


def described(definition: Definition) -> dict[str, object]:
    """All of a definition but its functions."""
    branches = {
        histology: [(each.name, limits(each.require)) for each in group]
        for histology, group in definition.branches.items()
    }
    plain = {
        each.name: getattr(definition, each.name)
        for each in fields(definition)
        if each.name not in ("require", "branches")
    }
    return {**plain, "require": limits(definition.require), "branches": branches}


def limits(requirements: tuple[Requirement, ...]) -> list[tuple[str, object, tuple[int, ...]]]:
    return [(each.name, each.required, each.row_limits) for each in requirements]


def test_reading_again_gives_the_same() -> None:
    again = read_library.__wrapped__(REPORTED)
    for now, before in (
        (again.definitions, LIBRARY.definitions),
        (again.studies, LIBRARY.studies),
        (again.variants, LIBRARY.variants),
    ):
        assert [described(each) for each in now] == [described(each) for each in before]
    assert again.resolution == LIBRARY.resolution


def test_a_consensus_variant_keeps_all_that_it_does_not_replace() -> None:
    parent, variant = described(BY_ID["CN2025"]), described(BY_ID["CN2025_A5"])
    changed = {key for key, value in parent.items() if value != variant[key]}
    assert changed == {"id", "kind", "title", "source", "branches", "variant_of", "policy", "flag"}
    assert variant["flag"] == "ac_node_station_sensitive"
    assert variant["branches"][Histology.SCC] == parent["branches"][Histology.SCC]


def test_a_policy_in_force_leaves_the_rest_of_its_parent_as_it_is() -> None:
    library = read_library.__wrapped__(REPORTED, ("A8_below_50",))
    changed = {each.id: described(each) for each in library.studies}
    for name in ("ESO13", "LIU2020"):
        before = described(BY_ID[name])
        names = [each[0] for each in changed[name]["require"]]
        assert "diameter_below_mm" in names
        assert "diameter_max_mm" not in names
        assert {key for key in before if before[key] != changed[name][key]} == {"require"}
    assert changed["WU2024"] == described(BY_ID["WU2024"])
    assert len(library.variants) == len(LIBRARY.variants) - 2
