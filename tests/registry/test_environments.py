"""Environments of models: what goes into one, how it is built, and what is said when it cannot be."""

import importlib.metadata
import io
import os
import re
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sklearn
from django.test import override_settings

from registry.environments import builds, locks, package_index, uv
from registry.environments.requirements import Choice
from registry.environments.uv import EnvironmentFailed
from registry.exceptions import ImportRejected
from tests.registry.legacy import OLD, chosen, resolved, soon

HERE = sklearn.__version__
SMALL = Choice("a test needs it", needed=("msgpack>=1.1",))
ROOT = Path(__file__).resolve().parents[2]

# -- what goes in


def test_the_servers_own_fits():
    assert not chosen(pins={"scikit-learn": HERE, "numpy": "2.0.0"}, saved_by=HERE).needed
    assert not chosen().needed
    assert not chosen(saved_by="nonsense; touch x").needed


def test_another_minor_names_both_versions():
    choice = chosen(saved_by=OLD)
    assert choice.why == f"The model was trained with scikit-learn {OLD}; this server has {HERE}."
    assert "scikit-learn==1.6.1" in choice.needed


def test_the_file_counts_more_than_the_manifest():
    choice = chosen(pins={"scikit-learn": HERE}, saved_by=OLD)
    assert "scikit-learn==1.6.1" in choice.needed
    assert choice.warnings == (f"The manifest names scikit-learn {HERE}; the file was saved by {OLD}, which counts.",)


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("lightgbm.sklearn.LGBMClassifier", "lightgbm"),
        ("xgboost.core.Booster", "xgboost"),
        ("imblearn.pipeline.Pipeline", "imbalanced-learn"),
        ("category_encoders.woe.WOEEncoder", "category-encoders"),
    ],
)
def test_a_library_is_known_by_the_names_in_the_file(name: str, package: str):
    choice = chosen(names=["sklearn.pipeline.Pipeline", name], saved_by=HERE)
    assert package in choice.needed
    assert f"scikit-learn=={HERE}" in choice.needed
    assert choice.why == f"The model needs {package}, which the server's own environment does not hold."


def test_a_library_is_known_by_the_manifest():
    choice = chosen(pins={"scikit-learn": HERE, "numpy": "2.1.0", "imbalanced_learn": "0.13.0"})
    assert {"imbalanced-learn==0.13.0", "numpy==2.1.0"} <= set(choice.needed)


def test_names_come_from_the_fixed_list_alone():
    choice = chosen(pins={"scikit-learn": OLD, "torch": "2.0", "numpy ; rm -rf": "1.0"})
    assert not [each for each in choice.needed if "torch" in each or "rm" in each]
    assert choice.warnings == ("Named in the manifest, and not installed for models here: numpy ; rm -rf, torch.",)


@pytest.mark.parametrize("pin", [">=1.6", "==1.6.1", "1.6.*", "1.6.1 --index-url x", "1.6.1\nscipy", "", "latest"])
def test_a_pin_that_is_no_version_is_refused(pin: str):
    with pytest.raises(
        ImportRejected, match=r"(?s)runtime.packages: numpy is pinned to “.*”, which is no plain version"
    ):
        chosen(pins={"scikit-learn": HERE, "numpy": pin})


def test_what_would_open_the_gate_is_not_taken():
    choice = chosen(pins={"scikit-learn": OLD, "joblib": "1.5.3", "skops": "0.11.0"}, form="skops")
    assert {"joblib>=1.6", "skops>=0.13"} <= set(choice.needed)
    assert [text.split(";")[0] for text in choice.warnings] == [
        "The manifest pins joblib 1.5.3",
        "The manifest pins skops 0.11.0",
    ]


def test_another_python_is_a_warning():
    choice = chosen(python="3.9.1", saved_by=HERE)
    assert choice.warnings[0].startswith("The manifest names Python 3.9.1; every model runs with 3.")


def test_a_version_from_before_numpy_2_is_kept_before_it():
    assert {"numpy<2", "pandas<3", "scipy<1.13"} <= set(chosen(saved_by="1.3.2").needed)


