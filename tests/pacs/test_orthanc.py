"""Against a real Orthanc: in, found, out, both ways, bit by bit; the objects are seen and drawn."""

import json
import shutil
import ssl
import subprocess
from pathlib import Path

import numpy as np
import PIL.Image
import pydicom
import pytest
from dicomweb_client.web import DICOMwebClient

from oligocount.cli.main import main
from oligocount.errors import ArchiveRefused
from oligocount.pacs import dimse_retrieve as retrieval
from recount.finished_case import write_case

from . import made
from .conftest import Certificates
from .doubles import cutting_proxy
from .real_archive import Orthanc, started_orthanc

OUR_MODALITIES = ["RTSTRUCT", "SEG", "SEG", "SEG", "SR"]


def place(orthanc: Orthanc, way: str) -> str:
    return orthanc.web if way == "web" else orthanc.address


def store_source(orthanc: Orthanc, pet: Path, way: str) -> None:
    """The PET goes in by another tool than ours: dcmtk's dcmsend, or the client library's STOW."""
    if way == "web":
        files = sorted(pet.glob("*.dcm"))
        DICOMwebClient(orthanc.web).store_instances([pydicom.dcmread(each) for each in files])
        return
    if shutil.which("dcmsend") is None:
        pytest.skip("no dcmsend (Debian: dcmtk)")
    done = subprocess.run(
        ["dcmsend", "-aec", "ORTHANC", "127.0.0.1", str(orthanc.dicom_port),
         "--scan-directories", str(pet)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("way", ["dimse", "web"])
def test_a_study_goes_in_and_comes_out_bit_by_bit(
    orthanc: Orthanc, pet: Path, tmp_path: Path, way: str
) -> None:
    store_source(orthanc, pet, way)
    out = tmp_path / "inbox"
    assert (
        main(["fetch", "--from", place(orthanc, way), "--study", made.STUDY_UID, "-o", str(out)])
        == 0
    )
    assert [each.name for each in out.iterdir()] == [made.STUDY_UID]
    assert made.contents(out) == made.contents(pet)


@pytest.mark.slow
def test_objects_come_by_c_move_to_our_port(
    orthanc: Orthanc, pet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise ArchiveRefused("C-GET must not be needed")

    monkeypatch.setattr(retrieval, "_get", never)
    monkeypatch.setenv("OLIGOCOUNT_PACS_LISTEN", f"127.0.0.1:{orthanc.our_port}")
    store_source(orthanc, pet, "dimse")
    out = tmp_path / "inbox"
    assert (
        main(["fetch", "--from", orthanc.address, "--study", made.STUDY_UID, "-o", str(out)]) == 0
    )
    assert made.contents(out) == made.contents(pet)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["dimse", "web"])
def test_objects_go_in_once_are_found_beside_their_source_and_come_out_bit_by_bit(
    orthanc: Orthanc, case: Path, pet: Path, tmp_path: Path, way: str, capsys
) -> None:
    store_source(orthanc, pet, "web")
    assert main(["send", str(case), "--to", place(orthanc, way)]) == 0
    assert "5 sent, 0 kept back" in capsys.readouterr().out
    assert main(["send", str(case), "--to", place(orthanc, way)]) == 0
    assert "0 sent, 5 kept back" in capsys.readouterr().out
    found = DICOMwebClient(orthanc.web).search_for_series(made.STUDY_UID)
    modalities = sorted(each["00080060"]["Value"][0] for each in found)
    assert modalities == sorted(["PT", *OUR_MODALITIES])
    for back_by in ("dimse", "web"):
        out = tmp_path / back_by
        assert main(["fetch", "--from", place(orthanc, back_by), "--study", made.STUDY_UID,
                     "--modality", "SEG,SR,RTSTRUCT", "-o", str(out)]) == 0  # fmt: skip
        assert made.contents(out) == made.contents(case)


@pytest.mark.slow
def test_what_a_reader_corrected_goes_in_beside_its_source(
    orthanc: Orthanc, tmp_path: Path, capsys
) -> None:
    """Recount, send, and ask Orthanc itself: three series by the reader in the PET's own study."""
    case = write_case(tmp_path)
    edits = tmp_path / "edits.yaml"
    edits.write_text("{reader: R1, edits: [{reject: 4}, {accept: 5}]}")
    assert main(["recount", str(case), "--edits", str(edits)]) == 0
    store_source(orthanc, tmp_path / "pet", "web")
    assert main(["send", str(case), "--to", orthanc.address]) == 0
    told = capsys.readouterr().out
    assert f"{case}, reader's version -> " in told
    assert "3 sent, 0 kept back" in told
    (study,) = json.loads(orthanc.ask("/studies?expand"))
    assert study["MainDicomTags"]["StudyInstanceUID"] == made.STUDY_UID
    series = [
        json.loads(orthanc.ask(f"/series/{each}"))["MainDicomTags"] for each in study["Series"]
    ]
    ours = {one["Modality"]: one["SeriesDescription"] for one in series if one["Modality"] != "PT"}
    assert ours == {
        "SEG": "oligocount lesions by reader (RESEARCH USE ONLY)",
        "RTSTRUCT": "oligocount lesions by reader (RESEARCH USE ONLY)",
        "SR": "oligocount measurements by reader (RESEARCH USE ONLY)",
    }
    out = tmp_path / "back"
    fetching = ["fetch", "--from", orthanc.address, "--study", made.STUDY_UID, "-o", str(out)]
    assert main([*fetching, "--modality", "SEG,SR,RTSTRUCT"]) == 0
    assert made.contents(out) == made.contents(case / "reader")
    capsys.readouterr()
    assert main(["send", str(case), "--of", "machine", "--to", orthanc.address]) == 0
    assert "5 sent, 0 kept back" in capsys.readouterr().out


@pytest.mark.parametrize("way", ["dimse", "web"])
def test_a_list_tells_identifiers_dates_and_counts_and_no_identity(
    orthanc: Orthanc, case: Path, tmp_path: Path, way: str, capsys, monkeypatch
) -> None:
    main(["send", str(case), "--to", orthanc.web])
    capsys.readouterr()
    told = set()
    for option, value in (("--accession", made.ACCESSION), ("--patient", made.PATIENT_ID)):
        file = tmp_path / "value.txt"
        file.write_text(value + "\n")
        assert main(["fetch", "--from", place(orthanc, way), "--list", option, str(file)]) == 0
        told.add(capsys.readouterr().out)
    expected = f"{made.STUDY_UID}  20240102  RTSTRUCT SEG SR  5 series, 5 objects\n"
    assert told == {expected}


@pytest.mark.parametrize("way", ["dimse", "web"])
def test_a_value_that_no_study_has_is_told_without_it(
    orthanc: Orthanc, tmp_path: Path, way: str, capsys
) -> None:
    file = tmp_path / "value.txt"
    file.write_text("MRN-0815\n")
    assert main(["fetch", "--from", place(orthanc, way), "--list", "--patient", str(file)]) == 3
    error = capsys.readouterr().err
    assert "no study with this PatientID" in error
    assert "0815" not in error


@pytest.mark.slow
@pytest.mark.parametrize("way", ["dimse", "web"])
def test_a_connection_that_breaks_keeps_what_came_and_the_next_time_fetches_the_rest(
    orthanc: Orthanc, pet: Path, tmp_path: Path, way: str, capsys
) -> None:
    store_source(orthanc, pet, "web")
    port = orthanc.http_port if way == "web" else orthanc.dicom_port
    out = tmp_path / "inbox"
    uncut = [None] * (2 if way == "web" else 3)  # the questions before
    with cutting_proxy(port, *uncut, 60_000, *[3000] * 10) as proxy:
        address = place(orthanc, way).replace(str(port), str(proxy.port))
        peers = tmp_path / "peers.yaml"
        peers.write_text(f"peers: {{p: {{address: '{address}', attempts: 2, backoff_s: 0}}}}")
        command = ["fetch", "--peers", str(peers), "--from", "p", "--study", made.STUDY_UID]
        assert main([*command, "-o", str(out)]) == 6
    told = capsys.readouterr()
    assert "not whole, and kept" in told.out
    assert [each.name for each in out.iterdir()] == [f".{made.STUDY_UID}.part"]
    kept = len(made.contents(out))
    assert 0 < kept < 60
    assert (
        main(["fetch", "--from", place(orthanc, way), "--study", made.STUDY_UID, "-o", str(out)])
        == 0
    )
    assert f"60 of 60, {60 - kept} new" in capsys.readouterr().out
    assert made.contents(out) == made.contents(pet)


@pytest.mark.parametrize("way", ["dimse", "web"])
def test_the_check_passes_and_fails_as_the_archive_is(orthanc: Orthanc, way: str, capsys) -> None:
    assert main(["send", "--check", "--to", place(orthanc, way)]) == 0
    assert "answers" in capsys.readouterr().out
    wrong = orthanc.web + "-of-another" if way == "web" else orthanc.address.replace("ORTH", "X")
    assert main(["send", "--check", "--to", wrong]) == 6
    error = capsys.readouterr().err
    assert ("HTTP 404" in error) if way == "web" else ("is not its AE title" in error)


@pytest.fixture
def given_back(orthanc: Orthanc, case: Path, tmp_path: Path) -> dict[str, Path]:
    """The case's objects after they were in the archive, by what they are called there."""
    main(["send", str(case), "--to", orthanc.address])
    main(["fetch", "--from", orthanc.web, "--study", made.STUDY_UID, "-o", str(tmp_path / "back")])
    found = {}
    for file in (tmp_path / "back").rglob("*.dcm"):
        header = pydicom.dcmread(file, stop_before_pixels=True)
        found[f"{header.Modality} {header.SeriesDescription.split()[1]}"] = file
    return found


def run(*command: str) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]} (Debian: dcmtk)")
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_another_tool_tells_the_report_that_the_archive_gives_back(given_back) -> None:
    text = run("dsrdump", str(given_back["SR measurements"]))
    for words in ("Lesion 2 node 104L", "SUVbw", "Oligometastatic by CN2025"):
        assert words in text


