"""A convolutional network in a repository without any pickle, from the Hub to the answers of each door."""

import base64
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from onnx import helper
from PIL import Image, ImageDraw

from examples.local_hub import LocalHub
from predictions.models import Prediction
from registry import background, pictures
from registry.exceptions import ImportRejected
from registry.models import ModelVersion
from tests.registry.graphs_built import CLASSES, IMAGE, Change, Convnet, write_convnet
from tests.registry.repositories import examined

REPO = "acme/convnet"
API = "/api/v1/models/reader/predict"
# What Python tells its auditors when a process is started or a pickle asks for a class.
STARTED = {"subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec", "os.system"}
UNPICKLED = "pickle.find_class"
PICKLES = (".joblib", ".pkl", ".pickle", ".skops")
seen: list[str] = []


def auditor(event: str, values: tuple[Any, ...]) -> None:
    opened_pickle = event == "open" and str(values[0]).endswith(PICKLES)
    if event in STARTED or event == UNPICKLED or opened_pickle:
        seen.append(event)


@pytest.fixture(scope="module", autouse=True)
def _audited() -> None:
    sys.addaudithook(auditor)  # it stays for good, so it does next to nothing


@pytest.fixture
def hub(tmp_path: Path, settings: Any) -> Iterator[LocalHub]:
    with LocalHub(tmp_path / "hub") as hub:
        settings.HUB_ENDPOINTS = {"loopback": hub.url}
        settings.HUB_TOKENS = {"loopback": "hf_loopback_secret"}
        yield hub


@pytest.fixture
def reader(hub: LocalHub, tmp_path: Path, administrator: User) -> ModelVersion:
    """The network, published, imported and promoted under the name “reader”."""
    folder = str(write_convnet(tmp_path / "convnet"))
    seen.clear()
    call_command("publish_model", folder, "--repo", REPO, "--endpoint", "loopback")
    call_command("track_model", "reader", "--repo", REPO, "--endpoint", "loopback")
    call_command("sync_models", "reader")
    call_command("promote", "reader", "--reason", "first", "--by", "administrator")
    return ModelVersion.objects.get()


# -- the import


def test_no_process_is_started_and_no_pickle_opened(reader: ModelVersion) -> None:
    assert seen == []
    assert (reader.status, reader.runtime, reader.reason) == ("ready", "onnx", "")
    assert reader.report["golden"]["cases"] == 10
    assert reader.report["golden"]["largest_difference"] < 1e-6
    paths = set(reader.files.values_list("path", flat=True))
    companions = {"golden.json", "reference.json", "background.csv", "README.md"}
    assert paths == companions | {"model.onnx", "model_manifest.json"}


def test_the_auditor_would_see_them(tmp_path: Path) -> None:
    import pickle
    import subprocess

    seen.clear()
    subprocess.run(["true"], check=True)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Path("x")))
    pickle.loads((tmp_path / "model.pkl").read_bytes())
    assert {"subprocess.Popen", "open", UNPICKLED} <= set(seen)


# -- the doors


def drawing(strokes: list[tuple[int, int]], kind: str = "PNG") -> bytes:
    """A picture of 60 by 50 pixels, dark strokes on light paper."""
    picture, content = Image.new("L", (60, 50), 240), BytesIO()
    ImageDraw.Draw(picture).line(strokes, fill=20, width=6)
    picture.save(content, kind)
    return content.getvalue()


KEYS = count()
ONE = [(30, 6), (30, 44)]
STROKES = {
    "one": ONE,
    "seven": [(15, 8), (45, 8), (25, 44)],
    "zero": [(20, 10), (40, 10), (40, 40), (20, 40), (20, 10)],
    "plus": [(30, 8), (30, 42), (30, 25), (12, 25), (48, 25)],
}


def reference(data: bytes) -> np.ndarray:
    """What the network answers in numpy."""
    found: np.ndarray = Convnet().predict_proba(pictures.read(data, IMAGE)[None])[0]
    return found


@pytest.fixture
def client(analyst: User) -> Client:
    browser = Client()
    browser.force_login(analyst)
    return browser


@pytest.fixture
def header(analyst: User, token: Callable[[User], str]) -> dict[str, str]:
    return {"authorization": token(analyst)}


def uploaded(data: bytes) -> BytesIO:
    upload = BytesIO(data)
    upload.name = "drawing.png"
    return upload


def through_the_form(client: Client, data: bytes, header: dict[str, str]) -> int:
    typed = {"image": uploaded(data), "idempotency_key": f"form-{next(KEYS)}"}
    return client.post("/predict/reader/", typed, follow=True).status_code


def through_multipart(client: Client, data: bytes, header: dict[str, str]) -> int:
    return Client().post(API, {"image": uploaded(data)}, headers=header).status_code


