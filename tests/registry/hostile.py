"""Models in a process of their own: one that answers, and one whose own code does whatever it is asked for."""

import subprocess
import sys

import joblib
import numpy as np
import pytest

from registry.runtimes.base import RuntimeFailed
from registry.runtimes.isolated import IsolatedRuntime
from tests.registry import pipelines

# A repository's own code, as a trusted version may bring it. `x` decides what it does.
HOSTILE = """
import os, sys, threading, time
import numpy as np

class Hostile:
    classes_ = np.array([0, 1])
    sizes = []

    def predict_proba(self, table):
        x = table["x"].to_numpy()
        self.sizes.append(len(x))
        what = next((each for each in x if each >= 100), 0)
        if what == 101:
            while True: pass
        if what == 102:
            os.abort()
        if what == 103:
            bytearray(8 << 30)
        if what == 104:
            raise ValueError("a secret")
        if what == 105:
            print("noise" * 100000); os.write(1, b"noise" * 100000); sys.stdout.flush()
        if what == 106:
            return np.zeros((100000, 2))
        if what == 107:
            return np.full((len(x), 2), 0.7)
        if what == 108:
            return np.full((len(x), 2), np.nan)
        if what == 109:
            threading.Thread(target=self.burn, daemon=True).start()
        if what == 110:
            time.sleep(0.3)
        if what == 111:
            return np.repeat([[1 / len(self.sizes), 1 - 1 / len(self.sizes)]], len(x), axis=0)
        if what == 112:
            count = sum(not name.startswith("KMP_") for name in os.environ)  # scikit-learn sets those itself
            return np.array([[1 / count, 1 - 1 / count]])
        return np.column_stack([x % 1, 1 - x % 1])

    def predict(self, table):
        return self.predict_proba(table).argmax(axis=1)

    def burn(self):
        while True: pass
"""
LOOP, ABORT, EXPLODE, RAISE, NOISE, OVERSIZE, NO_SUM, NOT_A_NUMBER, BURN, SLEEP, COUNT, ENVIRONMENT = range(101, 113)


@pytest.fixture(scope="session")
def hostile_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "hostile.py").write_text(HOSTILE)
    script = "import hostile, joblib; joblib.dump(hostile.Hostile(), 'model.joblib')"
    environment = {"PYTHONPATH": str(folder)}
    subprocess.run([sys.executable, "-B", "-c", script], cwd=folder, env=environment, check=True)
    return {name: folder / name for name in ("hostile.py", "model.joblib")}


@pytest.fixture(scope="module")
def forest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forest")
    joblib.dump(pipelines.fitted("forest"), folder / "model.joblib")
    runtime = make({"model.joblib": folder / "model.joblib"}, merge=True)
    yield runtime
    runtime.close()


def make(files, **how):
    how = {"format": "joblib", "trusted": False, "scores": "probability", "n_outputs": 2} | how
    return IsolatedRuntime(files=files, file="model.joblib", **how)


def x(*values):
    return {"x": np.array(values, dtype=np.float64)}


def kind_of(runtime, *values):
    with pytest.raises(RuntimeFailed) as caught:
        runtime.predict(x(*values), len(values))
    return caught.value.kind
