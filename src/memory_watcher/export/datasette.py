"""A metadata file for Datasette, with questions to a recording that it opens as it is.

memory-watcher export datasette-metadata server.db -o metadata.json
datasette server.db -m metadata.json
"""

from __future__ import annotations

import json
import os
from typing import BinaryIO

from ..store.canned_queries import QUERIES
from .request import Request

#: What is large or only makes sense to this program is not offered as a table to look at.
_HIDDEN = ("usage_rows", "usages", "mapping_rows", "details", "files", "escaped_texts", "data")


def write(request: Request, out: BinaryIO) -> None:
    """Write the metadata; Datasette calls a database by its file's name without the ending."""
    name = os.path.splitext(os.path.basename(request.recording.path))[0]
    database = {
        "description": "A recording of memory-watcher. Sizes in tables are bytes, times nanoseconds"
        " UTC; the questions below have MiB.",
        "queries": {
            query.name: {"title": query.title, "description": query.about, "sql": query.sql}
            for query in QUERIES
        },
        "tables": {table: {"hidden": True} for table in _HIDDEN},
    }
    out.write(json.dumps({"databases": {name: database}}, indent=2).encode() + b"\n")
