"""What the server and its models say of themselves."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from predictions.api.inference_protocol import outputs, pictures
from registry import runtimes, serving
from registry.exceptions import UnknownModel
from registry.models import ModelVersion
from registry.runtimes.base import RuntimeFailed
from registry.signature import Feature

NAME = "Futurisys"
EXTENSIONS = ["binary_tensor_data"]
PLATFORMS = {"onnx": "onnxruntime_onnx", "isolated": "python_isolated"}
FILES = "BYTES of the shape [-1] work too: PNG or JPEG files, in JSON as base64."
DATATYPES = {"number": "FP64", "integer": "INT64", "boolean": "BOOL", "string": "BYTES"}


def server() -> dict[str, Any]:
    """Name, version, and what is offered beyond the protocol."""
    return {"name": NAME, "version": settings.VERSION, "extensions": EXTENSIONS}


def version_of(name: str, number: int | None) -> ModelVersion:
    """The version that answers, or the one of a number, also while the model is suspended. Raises UnknownModel."""
    champion, _is_suspended = serving.in_charge(name)
    if number is None or number == champion.number:
        return champion
    ready = ModelVersion.objects.ready().filter(is_draft=False, model=champion.model_id).select_related("model")
    found = ready.filter(number=number).first()
    if found is None:
        values = {"name": name, "number": number}
        raise UnknownModel(_("The model “%(name)s” has no ready version %(number)s.") % values)
    return found


def model(version: ModelVersion) -> dict[str, Any]:
    """What a version takes and gives."""
    signature = serving.signature_of(version)
    ready = ModelVersion.objects.ready().filter(is_draft=False, model=version.model_id)
    if signature.image is not None:
        shape = [-1, *pictures.shapes_of(signature.image)[0]]
        inputs = [{"name": "image", "datatype": "UINT8", "shape": shape, "parameters": {"files": FILES}}]
    else:
        inputs = [_input(feature) for feature in signature.features]
    return {
        "name": version.model.name,
        "versions": [str(number) for number in ready.order_by("number").values_list("number", flat=True)],
        "platform": PLATFORMS.get(version.runtime, version.runtime),
        "inputs": inputs,
        "outputs": [{"name": name, **about} for name, about in outputs.named(signature).items()],
        "parameters": {"version": version.number, "commit": version.commit, "task": signature.task},
    }


def _input(feature: Feature) -> dict[str, Any]:
    datatype = DATATYPES[feature.kind]
    parameters: dict[str, Any] = {"nullable": feature.nullable}
    parameters |= {"content_type": "str" if datatype == "BYTES" else "np"}
    return {"name": feature.name, "datatype": datatype, "shape": [-1, 1], "parameters": parameters}


def check_ready(name: str, number: int | None) -> None:
    """Whether a model, or one version of it, would answer. Raises UnknownModel, ModelSuspended, RuntimeFailed."""
    asked = serving.champion(name) if number is None else serving.version(name, number)
    try:
        runtimes.check(asked.version)
    except RuntimeFailed:
        before = serving.previous(asked)
        if before is None:
            raise
        runtimes.check(before.version)