def through_json(client: Client, data: bytes, header: dict[str, str]) -> int:
    body = {"inputs": {"image": base64.b64encode(data).decode()}}
    return Client().post(API, body, content_type="application/json", headers=header).status_code


@pytest.mark.parametrize("door", [through_the_form, through_multipart, through_json], ids=lambda door: door.__name__)
def test_each_door_answers_what_the_network_does(
    reader: ModelVersion, client: Client, header: dict[str, str], door: Callable[..., int]
) -> None:
    labels = set()
    for strokes in STROKES.values():
        data = drawing(strokes)
        assert door(client, data, header) == 200
        stored = Prediction.objects.latest("id")
        expected = reference(data)
        probabilities = [stored.outputs["probabilities"][item["value"]] for item in CLASSES]
        assert np.abs(np.array(probabilities) - expected).max() < 1e-6
        assert stored.label == str(expected.argmax())
        assert np.shape(stored.inputs["image"]["values"]) == (1, 8, 8)
        labels.add(stored.label)
    assert len(labels) > 1


def test_the_record_shows_what_the_network_saw(reader: ModelVersion, client: Client, header: dict[str, str]) -> None:
    data = drawing(ONE)
    assert through_the_form(client, data, header) == 200
    record = Prediction.objects.get()
    page = client.get(f"/history/{record.pk}/")
    assert np.allclose(page.context["page"].picture, pictures.read(data, IMAGE)[0] / 16)


def test_no_reasons_are_made_up_for_a_picture(reader: ModelVersion, header: dict[str, str]) -> None:
    sample = background.of(reader)
    assert sample is not None
    assert sample["image"].shape == (40, 1, 8, 8)  # what explanations of pictures would start from
    body = {"inputs": {"image": base64.b64encode(drawing(ONE)).decode()}, "explain": True}
    response = Client().post(API, body, content_type="application/json", headers=header)
    assert response.status_code == 200, response.content
    assert response.json()["predictions"][0]["explanation"] is None


# -- what people get wrong when they export one


def without_softmax(model: onnx.ModelProto) -> None:
    model.graph.node.pop()
    model.graph.node[-1].output[0] = "probabilities"


def one_row(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1


def ten_rows(model: onnx.ModelProto) -> None:
    """As many as there are golden rows: they would come out right, and every later question fail."""
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 10


def larger(model: onnx.ModelProto) -> None:
    for axis in (2, 3):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_value = 28


def two_inputs(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("mask", onnx.TensorProto.FLOAT, ["rows", 1, 8, 8]))


def mixes_rows(model: onnx.ModelProto) -> None:
    """A normalisation left in training mode: each row is compared with the others of its call."""
    model.graph.node[0].output[0] = "raw"
    model.graph.node.insert(1, helper.make_node("ReduceMean", ["raw"], ["mean"], keepdims=1))
    model.graph.node.insert(2, helper.make_node("Sub", ["raw", "mean"], ["scaled"]))


class AsExported:
    """An estimator that answers what the changed graph does, all rows at once, as its author's golden rows would."""

    def __init__(self, change: Change) -> None:
        import onnxruntime

        model = Convnet().model()
        change(model)
        self.session = onnxruntime.InferenceSession(model.SerializeToString())

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        answer = self.session.run(None, {"image": x.reshape(-1, 1, 8, 8).astype(np.float32)})[0]
        return np.asarray(answer, dtype=float)


REFUSED = {
    without_softmax: "probabilities do not add up to one",
    one_row: "takes exactly 1 row at a time; leave the first axis free",
    ten_rows: "takes exactly 10 rows at a time; leave the first axis free",
    larger: "takes pictures of the shape 1 x 28 x 28; the manifest describes 1 x 8 x 8",
    two_inputs: "takes 2 inputs; a picture is one",
}


@pytest.mark.parametrize("change", REFUSED, ids=lambda change: change.__name__)
def test_graph_that_is_refused(tmp_path: Path, change: Change) -> None:
    with pytest.raises(ImportRejected, match=REFUSED[change]):
        examined(write_convnet(tmp_path, change))


def test_graph_whose_rows_depend_on_each_other(tmp_path: Path) -> None:
    folder = write_convnet(tmp_path, mixes_rows, estimator=AsExported(mixes_rows))
    with pytest.raises(ImportRejected, match=r"“case-\d+” comes out differently alone than among others, by "):
        examined(folder)


def test_manifest_of_another_layout(tmp_path: Path) -> None:
    flat = IMAGE | {"layout": "flat"}
    golden = np.random.default_rng(1).integers(0, 17, size=(10, 64))
    with pytest.raises(ImportRejected, match="of the shape 1 x 8 x 8; the manifest describes 64"):
        examined(write_convnet(tmp_path, inputs={"image": flat}, x_golden=golden))
