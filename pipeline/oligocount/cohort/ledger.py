"""The ledger: one row a case and attempt, in SQLite with a write-ahead log.

Only the coordinator writes, each change in its own transaction: whatever moment a process is
killed at, the file says what was true just before. A reader (`status`) never blocks it.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Self

from oligocount.cohort.ledger_form import create_tables, refuse_newer
from oligocount.cohort.manifest import CohortCase
from oligocount.errors import PublishError

LEDGER_NAME = "ledger.sqlite"


class State(Enum):
    """How an attempt stands. INTERRUPTED: its batch ended before it did; it runs again."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """What a result follows from; equal digests mean that a finished case stands."""

    input: str
    settings: str
    models: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one attempt ended. `error_class` and `error` are None when it is done.

    An INTERRUPTED one met something that every other case would meet too: a full disk, a model
    that is not there.
    """

    state: State
    stage: str | None = None
    error_class: str | None = None
    error: str | None = None
    seconds: float = 0.0
    stage_seconds: Mapping[str, float] = field(default_factory=dict)
    stage_peak_mib: Mapping[str, float] = field(default_factory=dict)
    peak_mib: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One row of the ledger."""

    case_id: str
    attempt: int
    digests: Digests
    started: datetime
    outcome: Outcome


class Ledger:
    """An open ledger. Raises PublishError when the file cannot be opened or written."""

    def __init__(self, connection: sqlite3.Connection, file: Path) -> None:
        self._connection = connection
        self._file = file

    @classmethod
    def open(cls, out: Path) -> Self:
        """The ledger of a cohort folder, created when absent; only the lock's holder may."""
        file = out / LEDGER_NAME
        with _translated(file):
            connection = sqlite3.connect(file, timeout=30.0, isolation_level=None)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            create_tables(connection, file)
        return cls(connection, file)

    @classmethod
    def open_read_only(cls, out: Path) -> Self:
        """The ledger of a running or ended batch, for reading alone."""
        file = out / LEDGER_NAME
        if not file.is_file():
            raise PublishError(f"{out}: no batch has run here (it holds no {LEDGER_NAME})")
        with _translated(file):
            connection = sqlite3.connect(file, timeout=30.0, isolation_level=None)
            connection.execute("PRAGMA query_only=ON")
            refuse_newer(connection, file)
        return cls(connection, file)

    def close(self) -> None:
        """Nothing is written after this."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def list_cases(self, cases: Iterable[CohortCase], refused: Mapping[str, str]) -> None:
        """These cases belong to the cohort; `refused` are the rows that cannot run."""
        rows = ((one.case_id, str(one.input), json.dumps(dict(one.given))) for one in cases)
        with self._transaction() as run:
            run.executemany(
                "INSERT INTO cases (case_id, input, given) VALUES (?, ?, ?)"
                " ON CONFLICT (case_id)"
                " DO UPDATE SET input = excluded.input, given = excluded.given, listed = 1",
                rows,
            )
            run.execute("DELETE FROM refused")
            run.executemany("INSERT INTO refused VALUES (?, ?)", refused.items())

    def unlist_cases(self) -> None:
        """The cohort is empty; what was done for earlier cohorts stays, unlisted."""
        with self._transaction() as run:
            run.execute("UPDATE cases SET listed = 0")

    def close_interrupted(self) -> int:
        """Every attempt that a dead batch left running is interrupted; returns how many."""
        with self._transaction() as run:
            done = run.execute(
                "UPDATE attempts SET state = ?, ended = ? WHERE state = ?",
                (State.INTERRUPTED.value, _now(), State.RUNNING.value),
            )
            return done.rowcount

    def begin(self, case_id: str, digests: Digests) -> int:
        """A new attempt is running; returns its number, from 1."""
        with self._transaction() as run:
            row = run.execute(
                "INSERT INTO attempts (case_id, attempt, state, started, input_digest,"
                " settings_digest, models_digest) SELECT ?, coalesce(max(attempt), 0) + 1,"
                " ?, ?, ?, ?, ? FROM attempts WHERE case_id = ? RETURNING attempt",
                (case_id, State.RUNNING.value, _now(), digests.input, digests.settings,
                 digests.models, case_id),
            ).fetchone()  # fmt: skip
            return int(row[0])

    def enter_stage(self, case_id: str, attempt: int, stage: str) -> None:
        """The running attempt has reached a stage; its first stage is when it started."""
        with self._transaction() as run:
            run.execute(
                "UPDATE attempts SET stage = ?, started = iif(stage IS NULL, ?, started)"
                " WHERE case_id = ? AND attempt = ? AND state = ?",
                (stage, _now(), case_id, attempt, State.RUNNING.value),
            )

    def forget_input(self, case_id: str, attempt: int) -> None:
        """The attempt did not see its whole input: the next batch runs the case again."""
        with self._transaction() as run:
            run.execute(
                "UPDATE attempts SET input_digest = '' WHERE case_id = ? AND attempt = ?",
                (case_id, attempt),
            )

    def end(self, case_id: str, attempt: int, outcome: Outcome) -> None:
        """The attempt has ended; an attempt ends once."""
        with self._transaction() as run:
            run.execute(
                "UPDATE attempts SET state = ?, stage = ?, error_class = ?, error = ?, ended = ?,"
                " seconds = ?, stage_seconds = ?, stage_peak_mib = ?, peak_mib = ?"
                " WHERE case_id = ? AND attempt = ? AND ended IS NULL",
                (outcome.state.value, outcome.stage, outcome.error_class, outcome.error, _now(),
                 outcome.seconds, json.dumps(dict(outcome.stage_seconds)),
                 json.dumps(dict(outcome.stage_peak_mib)), outcome.peak_mib, case_id, attempt),
            )  # fmt: skip

    def write_note(self, name: str, value: str) -> None:
        """A fact of the batch (when it started, where its dashboard is) is kept under a name."""
        with self._transaction() as run:
            run.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))

    def notes(self) -> dict[str, str]:
        """Every note."""
        with _translated(self._file):
            return dict(self._connection.execute("SELECT name, value FROM notes").fetchall())

    def refused(self) -> dict[str, str]:
        """Rows of the manifest that cannot run, with the reason."""
        with _translated(self._file):
            return dict(self._connection.execute("SELECT place, reason FROM refused").fetchall())

    def given(self) -> dict[str, str]:
        """Each case of the present cohort, by name, with what its row carries along (JSON)."""
        with _translated(self._file):
            return dict(
                self._connection.execute(
                    "SELECT case_id, given FROM cases WHERE listed ORDER BY case_id"
                ).fetchall()
            )

    def latest(self) -> Iterator[Attempt]:
        """The last attempt of each case of the present cohort, by case."""
        yield from self._attempts("SELECT * FROM latest ORDER BY case_id")

    def history(self) -> Iterator[Attempt]:
        """Every attempt ever made, by case and number."""
        yield from self._attempts("SELECT * FROM attempts ORDER BY case_id, attempt")

    def _attempts(self, query: str) -> Iterable[Attempt]:
        with _translated(self._file):
            cursor = self._connection.execute(query)
            names = [column[0] for column in cursor.description]
            for row in cursor:
                yield _attempt(dict(zip(names, row, strict=True)))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        # the connection's own block commits, or takes back what ended in any error
        with _translated(self._file), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection


@contextmanager
def _translated(file: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise PublishError(f"{file}: the ledger cannot be read or written: {error}") from error


def _attempt(row: Mapping[str, object]) -> Attempt:
    peak = row["peak_mib"]
    return Attempt(
        case_id=str(row["case_id"]),
        attempt=int(str(row["attempt"])),
        digests=Digests(
            input=str(row["input_digest"]),
            settings=str(row["settings_digest"]),
            models=str(row["models_digest"]),
        ),
        started=datetime.fromisoformat(str(row["started"])),
        outcome=Outcome(
            state=State(row["state"]),
            stage=_text(row["stage"]),
            error_class=_text(row["error_class"]),
            error=_text(row["error"]),
            seconds=float(str(row["seconds"] or 0.0)),
            stage_seconds=json.loads(str(row["stage_seconds"])),
            stage_peak_mib=json.loads(str(row.get("stage_peak_mib") or "{}")),
            peak_mib=None if peak is None else float(str(peak)),
        ),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
