"""What the child gives up before it reads one byte of a model. Standard library only.

`enter()` must run before numpy is imported: Landlock binds the calling thread and the threads made after it.
Each layer is tried by itself and reported by itself; the parent decides whether what is in force is enough.
Landlock alone leaves UDP, unix sockets and chmod open, the system-call filter alone leaves files open.
"""

import ctypes
import errno
import os
import platform
import resource
import signal
import site
import struct
import sys
import sysconfig
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Report = dict[str, Any]

# ctypes.util.find_library would start programs; the C library is already in the process.
_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _checked(function: Any, *arguments: Any) -> int:
    """Call into C with every integer as a long; a negative answer becomes OSError."""
    words = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result = int(function(*words))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _prctl(option: int, value: int = 0) -> int:
    return _checked(_libc.prctl, option, value, 0, 0, 0)


# --- limits ---------------------------------------------------------------------------------------------

DESCRIPTORS = 64
FILE_SIZE = 256 << 20
CPU_GRACE = 5  # seconds between SIGXCPU, a nameable cause, and SIGKILL, which is none


def _limit(report: Report, *, memory: int, cpu: int) -> None:
    """Resource limits. No limit on processes: it counts all of the user's, and breaks threads."""
    wanted = {
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_NOFILE": (DESCRIPTORS, DESCRIPTORS),
        "RLIMIT_FSIZE": (FILE_SIZE, FILE_SIZE),
        "RLIMIT_CPU": (cpu, cpu + CPU_GRACE),
        "RLIMIT_AS": (memory, memory),
    }
    for name, pair in wanted.items():
        try:
            resource.setrlimit(getattr(resource, name), pair)
        except (AttributeError, ValueError, OSError) as error:
            report.setdefault("limits_failed", {})[name] = str(error)


# --- privileges -----------------------------------------------------------------------------------------

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
CAPABILITY_VERSION_3 = 0x20080522


