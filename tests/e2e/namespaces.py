"""Machines on a network of their own: each a network namespace, joined by a bridge in one more.

Nothing of it has a name outside: a namespace lives as long as this process has it open or something
runs in it, and takes its interfaces along. So whatever end this process finds, no network is left.
"""

import contextlib
import ctypes
import os
import shutil
import subprocess
import threading

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def _checked(outcome):
    if outcome != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def why_not():
    """What keeps this machine from having namespaces, or None."""
    if not shutil.which("ip"):
        return "ip is not installed (iproute2)"
    try:
        with Network() as network:
            network.machine("10.0.0.1")
    except OSError as failure:
        return f"no network namespaces here: {failure}"
    return None


class Machine:
    """A network namespace. Only the thread that is inside() is in it, and what it starts there."""

    def __init__(self):
        self.address = None
        self.port = None  # the bridge's end of its cable
        made = []

        def make():
            try:
                _checked(libc.unshare(CLONE_NEWNET))
                made.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
            except OSError as failure:
                made.append(failure)

        thread = threading.Thread(target=make)  # the namespace ends with it, unless held open
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        self.descriptor = made[0]

    @contextlib.contextmanager
    def inside(self):
        """Sockets that this thread opens, and processes that it starts, belong to the machine."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _checked(libc.setns(self.descriptor, CLONE_NEWNET))
            try:
                yield self
            finally:
                _checked(libc.setns(before, CLONE_NEWNET))
        finally:
            os.close(before)

    def path(self):
        return f"/proc/{os.getpid()}/fd/{self.descriptor}"

    def ip(self, *arguments):
        with self.inside():
            done = subprocess.run(["ip", *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True)
        if done.returncode != 0:
            raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")

    def close(self):
        os.close(self.descriptor)


class Network:
    """A bridge, and machines with an address on it. Cables are pulled and plugged in again."""

    def __init__(self):
        self.machines = []
        self.switch = Machine()
        self.switch.ip("link", "add", "bridge", "type", "bridge")
        self.switch.ip("link", "set", "bridge", "up")

    def machine(self, address, bits=24):
        machine = Machine()
        self.machines.append(machine)
        machine.address = address
        machine.port = f"port{len(self.machines)}"
        self.switch.ip("link", "add", machine.port, "type", "veth", "peer", "name", "eth0", "netns",
                       machine.path())
        machine.ip("link", "set", "lo", "up")
        machine.ip("address", "add", f"{address}/{bits}", "dev", "eth0")
        machine.ip("link", "set", "eth0", "up")
        self.switch.ip("link", "set", machine.port, "up")
        self.plug(machine)
        return machine

    def pull(self, machine):
        """Nothing gets to it or from it any more, and nobody is told."""
        self.switch.ip("link", "set", machine.port, "nomaster")

    def plug(self, machine):
        self.switch.ip("link", "set", machine.port, "master", "bridge")

    def close(self):
        for machine in [*self.machines, self.switch]:
            machine.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
