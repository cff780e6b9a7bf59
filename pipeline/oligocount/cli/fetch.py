"""Fetches studies from an archive (PACS) into folders that `run`, `inspect` and `batch` read.

A study is found by its Study Instance UID, by accession number or by patient number. The last two
may name a person, so they come from a file (a value a line) or from stdin (-), never from the
command line, and are never printed. A value must match exactly; one that several studies share is
refused with a list of them, unless --all.

A study stands in DIR/STUDY-UID/SERIES-UID/OBJECT-UID.dcm once it is whole, so that
`oligocount batch --watch DIR -o OUT` takes it from there. What came before a connection broke stays
in DIR/.STUDY-UID.part, and the same command again fetches the rest.

The archive is HOST:PORT/AE-TITLE (C-FIND, then C-MOVE where `listen` tells a port of ours that the
archive knows, else C-GET), the URL of a DICOMweb service (QIDO-RS, WADO-RS), or a NAME of the
peers file; `oligocount send --help` shows that file, TLS, and where secrets may stand.

examples:
  oligocount fetch --from clinic --list --accession -  < accession.txt
  oligocount fetch --from clinic --study 1.2.840.113619.2.290.3 -o inbox
  oligocount fetch --from web --accession accessions.txt --modality PT,CT -o inbox

Exit status: 0 every study is whole; 2 the peer cannot be used; 3 no study, or no one study, has a
value; 6 something is missing or could not be written, with the reason.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from oligocount.errors import ConfigError, InputError, PublishError
from oligocount.pacs import Archive, Peer, connect, find_peer
from oligocount.pacs.archive import Key, KeyKind, SeriesFound, StudyFound
from oligocount.pacs.fetch import Fetched, describe, fetch_study, find_studies, refuse_many


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what this command takes."""
    parser.add_argument(
        "--from", required=True, dest="source", metavar="PEER", help="the archive; see above"
    )
    parser.add_argument("--peers", type=Path, metavar="FILE", help="archives by name")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--study", nargs="+", metavar="UID", help="Study Instance UIDs")
    what.add_argument("--accession", metavar="FILE", help="accession numbers, one a line; - stdin")
    what.add_argument("--patient", metavar="FILE", help="patient numbers, one a line; - stdin")
    parser.add_argument("-o", "--out", type=Path, metavar="DIR", help="where studies go")
    parser.add_argument("--list", action="store_true", help="say what is there, fetch nothing")
    parser.add_argument("--all", action="store_true", help="take every study with the value")
    parser.add_argument("--modality", metavar="PT,CT", help="only series of these modalities")


def execute(arguments: argparse.Namespace) -> int:
    """Fetch or list; 0 when nothing is missing."""
    if arguments.list == (arguments.out is not None):
        raise ConfigError("expected either -o DIR or --list")
    keys = _keys(arguments)
    peer = find_peer(arguments.source, arguments.peers)
    archive = connect(peer)
    statuses = [0]
    done: set[str] = set()
    for number, key in enumerate(keys, 1):
        where = f"value {number}: " if len(keys) > 1 else ""
        try:
            for study in _found(key, archive, peer, arguments):
                if study.uid not in done:
                    statuses.append(_take(study, archive, peer, arguments))
                done.add(study.uid)
        except (InputError, PublishError) as error:
            _tell(f"{where}{error}")
            statuses.append(error.exit_status)
    return max(statuses)


def _keys(arguments: argparse.Namespace) -> tuple[Key, ...]:
    if arguments.study:
        return tuple(Key(KeyKind.STUDY, each) for each in arguments.study)
    kind = KeyKind.ACCESSION if arguments.accession else KeyKind.PATIENT
    values = [line.strip() for line in _text(arguments.accession or arguments.patient).splitlines()]
    keys = tuple(Key(kind, each) for each in values if each)
    if not keys:
        raise InputError(f"{arguments.accession or arguments.patient}: holds no value")
    return keys


def _text(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except OSError as error:  # a number given in place of a file is not repeated
        raise InputError(f"expected a file with a value a line: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{file}: expected UTF-8 text") from None


def _found(
    key: Key, archive: Archive, peer: Peer, arguments: argparse.Namespace
) -> tuple[StudyFound, ...]:
    found = find_studies(key, archive, peer.patience, _tell)
    if not (arguments.list or arguments.all):
        refuse_many(found, key)
    return found


def _take(study: StudyFound, archive: Archive, peer: Peer, arguments: argparse.Namespace) -> int:
    """List or fetch one study; the status."""
    print(describe(study), flush=True)
    if arguments.list:
        return 0
    fetched = fetch_study(
        study.uid, archive, peer.patience, arguments.out,
        modalities=frozenset(filter(None, (arguments.modality or "").upper().split(","))),
        progress=_show, tell=_tell,
    )  # fmt: skip
    for line in _lines(fetched):
        print(line, flush=True)
    return 0 if fetched.is_whole else PublishError.exit_status


def _lines(fetched: Fetched) -> Iterator[str]:
    for each in fetched.series:
        n_here = each.n_listed - each.n_missing
        mark = "FAILED" if each.n_missing else "      "
        reason = f": {each.reason}" if each.reason else ""
        yield (
            f"  {mark}  {each.modality:<8} {each.uid}  {n_here} of {each.n_listed}, "
            f"{each.n_new} new{reason}"
        )
    yield f"  {'whole' if fetched.is_whole else 'not whole, and kept'}: {fetched.folder}"


def _show(series: SeriesFound, n_here: int) -> None:
    """A line that redraws itself where somebody looks."""
    if sys.stderr.isatty():
        n_listed = len(series.objects)
        sys.stderr.write(f"\r\x1b[K{series.modality}: {min(n_here, n_listed)} of {n_listed}")
        sys.stderr.write("\r\x1b[K" if n_here >= n_listed else "")
        sys.stderr.flush()


def _tell(text: str) -> None:
    print(f"oligocount fetch: {text}", file=sys.stderr, flush=True)