def test_another_tool_draws_the_lesions_that_the_archive_gives_back(given_back, tmp_path) -> None:
    """Every frame of the segmentation: as many white pixels as the mask has voxels."""
    run("dcm2pnm", "--write-png", "--all-frames", "--min-max-window",
        str(given_back["SEG lesions"]), str(tmp_path / "frame"))  # fmt: skip
    drawn = [np.asarray(PIL.Image.open(each)) for each in tmp_path.glob("frame*.png")]
    frames = pydicom.dcmread(given_back["SEG lesions"]).pixel_array
    assert sorted(int((each > 0).sum()) for each in drawn) == sorted(
        int(each.sum()) for each in frames
    )


def test_another_tool_reads_the_structures_that_the_archive_gives_back(given_back) -> None:
    text = run("dcmdump", "--search", "ROIName", str(given_back["RTSTRUCT lesions"]))
    assert "GTV Lesion 1 primary esophagus" in text


# The library leaves the socket of a failed handshake to the collector, which warns.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.slow
def test_everything_goes_through_tls_with_certificates_and_a_login(
    case: Path, tmp_path: Path, certificates: Certificates, monkeypatch, capsys
) -> None:
    """Orthanc wants our certificate on the DICOM network, and a password on the web.

    Before its web side stands a proxy that speaks TLS, as in a hospital: Debian's Orthanc 1.10
    crashes when it does that itself.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.server)
    folder = tmp_path / "orthanc"
    folder.mkdir()
    with started_orthanc(
        folder,
        DicomTlsEnabled=True, DicomTlsRemoteCertificateRequired=True,
        DicomTlsCertificate=str(certificates.server), DicomTlsPrivateKey=str(certificates.server),
        DicomTlsTrustedCertificates=str(certificates.ca_file),
        AuthenticationEnabled=True, RegisteredUsers={"me": "open-sesame"},
    ) as orthanc, cutting_proxy(orthanc.http_port, context=context) as proxy:  # fmt: skip
        web = f"https://127.0.0.1:{proxy.port}/dicom-web"
        tls = f"{{ca_file: {certificates.ca_file}, certificate: {certificates.client}}}"
        ca_alone = f"{{ca_file: {certificates.ca_file}}}"
        other_ca = f"{{ca_file: {certificates.other_ca_file}}}"
        common = "attempts: 1"
        peers = tmp_path / "peers.yaml"
        peers.write_text(
            "peers:\n"
            f"  node: {{address: '{orthanc.address}', tls: {tls}, {common}}}\n"
            f"  anonymous: {{address: '{orthanc.address}', tls: {ca_alone}, {common}}}\n"
            f"  bare: {{address: '{orthanc.address}', timeout_s: 3, {common}}}\n"
            f"  web: {{address: '{web}', tls: {ca_alone}, user: me, {common}}}\n"
            f"  stranger: {{address: '{web}', tls: {ca_alone}, {common}}}\n"
            f"  forged: {{address: '{web}', tls: {other_ca}, user: me, {common}}}\n"
        )
        monkeypatch.setenv("OLIGOCOUNT_PACS_PEERS", str(peers))
        for name in ("anonymous", "bare", "stranger"):
            assert main(["send", str(case), "--to", name]) == 6
            assert "5 failed" in capsys.readouterr().out
        monkeypatch.setenv("OLIGOCOUNT_PACS_PASSWORD", "open-sesame")
        assert main(["send", str(case), "--to", "forged"]) == 6
        assert "certificate is not trusted" in capsys.readouterr().out
        for name in ("node", "web"):
            assert main(["send", str(case), "--to", name]) == 0
            out = tmp_path / name
            fetching = ["fetch", "--from", name, "--study", made.STUDY_UID, "-o", str(out)]
            assert main(fetching) == 0
            assert made.contents(out) == made.contents(case)
        assert "open-sesame" not in "".join(capsys.readouterr())
