"""The tables of the ledger, and how an older ledger is brought up to them."""

import sqlite3
from pathlib import Path

from oligocount.errors import PublishError

_SCHEMA_VERSION = 2
_SCHEMA = """
CREATE TABLE cases (
  case_id TEXT PRIMARY KEY,
  input TEXT NOT NULL,
  given TEXT NOT NULL DEFAULT '{}',
  listed INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE attempts (
  case_id TEXT NOT NULL REFERENCES cases(case_id),
  attempt INTEGER NOT NULL,
  state TEXT NOT NULL,
  stage TEXT,
  error_class TEXT,
  error TEXT,
  started TEXT NOT NULL,
  ended TEXT,
  seconds REAL,
  stage_seconds TEXT NOT NULL DEFAULT '{}',
  stage_peak_mib TEXT NOT NULL DEFAULT '{}',
  peak_mib REAL,
  input_digest TEXT NOT NULL,
  settings_digest TEXT NOT NULL,
  models_digest TEXT NOT NULL,
  PRIMARY KEY (case_id, attempt)
);
CREATE TABLE refused (place TEXT PRIMARY KEY, reason TEXT NOT NULL);
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE VIEW latest AS
  SELECT a.*, c.input FROM attempts a JOIN cases c USING (case_id)
  WHERE c.listed AND a.attempt = (SELECT max(attempt) FROM attempts b WHERE b.case_id = a.case_id);
"""
_FROM_FORM_1 = "ALTER TABLE attempts ADD COLUMN stage_peak_mib TEXT NOT NULL DEFAULT '{}';"


def create_tables(connection: sqlite3.Connection, file: Path) -> None:
    """The database has the tables of this form, made anew or brought up from an older form."""
    refuse_newer(connection, file)
    form = connection.execute("PRAGMA user_version").fetchone()[0]
    steps = {0: _SCHEMA, 1: _FROM_FORM_1}
    if form in steps:
        connection.executescript(
            f"BEGIN; {steps[form]} PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;"
        )


def refuse_newer(connection: sqlite3.Connection, file: Path) -> None:
    """Raise PublishError for a ledger that a later version has written."""
    form = connection.execute("PRAGMA user_version").fetchone()[0]
    if form > _SCHEMA_VERSION:
        raise PublishError(
            f"{file}: written in form {form}, this version reads up to form {_SCHEMA_VERSION};"
            " choose another output folder"
        )
