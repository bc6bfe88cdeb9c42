"""Files that would run something: refused, and nothing runs. Clean ones load."""

import io
import os
import pickle
import timeit
import zipfile
import zlib

import joblib
import numpy as np
import pytest
import skops.io
from joblib.numpy_pickle import NumpyArrayWrapper
from sklearn.preprocessing import FunctionTransformer

from registry.importer.child import gate
from tests.registry import pipelines


class Calls:
    """Pickled as a call of `function` with `arguments`."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def joblib_bytes(value, **how):
    stream = io.BytesIO()
    joblib.dump(value, stream, **how)
    return stream.getvalue()


def runstring(code):
    """numpy.testing's own exec, by the name a pickle would use."""
    from numpy.testing._private.utils import runstring

    return Calls(runstring, code, {})


def attacks(canary):
    touch = f"touch {canary}"
    system = Calls(os.system, touch)
    python = f"import os; os.system({touch!r})"
    second = canary.with_name("second.joblib")
    second.write_bytes(joblib_bytes(system))
    array = np.arange(1000.0)
    objects = np.array([1, system], dtype=object)
    return {
        "plain": joblib_bytes(system),
        "pickle": pickle.dumps(system, protocol=2),
        "zlib": joblib_bytes(system, compress=("zlib", 3)),
        "xz_after_array": joblib_bytes([array, system], compress=("xz", 3)),
        "after_array": joblib_bytes([array, system]),
        "object_array": joblib_bytes(objects),
        "trampoline": joblib_bytes(Calls(joblib.load, str(second))),
        "runstring": joblib_bytes(runstring(python)),
        "timeit": joblib_bytes(Calls(timeit.timeit, "pass", python)),
        "eval": pickle.dumps(Calls(eval, python)),
        "old_joblib": b"ZF" + zlib.compress(pickle.dumps(system)),
    }


NAMES = [
    "plain",
    "pickle",
    "zlib",
    "xz_after_array",
    "after_array",
    "object_array",
    "trampoline",
    "runstring",
]
NAMES += ["timeit", "eval", "old_joblib"]


@pytest.mark.parametrize("name", NAMES)
def test_payload_is_refused_and_does_not_run(name, tmp_path):
    canary = tmp_path / "canary"
    (tmp_path / "model.joblib").write_bytes(attacks(canary)[name])
    with pytest.raises(gate.Refused):
        gate.load_pickle(gate.read(tmp_path / "model.joblib"), trusted=False)
    assert not canary.exists()


def as_joblib_before_1_6(wrapper, unpickler, ensure_native_byte_order):
    return pickle.load(unpickler.file_handle)


@pytest.mark.parametrize("name", ["plain", "object_array", "trampoline", "timeit"])
def test_second_pass_alone_refuses(name, tmp_path, monkeypatch):
    """Also where joblib reads object arrays with a plain pickle, as it did before 1.6."""
    monkeypatch.setattr(gate, "named_globals", lambda data: set())
    monkeypatch.setattr(NumpyArrayWrapper, "read_array", as_joblib_before_1_6)
    canary = tmp_path / "canary"
    (tmp_path / "model.joblib").write_bytes(attacks(canary)[name])
    with pytest.raises(gate.Refused):
        gate.load_pickle(gate.read(tmp_path / "model.joblib"), trusted=False)
    assert not canary.exists()


@pytest.mark.parametrize("name", ["plain", "xz_after_array", "object_array", "trampoline"])
def test_payload_would_have_run(name, tmp_path):
    """The payloads above are real: an ordinary load runs them."""
    (tmp_path / "model.joblib").write_bytes(attacks(tmp_path / "canary")[name])
    joblib.load(tmp_path / "model.joblib")
    assert (tmp_path / "canary").exists()


def test_every_refused_name_is_told(tmp_path):
    both = [Calls(os.system, "true"), Calls(timeit.timeit, "pass")]
    with pytest.raises(gate.Refused, match=r"posix.system, timeit.timeit"):
        gate.load_pickle(joblib_bytes(both), trusted=False)


@pytest.mark.parametrize("name", ["logistic", "forest", "boosting", "histogram", "linear_svc", "bundle"])
@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_clean_pipeline_loads(name, compress, tmp_path):
    (tmp_path / "model.joblib").write_bytes(joblib_bytes(pipelines.fitted(name), compress=compress))
    model, names = gate.load_pickle(gate.read(tmp_path / "model.joblib"), trusted=False)
    assert type(model) is type(pipelines.fitted(name))
    assert "sklearn.pipeline.Pipeline" in names


def test_ufunc_in_a_pipeline_loads_and_a_function_of_ones_own_does_not():
    gate.load_pickle(pickle.dumps(FunctionTransformer(np.log1p)), trusted=False)
    with pytest.raises(gate.Refused, match="joblib_bytes"):
        gate.load_pickle(pickle.dumps(FunctionTransformer(joblib_bytes)), trusted=False)