def test_a_version_is_found_where_another_index_holds_it(
    environment_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """uv takes what it prefers from the first index that has it, though its builds are for other Pythons."""
    resolved(SMALL)  # skips where there is no index to ask
    here = importlib.metadata.version("msgpack")
    (tmp_path / "msgpack").mkdir()
    wheel = f"msgpack-{here}-cp399-cp399-manylinux_2_17_x86_64.whl"
    (tmp_path / "msgpack" / "index.html").write_text(f'<a href="{wheel}">{wheel}</a>')
    monkeypatch.setenv("UV_EXTRA_INDEX_URL", tmp_path.as_uri())
    lock, _left_out = resolved(Choice("a test needs it", needed=(f"msgpack=={here}",)))
    assert locks.pins(lock) == {"msgpack": here}


# -- what cannot be resolved


def test_a_version_that_does_not_exist(environment_cache: Path):
    with pytest.raises(EnvironmentFailed) as caught:
        resolved(chosen(pins={"scikit-learn": "1.99.0"}))
    python = ".".join(map(str, sys.version_info[:2]))
    assert str(caught.value) == (
        f"The package index has no scikit-learn 1.99.0 for Python {python}. `python scripts/with_uv.py pip install "
        "--dry-run 'scikit-learn==1.99.0'` shows what there is; or name another version under runtime.packages in "
        "model_manifest.json."
    )


def test_versions_that_do_not_fit_together(environment_cache: Path):
    with pytest.raises(EnvironmentFailed, match=r"numpy") as caught:
        resolved(chosen(pins={"scikit-learn": OLD, "pandas": "2.2.3", "numpy": "1.21.6"}))
    assert "runtime.packages in model_manifest.json" in str(caught.value)


def test_a_source_archive_is_refused_and_does_not_run(
    environment_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The one archive of a version that the index does not have: building it would run its author's code."""
    canary = tmp_path / "canary"
    script = (
        f"open({str(canary)!r}, 'w').close()\nfrom setuptools import setup\nsetup(name='msgpack', version='99.0')\n"
    )
    with tarfile.open(tmp_path / "msgpack-99.0.tar.gz", "w:gz") as archive:
        for name, text in {
            "setup.py": script,
            "PKG-INFO": "Metadata-Version: 2.1\nName: msgpack\nVersion: 99.0\n",
        }.items():
            entry = tarfile.TarInfo(f"msgpack-99.0/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))
    with pytest.raises(
        EnvironmentFailed, match=r"msgpack 99.0 has no ready-made build .* building it from source is ref"
    ):
        resolved(Choice("", needed=("msgpack==99.0",)))
    assert not canary.exists()


def test_an_index_that_does_not_answer(environment_cache: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_INDEX", "")
    monkeypatch.setenv("UV_FIND_LINKS", "")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    asked: list[object] = []
    run = locks.uv.run
    monkeypatch.setattr(locks.uv, "run", lambda *what, **how: asked.append(what) or run(*what, **how))
    with pytest.raises(EnvironmentFailed, match="The package index did not answer") as caught:
        locks.resolve(SMALL, ends=soon())
    assert caught.value.temporary
    assert "127.0.0.1" not in str(caught.value)
    assert len(asked) == 2  # with what converts and without; not again for want of preferences


def test_a_conflict_leaves_the_converters_out(environment_cache: Path):
    lock, warnings = locks.resolve(Choice("", needed=("msgpack>=1.1",), tools=("msgpack<1",)), ends=soon())
    assert "msgpack" in locks.pins(lock)
    assert warnings == ["The model's libraries leave no room for what converts it to ONNX (msgpack<1)."]


# -- building


@pytest.fixture(scope="module")
def environment_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A place of its own: what others build at the same time would be taken for a leftover."""
    cache = tmp_path_factory.mktemp("environments")
    with override_settings(ENVIRONMENT_CACHE=cache):
        yield cache


@pytest.fixture(scope="module")
def small(environment_cache: Path) -> str:
    """A lock that is built in a second."""
    return resolved(SMALL)[0]


@pytest.fixture
def place(small: str, environment_cache: Path) -> Path:
    """Where its environment belongs; nothing is there."""
    folder = environment_cache / locks.key(small)
    subprocess.run(["rm", "-rf", folder], check=True)
    return folder


def leftovers(cache: Path) -> list[str]:
    return [each.name for each in cache.glob(".*") if each.name != ".lock"]


def test_a_lock_names_versions_and_hashes_and_no_place(small: str):
    assert "--hash=sha256:" in small
    assert locks.pins(small).keys() == {"msgpack"}
    assert not [word for word in ("://", "/tmp", "/home", "index") if word in small]


def test_resolving_twice_gives_the_same_environment(small: str):
    assert resolved(SMALL)[0] == small


def test_it_holds_the_lock_and_is_found_again(small: str, place: Path):
    assert builds.find(small) is None
    built = builds.build(small, ends=soon())
    assert builds.find(small) == built
    assert built.folder == place
    assert list((place / "lib").rglob("msgpack/__pycache__/__init__.*.pyc"))  # a child could not write it
    same = f"sys.version == {sys.version!r} and sys.base_prefix == {sys.base_prefix!r}"
    subprocess.run([built.python, "-I", "-c", f"import msgpack, sys; assert {same}"], check=True)


def test_two_builders_make_one(small: str, place: Path):
    with ThreadPoolExecutor(2) as pool:
        built = list(pool.map(lambda _: builds.build(small, ends=soon()), range(2)))
    assert built[0] == built[1] == builds.find(small)
    assert not leftovers(place.parent)


def test_a_builder_waits_for_another_no_longer_than_it_may(small: str, place: Path):
    with builds._alone(place.name, soon()), pytest.raises(EnvironmentFailed, match="was not ready within") as caught:
        builds.build(small, ends=soon(0.3))
    assert caught.value.temporary


@pytest.mark.parametrize("damage", ["marker", "interpreter", "another lock"])
def test_a_damaged_environment_is_built_again(small: str, place: Path, damage: str):
    built = builds.build(small, ends=soon())
    if damage == "marker":
        (place / builds.MARKER).unlink()
    elif damage == "interpreter":
        Path(built.python).unlink()
    else:
        (place / builds.MARKER).write_text('{"lock": "0"}')
    assert builds.find(small) is None
    builds.build(small, ends=soon())
    assert builds.find(small) == built


def test_out_of_time_leaves_nothing(small: str, place: Path):
    with pytest.raises(EnvironmentFailed, match="was not ready within"):
        builds.build(small, ends=soon(0.05))
    assert not place.exists()
    assert not leftovers(place.parent)


KILLED = """
import os, sys, time
os.environ["DJANGO_SETTINGS_MODULE"] = "futurisys.settings"
import django
django.setup()
from registry.environments import builds, uv
uv.compile_bytecode = lambda folder, ends: (print("filled", flush=True), time.sleep(60))
builds.build(sys.stdin.read(), ends=time.monotonic() + 60)
"""


def test_a_killed_build_leaves_nothing_that_is_found(small: str, place: Path):
    """Its folder is filled already; the next builder sweeps it away and is not kept waiting."""
    variables = {**os.environ, "ENVIRONMENT_CACHE": str(place.parent)}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=variables,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(small)
        process.stdin.close()
        assert process.stdout.readline() == "filled\n"
        process.send_signal(signal.SIGKILL)
    assert builds.find(small) is None
    assert len(leftovers(place.parent)) == 1
    began = time.monotonic()
    builds.build(small, ends=soon())
    assert time.monotonic() - began < 20
    assert not leftovers(place.parent)


def test_a_changed_file_is_refused_by_its_hash(small: str, environment_cache: Path):
    changed = re.sub("sha256:[0-9a-f]{64}", "sha256:" + 64 * "0", small)
    without = small.partition(" ")[0] + "\n"
    for lock in (changed, without):
        with pytest.raises(EnvironmentFailed, match=r"could not be built: .*[Hh]ash"):
            builds.build(lock, ends=soon())
        assert builds.find(lock) is None


# -- uv


def test_without_uv_the_command_that_helps(environment_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert package_index.find_uv() is None
    with pytest.raises(EnvironmentFailed, match=r"uv, .* is not installed .*: run `python -m pip install 'uv>=0.9'`"):
        locks.resolve(SMALL, ends=soon())


def test_uv_gets_the_index_and_no_secret(environment_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "uv").write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\n")
    (tmp_path / "uv").chmod(0o755)
    (tmp_path / "python").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    for name, value in {"PIP_EXTRA_INDEX_URL": "http://a/x http://b/y", "PIP_FIND_LINKS": "/x /y"}.items():
        monkeypatch.setenv(name, value)
    for name in ("UV_INDEX", "UV_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    monkeypatch.setenv("SECRET_KEY", "secret")
    uv.run(["anything"], ends=soon())
    seen = (tmp_path / "seen").read_text()
    assert {"UV_INDEX=http://a/x http://b/y", "UV_FIND_LINKS=/x,/y", "UV_PYTHON_DOWNLOADS=never"} <= set(
        seen.splitlines()
    )
    assert "secret" not in seen


def test_what_is_set_for_uv_itself_wins(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://pip/")
    found: dict[str, Any] = package_index.uv_variables({"UV_INDEX_STRATEGY": "first-index"})
    assert (found["UV_DEFAULT_INDEX"], found["UV_INDEX_STRATEGY"]) == ("http://pip/", "first-index")
    assert package_index.uv_variables({"UV_DEFAULT_INDEX": "http://uv/"})["UV_DEFAULT_INDEX"] == "http://uv/"


def test_the_script_needs_nothing_installed():
    """make runs it before there is a Django."""
    script = "import runpy, sys; sys.argv = ['x', '--version']; runpy.run_path('scripts/with_uv.py')"
    command = [sys.executable, "-S", "-c", script]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0
