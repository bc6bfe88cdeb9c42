"""Digits, read by a convolutional network: a repository with an ONNX graph and no pickle.

    python examples/digits/train_convnet.py --out DIR [--seed N]

The same digits, drawings and split as train.py, so that the two can be compared. Needs PyTorch: see
requirements-convnet.txt beside this file. The server needs none of it.
"""

import logging
import os
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("OMP_NUM_THREADS", "1")  # sums of several threads come out otherwise on another machine

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

from examples.digits import data, study
from examples.repository import arguments, figure

IMAGE = data.IMAGE | {"layout": "nchw"}
SHAPE = (-1, 1, 8, 8)  # rows, channels, height, width
OPSET = 18
PASSES = 20
ROWS = 64  # of a step
SHIFTED = 0.5  # this share of the digits of a step is moved by a pixel
MAY_DIFFER = 1e-5  # between torch and onnxruntime, both of which count in float32

CARD = """
# Digits, by a convolutional network

Reads one handwritten digit. Send a PNG or JPEG of any size: dark ink on light paper or the reverse. The picture
is cut to the ink, brought to 8 by 8 pixels with 17 shades, and answered by a small convolutional network: two
convolutions (16 and 32 filters of 3 by 3 pixels), the larger of each 2 by 2 pixels, and a layer of 64 units.

The repository holds no pickle: `model.onnx` is a graph of standard operators, the softmax included. It takes
`image`, float32 of the shape (rows, 1, 8, 8) from 0 (paper) to 16 (ink), and gives `probabilities`, (rows, 10).

It was trained with PyTorch on scikit-learn's bundled digits (1797 pictures of the UCI "optical recognition of
handwritten digits" test set) and on the same digits drawn thicker, thinner, turned and slanted on paper; half of
them, anew in every pass, moved by a pixel. The split is that of the other model of digits, so the figures compare.

"Test, as pictures" below is the test set drawn on paper of 40 to 300 pixels, half PNG and half JPEG.

## Use and limits

One digit on a picture, roughly upright, on an even background. Shadows, ruled paper or two digits mislead it, and
it names a digit for a letter too, sometimes with a probability near one (a printed X is an 8 to it): the number
says how much the picture looks like one digit rather than the other nine, not whether it is a digit. Printed digits
are read less well than handwritten ones.

The 13 people who wrote these digits are in the training and the test set alike, so other hands may be read less well
than the test says. The size of the network was chosen with the test set in view, which flatters it a little. The
test has 360 pictures: one more or less is 0.3 % of them.

"The least certain" are the ten of them with the lowest probability: the truth, the answer, and how probable it was
called. `try-me.png` is a picture to try it with.

![Digits](digits.png)
![Confusion](confusion.png)
![The least certain](doubts.png)
"""


class Network(nn.Module):
    """Scores, before the softmax, of pictures of the shape SHAPE with numbers from 0 to 16."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
            *(nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU()),
            nn.MaxPool2d(2),
            nn.Flatten(),
            *(nn.Dropout(0.3), nn.Linear(32 * 4 * 4, 64), nn.ReLU()),
            *(nn.Dropout(0.3), nn.Linear(64, len(data.NAMES))),
        )

    def forward(self, pixels):
        return self.layers(pixels / 16)


class Reader(nn.Module):
    """What is served: the network with its softmax. Asked as scikit-learn's classifiers are."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, image):
        return torch.softmax(self.network(image), dim=1)

    def predict_proba(self, x):
        """(rows, 10) of pictures in any layout of 64 numbers each."""
        with torch.no_grad():
            return self(tensor(x)).numpy().astype(float)

    def predict(self, x):
        return np.array(data.NAMES)[self.predict_proba(x).argmax(axis=1)]


def tensor(x):
    return torch.from_numpy(np.asarray(x, dtype=np.float32).reshape(SHAPE))


def fitted(x, y, seed):
    torch.manual_seed(seed)
    network, pixels, truth = Network(), tensor(x), torch.from_numpy(y.astype(np.int64))
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.01)
    steps = PASSES * -(-len(pixels) // ROWS)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.004, total_steps=steps)
    network.train()
    for _ in range(PASSES):
        for rows in torch.randperm(len(pixels)).split(ROWS):
            loss = nn.functional.cross_entropy(network(moved(pixels[rows])), truth[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return Reader(network).eval()


def moved(pixels):
    """The pictures, some of them moved by up to a pixel in each direction: paper comes in, what leaves is lost."""
    across, down = torch.randint(-1, 2, (2, len(pixels), 1, 1)) * (torch.rand(len(pixels), 1, 1) < SHIFTED)
    places = torch.arange(1, 9)
    padded = nn.functional.pad(pixels[:, 0], (1, 1, 1, 1))
    which = torch.arange(len(pixels))[:, None, None]
    return padded[which, places[None, :, None] + down, places[None, None, :] + across][:, None]


def graph(reader):
    """The reader as the bytes of an ONNX model: any number of rows, all weights inside, standard operators alone."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it misses torchvision, whose operators nobody uses here
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # torch's own, about torch
        program = torch.onnx.export(
            reader,
            (tensor(np.zeros((2, 64))),),
            dynamo=True,
            input_names=["image"],
            output_names=["probabilities"],
            dynamic_shapes={"image": {0: torch.export.Dim("rows")}},
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
    return without_traces(program.model_proto).SerializeToString(deterministic=True)


def without_traces(model):
    """torch notes at every node which line of which file it comes from: paths of the machine it was trained on."""
    parts = (model.graph.node, model.graph.input, model.graph.output, model.graph.value_info, model.graph.initializer)
    for part in [model, model.graph, *(each for listed in parts for each in listed)]:
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    onnx.checker.check_model(model, full_check=True)
    return model


def checked(content, reader, x):
    """The graph, if onnxruntime answers as torch does, one row alone as in a table. Raises SystemExit."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    pictures = tensor(x).numpy()
    together = session.run(None, {"image": pictures})[0]
    alone = np.concatenate([session.run(None, {"image": row[None]})[0] for row in pictures[:20]])
    difference = max(np.abs(together - reader.predict_proba(x)).max(), np.abs(together[:20] - alone).max())
    if difference > MAY_DIFFER:
        raise SystemExit(f"The graph answers otherwise than the network, by {difference:.2g}: it was not written.")
    return content


def doubts(reader, digits):
    """The ten test digits the network is least sure of, with the truth and its answer."""
    drawing, _ = figure(7, 1.2)
    drawing.clear()
    probabilities = reader.predict_proba(digits.x_test)
    for place, row in enumerate(np.argsort(probabilities.max(axis=1))[:10]):
        answer = int(probabilities[row].argmax())
        title = f"{digits.y_test[row]}: {data.NAMES[answer]}, {probabilities[row, answer]:.0%}"
        study.panel(drawing, (1, 10, place + 1), digits.x_test[row], title)
    return drawing


if __name__ == "__main__":
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    study.write(
        arguments(__doc__),
        fitted,
        image=IMAGE,
        export=lambda reader, digits: checked(graph(reader), reader, digits.x_test),
        draw=lambda reader, digits: {"doubts.png": doubts(reader, digits)},
        model={
            "name": "digits-convnet",
            "version": "1.0.0",
            "task": "image-classification",
            "description": {
                "en": "Reads one handwritten digit from a picture of any size, with a convolutional network.",
                "fr": "Lit un chiffre manuscrit sur une image de n’importe quelle taille, par un réseau convolutif.",
            },
        },
        packages=("torch", "onnx", "onnxscript", "numpy"),
        code="train_convnet.py",
        card=CARD,
    )
