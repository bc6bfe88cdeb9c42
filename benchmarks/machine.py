"""What the numbers were measured on, and how much memory a process holds."""

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("django", "gunicorn", "onnxruntime", "scikit-learn", "psycopg")
PEER_PACKAGES = ("fastapi", "uvicorn", "sqlalchemy", "scikit-learn", "psycopg", "starlette", "asyncpg", "onnxruntime")


def describe(peer: Path) -> dict[str, Any]:
    """CPU, cores, memory, kernel, Python and versions; `peer`: the other side's Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory / 1e9, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "ours": {name: version(name) for name in PACKAGES},
        "peer": _versions_there(peer),
    }


def name() -> str:
    """The processor and its cores, for a line."""
    return f"{_cpu()}, {len(os.sched_getaffinity(0))} cores"


def clean_environment() -> dict[str, str]:
    """This process's variables without those that would make a started product mean another instance."""
    ours = ("DATABASE_", "FUTURISYS_", "DJANGO_", "SECRET_KEY", "CELERY_", "HF_", "PORT")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _cpu() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def _versions_there(python: Path) -> dict[str, str]:
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    done = subprocess.run([python, "-c", code, *PEER_PACKAGES], check=True, capture_output=True, text=True)
    return dict(zip(PEER_PACKAGES, done.stdout.split(), strict=True))


def children(pid: int) -> list[int]:
    """Processes that a process started itself."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # the name, in brackets, may hold blanks and brackets
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return sorted(found)


def descendants(pid: int) -> list[int]:
    """Processes that a process or one of its children started."""
    direct = children(pid)
    return direct + [other for child in direct for other in descendants(child)]


def command_of(pid: int) -> str:
    """The command line, or nothing when the process is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def cpu_seconds(pid: int) -> float:
    """What a process of one thread has computed so far; waiting for its turn or for a disk does not count."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def megabytes(pid: int) -> float:
    """Proportional set size: shared pages count as their share."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB$", rollup, re.MULTILINE)
    if found is None:
        raise ValueError(f"smaps_rollup of process {pid} tells no Pss")
    return round(int(found[1]) * 1024 / 1e6, 1)