def _die_with(parent: int) -> None:
    """The kernel kills this process when the thread that spawned it ends."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the line above
        os._exit(0)


def _drop_privileges() -> None:
    """Empty capability sets, no way to gain any, and unreadable to processes of the same user."""
    for capability in range(64):
        if _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # not root, or past the last one
    header = ctypes.c_char_p(struct.pack("<Ii", CAPABILITY_VERSION_3, 0))
    _libc.capset(header, ctypes.c_char_p(bytes(24)))
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _prctl(PR_SET_DUMPABLE, 0)


# --- files: Landlock ------------------------------------------------------------------------------------

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE = 1 << 1, 1 << 2, 1 << 3, 1 << 14
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_FILE = 1 << 4, 1 << 5, 1 << 7, 1 << 8
# EXECUTE is granted nowhere: it is about execve, a shared library needs READ_FILE only.
READ = READ_FILE | READ_DIR
READ_WRITE = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_FILE | TRUNCATE
ON_FILES = READ_FILE | WRITE_FILE | TRUNCATE  # the kernel refuses folder rights on a file
KNOWN_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # rights handled by an ABI; later ones: 16
TCP_BIND_CONNECT, SCOPE_ABSTRACT_UNIX_AND_SIGNALS = 3, 3


def landlock_abi() -> int | None:
    """The Landlock version of this kernel, or None where there is none."""
    if sys.platform != "linux":
        return None
    try:
        return _checked(_libc.syscall, CREATE_RULESET, None, 0, 1)
    except OSError:
        return None


def _landlock(readable: Iterable[Path], writable: Iterable[Path]) -> int:
    abi = _checked(_libc.syscall, CREATE_RULESET, None, 0, 1)
    handled = (1 << KNOWN_RIGHTS.get(abi, 16)) - 1
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    words = struct.pack("<QQQ", handled, TCP_BIND_CONNECT, SCOPE_ABSTRACT_UNIX_AND_SIGNALS)[:size]
    rules = _checked(_libc.syscall, CREATE_RULESET, ctypes.c_char_p(words), size, 0)
    for paths, rights in ((readable, READ), (writable, READ_WRITE)):
        for path in paths:
            _allow(rules, path, rights & handled)
    _checked(_libc.syscall, RESTRICT_SELF, rules, 0)
    os.close(rules)
    return abi


def _allow(rules: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # not there, or not ours to read: nothing to allow
        return
    rights &= -1 if path.is_dir() else ON_FILES
    rule = ctypes.c_char_p(struct.pack("<Qi", rights, descriptor))
    _checked(_libc.syscall, ADD_RULE, rules, 1, rule, 0)
    os.close(descriptor)


def readable_paths() -> list[Path]:
    """Interpreter, installed packages, system libraries and this package.

    Neither `sys.path` nor the environment's prefix: an editable install puts the project's folder on the one,
    a virtual environment in that folder may be the other, and passwords live there.
    """
    installed = [sysconfig.get_path(each) for each in ("stdlib", "platstdlib", "purelib", "platlib")]
    python = [Path(sys.base_prefix, "lib"), Path(sys.base_prefix, "lib64")]
    system = ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/etc/ld.so.cache"]
    system += ["/etc/localtime", "/usr/share/zoneinfo", "/dev/urandom", "/dev/null"]
    system += ["/sys/devices/system/cpu", "/proc/self/maps", "/proc/cpuinfo", "/proc/meminfo"]
    own = Path(__file__).resolve().parent
    return [*(Path(each) for each in [*installed, *site.getsitepackages(), *system]), *python, own]


# --- system calls: seccomp ------------------------------------------------------------------------------

ARCHITECTURES = {"x86_64": 0, "aarch64": 1, "arm64": 1}
# fmt: off
REFUSED: dict[str, tuple[int, int | None]] = {  # name: (x86_64, aarch64); None: does not exist there
    # network
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200),
    "listen": (50, 201), "sendto": (44, 206),
    # new processes, and power over others
    "execve": (59, 221), "execveat": (322, 281), "fork": (57, None), "vfork": (58, None),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424), "pidfd_getfd": (438, 438),
    "setpriority": (141, 140), "sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119),
    "ioprio_set": (251, 30),
    # kernel surface
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "add_key": (248, 217),
    "request_key": (249, 218), "keyctl": (250, 219), "shmget": (29, 194), "msgget": (68, 186),
    "semget": (64, 190), "mq_open": (240, 180),
    # what Landlock does not govern: metadata of files, and truncate(2) before its third version
    "truncate": (76, 45), "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53),
    "fchmodat2": (452, 452), "chown": (92, None), "fchown": (93, 55), "lchown": (94, None),
    "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None), "futimesat": (261, None),
    "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
}
# fmt: on
MISSING = {"clone3": 435, "io_uring_setup": 425}  # answered ENOSYS: the C library falls back to clone()
ON_ITSELF = {"kill": (62, 129), "tgkill": (234, 131), "prlimit64": (302, 261)}
CLONE = (56, 220)
CLONE_THREAD = 0x10000
SECCOMP_SYSCALL = (317, 277)
AUDIT_ARCHITECTURE = (0xC000003E, 0xC00000B7)
X32_BIT = 0x40000000

LOAD, JUMP_EQUAL, JUMP_GREATER, JUMP_SET, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # classic BPF
NUMBER, ARCHITECTURE, ARGUMENT_0 = 0, 4, 16  # offsets in struct seccomp_data
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x50000, 0x80000000
Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


def _filter() -> list[Instruction]:
    which = ARCHITECTURES[platform.machine()]
    deny = (RETURN, 0, 0, ERRNO | errno.EPERM)
    allow = (RETURN, 0, 0, ALLOW)
    program = [(LOAD, 0, 0, ARCHITECTURE), (JUMP_EQUAL, 1, 0, AUDIT_ARCHITECTURE[which])]
    program += [(RETURN, 0, 0, KILL), (LOAD, 0, 0, NUMBER)]
    if which == 0:  # the x32 numbers would go around every line below
        program += [(JUMP_GREATER, 0, 1, X32_BIT), (RETURN, 0, 0, KILL)]
    for number in MISSING.values():
        program += [(JUMP_EQUAL, 0, 1, number), (RETURN, 0, 0, ERRNO | errno.ENOSYS)]
    for pair in REFUSED.values():
        if (refused := pair[which]) is not None:
            program += [(JUMP_EQUAL, 0, 1, refused), deny]
    program += [(JUMP_EQUAL, 0, 4, CLONE[which]), (LOAD, 0, 0, ARGUMENT_0)]
    program += [(JUMP_SET, 1, 0, CLONE_THREAD), deny, allow]  # a thread, never a process
    for name, numbers in ON_ITSELF.items():
        other = 0 if name == "prlimit64" else os.getpid()  # kill(0) would reach the whole group
        program += [(JUMP_EQUAL, 0, 5, numbers[which]), (LOAD, 0, 0, ARGUMENT_0)]
        program += [(JUMP_EQUAL, 2, 0, os.getpid()), (JUMP_EQUAL, 1, 0, other), deny, allow]
    return [*program, allow]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def _seccomp() -> int:
    """Install the filter on every thread of this process; the number of its instructions."""
    program = _filter()
    code = b"".join(struct.pack("<HBBI", *each) for each in program)
    number = SECCOMP_SYSCALL[ARCHITECTURES[platform.machine()]]
    set_mode_filter, all_threads = 1, 1
    _checked(_libc.syscall, number, set_mode_filter, all_threads, ctypes.byref(_Program(len(program), code)))
    return len(program)


# --- all of it ------------------------------------------------------------------------------------------


def enter(*, folder: str, parent: int, memory: int, cpu: int) -> Report:
    """Give up everything but `folder`, reading libraries, threads, `memory` bytes and `cpu` seconds.

    Returns what is in force: "files" (Landlock's version or None), "network" (instructions of the filter or
    None), the reason of each None as "files_why" and "network_why", "memory", "cpu", "limits_failed" if any.
    """
    report: Report = {"files": None, "network": None, "memory": memory, "cpu": cpu, "uid": os.getuid()}
    _limit(report, memory=memory, cpu=cpu)
    if sys.platform != "linux":
        why = f"{sys.platform} has neither Landlock nor seccomp"
        return report | {"files_why": why, "network_why": why}
    _die_with(parent)
    _drop_privileges()
    layers: dict[str, Callable[[], int]] = {
        "files": lambda: _landlock(readable_paths(), [Path(folder)]),
        "network": _seccomp,
    }
    for name, install in layers.items():
        try:
            report[name] = install()
        except (OSError, KeyError) as error:
            report[f"{name}_why"] = str(error)
    return report
