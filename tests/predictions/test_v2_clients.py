"""NVIDIA's client, unchanged, against a real server; and the snippets of the documentation."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.contrib.auth.models import User

from predictions.models import Prediction
from registry.models import ModelVersion
from tests.predictions.test_bad_uploads import gunicorn_port, server  # noqa: F401  fixtures
from tests.predictions.test_v2_pictures import files_of, pixels_of
from tests.worlds import IRIS, ROOT

COMMITTED = pytest.mark.django_db(transaction=True)
PAGE = ROOT / "docs" / "inference-protocol.md"

# In a process of its own: the client brings gevent, which this one has no use for. It writes into the headers that it is
# given, and would send the length of one question's JSON with the next.
BEGIN = """
import json, os, sys
import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

given = json.load(sys.stdin)
headers = {"Authorization": given["token"]}
client = triton.InferenceServerClient(given["address"])

def tensor(name, kind, values, **more):
    column = np.array(values, {"FP32": np.float32, "FP64": np.float64, "INT64": np.int64, "UINT8": np.uint8,
                               "BOOL": np.bool_, "BYTES": np.object_}[kind])
    return triton.InferInput(name, list(column.shape), kind).set_data_from_numpy(column, **more)

def wanted(*names, **more):
    return [triton.InferRequestedOutput(name, **more) for name in names]

def told(result):
    label, score = result.as_numpy("label"), result.as_numpy("score")
    texts = None if label is None else [x.decode() if isinstance(x, bytes) else x for x in label.ravel()]
    return {"label": texts, "score": None if score is None else score.ravel().tolist(),
            "response": result.get_response()}

def refusal(call):
    try:
        call()
    except InferenceServerException as error:
        return [error.status(), error.message()]

found = {}
"""
FLOWERS = """
rows = given["rows"]
names = list(rows[0])
def flowers(kind="FP64", **more):
    return [tensor(name, kind, [[row[name]] for row in rows], **more) for name in names]

found["live"] = client.is_server_live()
found["ready"] = client.is_server_ready()
found["server"] = client.get_server_metadata(headers=dict(headers))
found["metadata"] = client.get_model_metadata("iris", headers=dict(headers))
found["model_ready"] = [client.is_model_ready(name, headers=dict(headers)) for name in ("iris", "nothing")]
found["version_ready"] = client.is_model_ready("iris", "1", headers=dict(headers))
found["binary"] = told(client.infer("iris", flowers(), headers=dict(headers), request_id="a-1"))
found["json"] = told(client.infer("iris", flowers(binary_data=False), headers=dict(headers),
                                  outputs=wanted("label", "score", binary_data=False)))
found["mixed"] = told(client.infer("iris", [*flowers()[:2], *flowers(binary_data=False)[2:]], headers=dict(headers),
                                   outputs=wanted("score") + wanted("label", binary_data=False)))
found["single"] = told(client.infer("iris", flowers("FP32"), headers=dict(headers), model_version="1"))
found["texts"] = told(client.infer("iris", [tensor(name, "BYTES", [str(row[name]) for row in rows]) for name in names],
                                   headers=dict(headers)))
for name in ("gzip", "deflate"):
    found[name] = told(client.infer("iris", flowers(), headers=dict(headers), request_compression_algorithm=name,
                                    response_compression_algorithm=name))
one = dict(headers, **{"Idempotency-Key": "once"})
found["first"] = told(client.infer("iris", flowers(), headers=dict(one), parameters={"explain": True}))
found["again"] = told(client.infer("iris", flowers(), headers=dict(one), parameters={"explain": True}))
found["later"] = told(client.async_infer("iris", flowers(), headers=dict(headers)).get_result())
found["refused"] = {
    "value": refusal(lambda: client.infer("iris", [*flowers()[:3], tensor("petal_width", "FP64", [99.0, 0.2])],
                                          headers=dict(headers))),
    "output": refusal(lambda: client.infer("iris", flowers(), outputs=wanted("nothing"), headers=dict(headers))),
    "classes": refusal(lambda: client.infer("iris", flowers(), outputs=wanted("label", class_count=2), headers=dict(headers))),
    "model": refusal(lambda: client.infer("nothing", flowers(), headers=dict(headers))),
    "version": refusal(lambda: client.infer("iris", flowers(), model_version="7", headers=dict(headers))),
    "token": refusal(lambda: client.infer("iris", flowers())),
    "metadata": refusal(lambda: client.get_model_metadata("nothing", headers=dict(headers))),
}
print(json.dumps(found))
"""
PEOPLE = """
kinds = {str: "BYTES", int: "INT64", float: "FP64", bool: "BOOL"}
for name, more in (("binary", {}), ("json", {"binary_data": False})):
    inputs = [tensor(field, kinds[type(value)], [[value]], **more) for field, value in given["row"].items()]
    found[name] = told(client.infer("attrition", inputs, headers=dict(headers)))
