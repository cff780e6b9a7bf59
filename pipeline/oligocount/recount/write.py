"""The reader's version as a folder beside the machine's files, which stay as they are."""

from pathlib import Path

from oligocount.publish.case_folder import write_case_folder
from oligocount.publish.masks import write_label_map
from oligocount.publish.result_json import to_json
from oligocount.publish.tables import lesions_csv
from oligocount.recount.recount import ReaderVersion


def write_reader_version(out: Path, version: ReaderVersion) -> tuple[Path, ...]:
    """`out` holds result.json, lesions.csv and lesions.nii.gz of the reader, whole.

    An earlier version there is replaced. Raises PublishError when it cannot be written.
    """

    def fill(folder: Path) -> None:
        document = dict(version.document)
        (folder / "result.json").write_text(to_json(document), "utf-8")
        (folder / "lesions.csv").write_text(lesions_csv(document["lesions"]), "utf-8")
        write_label_map(folder / "lesions.nii.gz", version.labels)

    return write_case_folder(out, fill)
