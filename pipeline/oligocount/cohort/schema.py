"""The cohort's tables, column by column: what is written and what it means."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column with its DuckDB type and one line that explains it. Null means unknown."""

    name: str
    kind: str
    meaning: str


CASES = (
    Column("case_id", "VARCHAR", "the name in the manifest, or of the patient's folder"),
    Column("state", "VARCHAR", "done, failed, refused (a bad row), interrupted or waiting"),
    Column("review", "VARCHAR", "ok, or needs_review: a person has to look first"),
    Column("error_class", "VARCHAR", "why it failed, in one word"),
    Column("error", "VARCHAR", "why it failed, in one sentence"),
    Column("attempts", "INTEGER", "how often it was started"),
    Column("seconds", "DOUBLE", "wall time of the last attempt"),
    Column("peak_mib", "DOUBLE", "largest resident memory of the last attempt"),
    Column("folder", "VARCHAR", "where its files are, below the cohort's folder"),
    Column("pet_series_uid", "VARCHAR", "the PET series that was taken"),
    Column("suv_route", "VARCHAR", "how activity became SUV"),
    Column("histology", "VARCHAR", "SCC, AC or mixed"),
    Column("primary_location", "VARCHAR", "where the primary lies"),
    Column("V", "INTEGER", "distant organ lesions"),
    Column("S", "INTEGER", "nonregional nodal stations"),
    Column("R", "INTEGER", "regional contribution"),
    Column("N", "INTEGER", "V + S + R"),
    Column("O", "INTEGER", "organ systems involved, nodes as one"),
    Column("M", "INTEGER", "most lesions in one organ system"),
    Column("N_low", "INTEGER", "the least that N can be, every doubt considered"),
    Column("N_high", "INTEGER", "the most that N can be, every doubt considered"),
    Column("n_foci", "INTEGER", "foci found, physiologic ones among them"),
    Column("n_counted", "INTEGER", "foci that the count contains"),
    Column("suv_max", "DOUBLE", "largest SUVbw of a counted focus, g/ml"),
    Column("mtv_ml", "DOUBLE", "metabolic volume of the counted foci and the primary"),
    Column("tlg", "DOUBLE", "total lesion glycolysis of the counted foci and the primary"),
    Column("estro_eortc_class", "INTEGER", "ESTRO-EORTC class, 1 to 9"),
    Column("estro_eortc_name", "VARCHAR", "ESTRO-EORTC class by name"),
    Column("decision_critical", "INTEGER[]", "ids of lesions on which a verdict turns"),
    Column("flags", "VARCHAR[]", "what the engine points out"),
    Column("caveats", "VARCHAR[]", "codes of every known doubt"),
    Column("given", "JSON", "columns of the manifest that are no clinical facts"),
)
LESIONS = (
    Column("case_id", "VARCHAR", "the case"),
    Column("id", "INTEGER", "the label in lesions.nii.gz"),
    Column("kind", "VARCHAR", "primary, organ, node or physiologic"),
    Column("status", "VARCHAR", "malignant, equivocal or benign"),
    Column("probability", "DOUBLE", "0 to 1; null where the method gives none"),
    Column("organ", "VARCHAR", "word of the counting vocabulary"),
    Column("organ_system", "VARCHAR", "what it counts under"),
    Column("structure", "VARCHAR", "the finest name that the map gives"),
    Column("side", "VARCHAR", "L, R or M"),
    Column("lobe", "VARCHAR", "liver or lung lobe"),
    Column("station_ajcc8", "VARCHAR", "nodal station, AJCC 8"),
    Column("station_jes", "VARCHAR", "nodal station, JES 12"),
    Column("station_iaslc", "VARCHAR", "nodal station, IASLC"),
    Column("nodal_class", "VARCHAR", "regional or nonregional"),
    Column("counted", "BOOLEAN", "whether the count contains it"),
    Column("counted_as", "VARCHAR", "what it is counted as"),
    Column("reason", "VARCHAR", "why, in one sentence"),
    Column("volume_ml", "DOUBLE", "volume"),
    Column("longest_diameter_mm", "DOUBLE", "longest diameter in any direction"),
    Column("suv_max", "DOUBLE", "SUVbw, g/ml"),
    Column("suv_peak", "DOUBLE", "SUVbw of the hottest 1 ml sphere, g/ml"),
    Column("suv_mean", "DOUBLE", "SUVbw, g/ml"),
    Column("mtv_ml", "DOUBLE", "metabolic tumour volume"),
    Column("tlg", "DOUBLE", "total lesion glycolysis"),
    Column("x_mm", "DOUBLE", "centroid, LPS: to the patient's left"),
    Column("y_mm", "DOUBLE", "centroid, LPS: posterior"),
    Column("z_mm", "DOUBLE", "centroid, LPS: superior"),
    Column("organ_overlap", "DOUBLE", "share of the lesion inside the organ"),
    Column("station_margin_mm", "DOUBLE", "distance to the station's border"),
)
VERDICTS = (
    Column("case_id", "VARCHAR", "the case"),
    Column("definition", "VARCHAR", "a definition, or a study's inclusion criteria"),
    Column("source", "VARCHAR", "definition or study"),
    Column("decision", "VARCHAR", "OLIGO, NOT_OLIGO, INDETERMINATE, ...; studies PASS, FAIL, ..."),
    Column("best", "VARCHAR", "the most favourable verdict that the doubts allow"),
    Column("worst", "VARCHAR", "the least favourable one"),
    Column("reason", "VARCHAR", "why, in one sentence"),
)
STAGES = (
    Column("case_id", "VARCHAR", "the case"),
    Column("stage", "VARCHAR", "a stage of its last attempt"),
    Column("seconds", "DOUBLE", "wall time in it"),
    Column("peak_mib", "DOUBLE", "largest resident memory in it"),
)
READINGS = (
    Column("case_id", "VARCHAR", "a case that a reader has edited"),
    Column("subject", "VARCHAR", "a count, a volume, or the counted lesions of one organ"),
    Column("machine", "DOUBLE", "before the reader's edits"),
    Column("reader", "DOUBLE", "after them"),
)
READER_VERDICTS = (
    Column("case_id", "VARCHAR", "a case that a reader has edited"),
    Column("definition", "VARCHAR", "a definition, or a study's inclusion criteria"),
    Column("machine", "VARCHAR", "the decision before the reader's edits"),
    Column("reader", "VARCHAR", "the decision after them"),
)
TABLES = {
    "cases": CASES,
    "lesions": LESIONS,
    "verdicts": VERDICTS,
    "stages": STAGES,
    "readings": READINGS,
    "reader_verdicts": READER_VERDICTS,
}
TABLE_MEANINGS = {
    "cases": "one row a case, failed and refused ones among them",
    "lesions": "one row a focus of each case that is done",
    "verdicts": "one row a case and definition or study",
    "stages": "seconds and memory of each case's stages",
    "readings": "numbers of the cases that a reader has edited, before and after",
    "reader_verdicts": "decisions of the cases that a reader has edited, before and after",
}