pixels = np.array(given["pixels"], np.uint8)
found["shape"] = client.get_model_metadata("digits", headers=dict(headers))["inputs"]
found["uint8"] = told(client.infer("digits", [tensor("image", "UINT8", pixels)], headers=dict(headers)))
found["fp32"] = told(client.infer("digits", [tensor("image", "FP32", pixels[..., None] / 255 * 16)], headers=dict(headers)))
files = [bytes.fromhex(text) for text in given["files"]]
found["files"] = told(client.infer("digits", [tensor("image", "BYTES", files)], headers=dict(headers)))
print(json.dumps(found))
"""


def run(script: str, server: str, **given: Any) -> dict[str, Any]:  # noqa: F811
    """What a script of the client prints."""
    text = json.dumps({"address": server.removeprefix("http://"), **given})
    command = [sys.executable, "-c", BEGIN + script]
    done = subprocess.run(command, check=False, input=text, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@COMMITTED
def test_tritonclient_works_unchanged(server: str, iris: ModelVersion, analyst: User, token) -> None:  # noqa: F811
    rows = [IRIS, {"sepal_length": 6.7, "sepal_width": 3.0, "petal_length": 5.8, "petal_width": 2.3}]
    found = run(FLOWERS, server, token=token(analyst), rows=rows)
    assert (found["live"], found["server"]["extensions"]) == (True, ["binary_tensor_data"])
    assert isinstance(found["ready"], bool)
    assert (found["model_ready"], found["version_ready"]) == ([True, False], True)
    assert {item["name"]: (item["datatype"], item["shape"]) for item in found["metadata"]["inputs"]} == {
        name: ("FP64", [-1, 1]) for name in IRIS
    }
    scores = found["binary"]["score"]
    for way in ("binary", "json", "mixed", "single", "texts", "gzip", "deflate", "first", "again", "later"):
        assert found[way]["label"] == ["setosa", "virginica"], way
        assert found[way]["score"] == scores, way
    assert found["binary"]["response"]["id"] == "a-1"
    assert [item["name"] for item in found["mixed"]["response"]["outputs"]] == ["score", "label"]
    check_replay(*(found[way]["response"]["parameters"] for way in ("first", "again")))
    check_refusals(found["refused"])
    answers = Prediction.objects.filter(source="v2")
    assert len({repr(row.inputs) for row in answers}) == 2  # whatever way they were sent
    assert answers.count() == 9 * 2


def check_replay(first: dict[str, Any], again: dict[str, Any]) -> None:
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first["prediction_ids"] == again["prediction_ids"]
    assert len(json.loads(first["explanations"])) == 2


def check_refusals(refused: dict[str, Any]) -> None:
    assert {name: status for name, (status, _text) in refused.items()} == {
        **dict.fromkeys(("value", "output", "classes"), "400"),
        **dict.fromkeys(("model", "version", "metadata"), "404"),
        "token": "401",
    }
    assert refused["value"][1].startswith("Row 0, “petal_width”: Enter “Petal width” between")
    assert refused["output"][1] == "There is no output “nothing”. This model has label, score, probabilities."
    assert "neither classification" in refused["classes"][1]


@COMMITTED
def test_tritonclient_sends_texts_and_pictures(
    server: str,  # noqa: F811
    promoted,
    example,
    analyst: User,
    token,
    call,
) -> None:
    version: ModelVersion = promoted("attrition")
    promoted("digits")
    files = list(files_of(example("digits"), 10))[::3]
    pixels = np.stack([pixels_of(file) for file in files])
    first = pd.read_csv(example("attrition") / "test_set.csv", nrows=1).to_dict("records")[0]
    row = {feature.name: first[feature.name] for feature in version.parsed_signature().features}
    sent = {"row": row, "pixels": pixels.tolist(), "files": [file.hex() for file in files]}
    found = run(PEOPLE, server, token=token(analyst), **sent)
    (expected,) = call({"model": "attrition", "inputs": row}).json()["predictions"]
    for way in ("binary", "json"):
        assert (found[way]["label"], found[way]["score"]) == ([expected["label"]], [expected["score"]])
    assert found["shape"][0]["shape"] == [-1, 8, 8, 1]
    for way in ("fp32", "files"):
        assert found[way]["label"] == found["uint8"]["label"]
        assert found[way]["score"] == found["uint8"]["score"]
    assert len(set(found["uint8"]["label"])) > 1


def blocks(kind: str) -> list[str]:
    """The snippets of the page, in its order."""
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@COMMITTED
def test_the_snippets_of_the_page_work(
    server: str,  # noqa: F811
    iris: ModelVersion,
    promoted,
    analyst: User,
    token,
    tmp_path: Path,
) -> None:
    promoted("digits")
    environment = {**os.environ, "FUTURISYS": server, "TOKEN": token(analyst).removeprefix("Token ")}
    (curl,) = blocks("bash")
    commands = [["bash", "-euc", curl], [sys.executable, "-c", "\n".join(blocks("python"))]]
    texts = []
    for command in commands:
        done = subprocess.run(
            command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        texts.append(done.stdout)
    shown, answered = json.loads(blocks("json")[0]), json.loads(texts[0])
    assert set(shown) == set(answered)
    assert set(shown["parameters"]) == set(answered["parameters"])
    assert [set(item) for item in shown["outputs"]] == [set(item) for item in answered["outputs"]]
    assert "[b'setosa' b'virginica']" in texts[1]
    assert texts[1].rstrip().endswith("[b'1']")
    assert Prediction.objects.filter(source="v2").count() == 4