def test_calling_an_object_is_refused():
    """A partial is on the list; what it returns may not be called by the file."""
    stream = b"\x80\x02cfunctools\npartial\ncnumpy\nlog1p\n\x85R\x85R."
    with pytest.raises(gate.Refused):
        gate.load_pickle(stream, trusted=False)
    call = b"\x80\x02cfunctools\npartial\ncnumpy\nlog1p\n\x85RG?\xf0\x00\x00\x00\x00\x00\x00\x85R."
    with pytest.raises(gate.Refused, match="no named function"):
        gate.load_pickle(call, trusted=False)


@pytest.mark.parametrize("protocol", ["reduce", "obj"])
def test_calling_an_object_by_an_old_opcode_is_refused(protocol):
    """Protocols 0 and 1 call what lies on the stack by opcodes of their own."""
    made = b"cfunctools\npartial\n(cnumpy\nlog1p\ntR"
    call = {"reduce": made + b"(F1.0\ntR.", "obj": b"(" + made + b"F1.0\no."}[protocol]
    with pytest.raises(gate.Refused, match="no named function"):
        gate.load_pickle(call, trusted=False)


def test_a_scan_refuses_what_no_environment_allows():
    names = gate.scan_pickle(b"clightgbm.sklearn\nLGBMClassifier\n.", trusted=False)
    assert names == ["lightgbm.sklearn.LGBMClassifier"]
    with pytest.raises(gate.Refused, match=r"lightgbm\.engine\.train"):
        gate.scan_pickle(b"clightgbm.engine\ntrain\n.", trusted=False)


def test_the_columns_of_a_frame_load():
    index = pipelines.employees().columns
    assert list(
        gate.load_pickle(pickle.dumps({"feature_columns": index}), trusted=False)[0]["feature_columns"]
    ) == list(index)
    with pytest.raises(gate.Refused, match="DataFrame"):
        gate.load_pickle(pickle.dumps(pipelines.employees()), trusted=False)


def test_changing_a_class_is_refused():
    stream = b"\x80\x02csklearn.pipeline\nPipeline\n}X\x07\x00\x00\x00predictK\x01sb."
    with pytest.raises(gate.Refused, match="change a class"):
        gate.load_pickle(stream, trusted=False)


def test_dotted_name_leads_nowhere():
    stream = b"\x80\x04\x8c\x05numpy\x8c\x15_core.multiarray.sys\x93."
    stream = stream.replace(b"\x8c\x15", b"\x8c\x14")
    with pytest.raises(gate.Refused, match="Not on the list"):
        gate.load_pickle(stream, trusted=False)


def test_skops_with_clean_types_loads(tmp_path):
    skops.io.dump(pipelines.fitted("forest"), tmp_path / "model.skops")
    model, names = gate.load_skops(tmp_path / "model.skops", trusted=False)
    assert model.predict(pipelines.employees()).shape == (pipelines.ROWS,)
    assert "sklearn.tree._tree.Tree" in names


def test_skops_with_untrusted_type_is_refused(tmp_path):
    skops.io.dump(FunctionTransformer(timeit.timeit), tmp_path / "model.skops")
    with pytest.raises(gate.Refused, match=r"timeit\.timeit"):
        gate.load_skops(tmp_path / "model.skops", trusted=False)


def test_zlib_bomb_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(gate, "inflated_limit", lambda: 10 << 20)
    (tmp_path / "model.joblib").write_bytes(zlib.compress(bytes(20 << 20)))
    with pytest.raises(gate.Refused, match="inflates to more than 10 MiB"):
        gate.read(tmp_path / "model.joblib")


def test_zip_bomb_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(gate, "inflated_limit", lambda: 10 << 20)
    with zipfile.ZipFile(tmp_path / "model.skops", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b" " * (20 << 20))
    with pytest.raises(gate.Refused, match="inflates to more than 10 MiB"):
        gate.load_skops(tmp_path / "model.skops", trusted=False)


@pytest.mark.parametrize("data", [b"", b"\x80\x04", b"nonsense", b"\x1f\x8b\x08nonsense", b"\x80\x04N"])
def test_broken_file_is_refused(data, tmp_path):
    (tmp_path / "model.joblib").write_bytes(data)
    with pytest.raises(gate.Refused):
        gate.load_pickle(gate.read(tmp_path / "model.joblib"), trusted=False)


def test_array_that_promises_more_than_the_file_holds_is_refused():
    whole = joblib_bytes(np.arange(1000.0))
    with pytest.raises(gate.Refused, match="middle of an array"):
        gate.load_pickle(whole[:-100], trusted=False)
