"""Frames into one file, page by page: Parquet or CSV. The same pages make the same bytes."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

_TIME = "%Y-%m-%dT%H:%M:%S%.6fZ"


class ParquetFile:
    """A row group a page; the position it was taken at is in the file's metadata."""

    def __init__(self, path: Path, schema: pl.Schema, position: int) -> None:
        arrow = pl.DataFrame(schema=schema).to_arrow().schema
        self._schema = arrow.with_metadata({"tereze.position": str(position)})
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")

    def add(self, page: pl.DataFrame) -> None:
        """Write a page."""
        self._writer.write_table(page.to_arrow().replace_schema_metadata(self._schema.metadata))

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


class CsvFile:
    """UTF-8 with a header; times in UTC."""

    def __init__(self, path: Path, schema: pl.Schema) -> None:
        self._file = path.open("wb")
        self._write(pl.DataFrame(schema=schema), header=True)

    def add(self, page: pl.DataFrame) -> None:
        """Write a page."""
        self._write(page, header=False)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def _write(self, page: pl.DataFrame, *, header: bool) -> None:
        page.write_csv(self._file, include_header=header, datetime_format=_TIME)
