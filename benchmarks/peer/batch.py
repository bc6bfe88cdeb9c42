"""What somebody writes in an afternoon who has a file, a model and a table: read, predict, COPY. One process.

    python benchmarks/peer/batch.py FILE GRAPH --database URL --table NAME --shared JSON

It trusts every cell, checks nothing, seals nothing, and starts again from the beginning when it is killed: one
transaction. `--shared` are the columns that all rows have in common, as {name: text}. Prints rows, seconds, peak MB.
"""

import argparse
import csv
import json
import resource
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import orjson
import psycopg
import uuid_utils.compat

AT_ONCE = 5_000
OWN = ["id", "request_id", "row", "key", "inputs", "outputs", "label", "score"]
NUMBERS = 22  # columns; the texts come after them


def answers(file: Any, session: Any) -> Iterator[tuple[Any, ...]]:
    """The values of OWN for each row of the file: its key, then the model's numbers and texts."""
    reader = csv.reader(file)
    names = next(reader)[1:]
    matrix, *texts = (each.name for each in session.get_inputs())
    (output,) = (each.name for each in session.get_outputs())
    while rows := list(islice(reader, AT_ONCE)):
        keys, *columns = zip(*rows, strict=True)
        numbers = [list(map(int, column)) for column in columns[:NUMBERS]]
        feeds = {matrix: np.array(numbers, dtype=np.float64).T}
        for name, column in zip(texts, columns[NUMBERS:], strict=True):
            feeds[name] = np.array(column, dtype=object).reshape(-1, 1)
        scores = session.run([output], feeds)[0].tolist()
        values = zip(*numbers, *columns[NUMBERS:], strict=True)
        for row, (key, inputs, (first, second)) in enumerate(zip(keys, values, scores, strict=True)):
            label = "leaves" if first >= 0.5 else "stays"
            outputs = {"label": label, "score": first, "probabilities": {"leaves": first, "stays": second}}
            number = uuid_utils.compat.uuid7()
            asked = orjson.dumps(dict(zip(names, inputs, strict=True))).decode()
            yield number, number, row, key, asked, orjson.dumps(outputs).decode(), label, first


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Read a file, predict, COPY.")
    parser.add_argument("file", type=Path)
    parser.add_argument("graph")
    parser.add_argument("--database", required=True)
    parser.add_argument("--table", required=True)
    parser.add_argument("--shared", type=json.loads, default={})
    options = parser.parse_args()
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    settings.log_severity_level = 4
    session = onnxruntime.InferenceSession(options.graph, settings)
    names, shared = ", ".join([*OWN, *options.shared]), tuple(options.shared.values())
    begun, rows = time.perf_counter(), 0
    with (
        options.file.open(newline="", encoding="utf-8") as file,
        psycopg.connect(options.database) as connection,
        connection.cursor().copy(f"COPY {options.table} ({names}) FROM STDIN") as copy,
    ):
        for values in answers(file, session):
            copy.write_row((*values, *shared))
            rows += 1
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps({"rows": rows, "seconds": round(seconds, 2), "peak_mb": round(peak, 1)}))


if __name__ == "__main__":
    main()
