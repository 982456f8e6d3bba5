"""Reading a table of predictions: csv, csv.gz, parquet, json lines; told apart by content, streamed in chunks."""

from audits.measures.tables.chunks import Chunk, Column
from audits.measures.tables.opening import Table, open_table
from audits.measures.tables.refusals import TableRejected, TooManyValues

__all__ = ["Chunk", "Column", "Table", "TableRejected", "TooManyValues", "open_table"]
