"""Run by path in a process of its own: enter the jail, try every attack, print what came of each as JSON.

`python -I -B attacks.py FOLDER SECRET SOCKET JAIL_DIRECTORY [UID]`
"""
# The plain calls of the operating system, and whatever they raise:
# ruff: noqa: PTH101, PTH104, PTH108, PTH123, PTH208, PTH211, BLE001

import ctypes
import encodings.idna  # noqa: F401  # name lookup wants it, and inside it may be out of reach
import json
import os
import resource
import socket
import subprocess
import sys
import threading
from types import SimpleNamespace

at = SimpleNamespace()  # where: filled in by main()


def in_new_thread(attack):
    caught = []

    def run():
        try:
            attack()
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if caught:
        raise caught[0]


def read(path):
    with open(path, "rb") as file:
        file.read(1)


def write(path):
    with open(path, "ab") as file:
        file.write(b"x")


def system():
    if os.system("true") != 0:  # the shell cannot be started: 127
        raise PermissionError("127")


def symlink():
    os.symlink(at.secret, "link")
    read("link")


def relative():
    os.chdir("/")
    try:
        read(os.path.relpath(at.secret, "/"))
    finally:
        os.chdir(at.folder)


def unix():
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(at.unix_socket)


def tcp():
    with socket.create_connection(("127.0.0.1", 9)):
        pass


def udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"x", ("127.0.0.1", 9))


def raise_memory():
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)


def unshare():
    if ctypes.CDLL(None, use_errno=True).unshare(0x10000000) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


# Signal 0 and a limit that is only read: what lets them through would let the real ones through.
ATTACKS = {
    "tcp": tcp,
    "udp": udp,
    "unix_socket": unix,
    "name_lookup": lambda: socket.getaddrinfo("example.invalid", 80),
    "read_outside": lambda: read(at.secret),
    "read_in_new_thread": lambda: in_new_thread(lambda: read(at.secret)),
    "read_through_symlink": symlink,
    "read_relative": relative,
    "read_passwords": lambda: read("/etc/passwd"),
    "parents_environment": lambda: read(f"/proc/{at.parent}/environ"),
    "own_environment": lambda: read("/proc/self/environ"),
    "list_root": lambda: os.listdir("/"),
    "write_outside": lambda: write(at.secret),
    "truncate_outside": lambda: os.truncate(at.secret, 0),
    "chmod_outside": lambda: os.chmod(at.secret, 0o777),
    "touch_outside": lambda: os.utime(at.secret),
    "rename_outside": lambda: os.rename(at.secret, "stolen"),
    "remove_outside": lambda: os.unlink(at.secret),
    "fork": os.fork,
    "system": system,
    "subprocess": lambda: subprocess.run(["/bin/true"], check=True),
    "posix_spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
    "execve": lambda: os.execve("/bin/true", ["true"], {}),
    "kill_parent": lambda: os.kill(at.parent, 0),
    "kill_everyone": lambda: os.kill(-1, 0),
    "limit_parent": lambda: resource.prlimit(at.parent, resource.RLIMIT_CPU),
    "raise_memory_limit": raise_memory,
    "allocate_4_gib": lambda: bytearray(4 << 30),
    "unshare": unshare,
}


def attempt(attack):
    try:
        attack()
    except BaseException as error:
        return type(error).__name__
    return "done"


def work_inside():
    write("inside")
    read("inside")
    in_new_thread(lambda: read("inside"))


def main():
    at.folder, at.secret, at.unix_socket, jail_directory = sys.argv[1:5]
    sys.path.insert(0, jail_directory)
    import jail

    sys.path.pop(0)
    jail.readable_paths()  # imports the build's configuration
    if len(sys.argv) > 5:  # after the imports: the interpreter may lie where only root can read
        os.setgroups([])
        os.setgid(int(sys.argv[5]))
        os.setuid(int(sys.argv[5]))
    os.chdir(at.folder)
    at.parent = os.getppid()
    report = jail.enter(folder=at.folder, parent=at.parent, memory=1 << 30, cpu=60)
    outcome = {name: attempt(attack) for name, attack in ATTACKS.items()}
    outcome["work inside"] = attempt(work_inside)
    print(json.dumps({"report": report, "outcome": outcome}))


if __name__ == "__main__":
    main()
