"""The bare floor: the least that a service written in Python does to answer a question and keep the answer.

Starlette on uvicorn with uvloop and httptools, asyncpg, onnxruntime. The same graph, and the same row in a table with the
same columns, defaults and indexes; no foreign keys. It asks nobody who they are, believes every value, warns of nothing
and seals nothing: what it leaves out is what the product is for. Nobody should run it.

    BARE_MODELS=name=graph.onnx,... BARE_DATABASE_URL=... BARE_SHARED=JSON uvicorn --app-dir benchmarks/peer bare:app

`BARE_SHARED`: the columns that all rows have in common, and their values.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
import onnxruntime
import orjson
import uuid_utils.compat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TABLE = "bare_predictions"
COPY_FROM = 50  # rows; for fewer, INSERTs in one go take less
OWN = ["id", "request_id", "row", "inputs", "outputs", "label", "score", "salt", "digest"]
SHARED = json.loads(os.environ["BARE_SHARED"])
COLUMNS = [*OWN, *SHARED]
INSERT = f"INSERT INTO {TABLE} ({', '.join(COLUMNS)}) VALUES ({', '.join(f'${n + 1}' for n in range(len(COLUMNS)))})"


class Model:
    """A graph with one matrix of numbers and the texts one by one, as the product's conversion makes it."""

    def __init__(self, graph: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self.session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self.matrix, *self.texts = (each.name for each in self.session.get_inputs())
        self.output = self.session.get_outputs()[0].name

    def scores(self, rows: list[list[Any]]) -> list[list[float]]:
        """Of rows whose numbers come first."""
        numbers = len(rows[0]) - len(self.texts)
        feeds = {self.matrix: np.array([row[:numbers] for row in rows], dtype=np.float64)}
        for place, name in enumerate(self.texts, numbers):
            feeds[name] = np.array([[row[place]] for row in rows], dtype=object)
        return self.session.run([self.output], feeds)[0].tolist()


MODELS = {
    name: Model(graph) for name, _, graph in (each.partition("=") for each in os.environ["BARE_MODELS"].split(","))
}


@asynccontextmanager
async def connected(app: Starlette) -> AsyncIterator[None]:
    """Connections for as long as the process lives."""
    shared = [UUID(value) if name.endswith("entry_id") else value for name, value in SHARED.items()]
    async with asyncpg.create_pool(os.environ["BARE_DATABASE_URL"], min_size=8, max_size=8) as pool:
        app.state.pool, app.state.shared = pool, shared
        yield


async def predict(request: Request) -> Response:
    """Answer the rows and store them."""
    inputs = orjson.loads(await request.body())["inputs"]
    rows = inputs if isinstance(inputs, list) else [inputs]
    scores = MODELS[request.path_params["model"]].scores([list(row.values()) for row in rows])
    call, told, stored = None, [], []
    for place, (row, (first, second)) in enumerate(zip(rows, scores, strict=True)):
        number = uuid_utils.compat.uuid7()
        call, noise = call or number, os.urandom(48)
        label = "leaves" if first >= 0.5 else "stays"
        outputs = {"label": label, "score": first, "probabilities": {"leaves": first, "stays": second}}
        texts = orjson.dumps(row).decode(), orjson.dumps(outputs).decode()
        stored.append((number, call, place, *texts, label, first, noise[:16], noise[16:], *request.app.state.shared))
        told.append({"id": number, "row": place, **outputs})
    async with request.app.state.pool.acquire() as connection:
        if len(stored) == 1:
            await connection.execute(INSERT, *stored[0])
        elif len(stored) < COPY_FROM:
            await connection.executemany(INSERT, stored)
        else:
            await connection.copy_records_to_table(TABLE, records=stored, columns=COLUMNS)
    return Response(orjson.dumps({"request_id": call, "predictions": told}), media_type="application/json")


async def prepare() -> None:
    """Make the table as the product's is. To be run by the owner of both."""
    connection = await asyncpg.connect(os.environ["BARE_DATABASE_URL"])
    await connection.execute(f"CREATE TABLE {TABLE} (LIKE predictions_prediction INCLUDING ALL)")
    await connection.close()


app = Starlette(routes=[Route("/predict/{model}", predict, methods=["POST"])], lifespan=connected)

if __name__ == "__main__":
    asyncio.run(prepare())
