"""File systems in image files, mounted where nobody else sees them: the mount namespace is of this
process and its children alone, so the last of them takes the mounts with it, however it ends."""

import contextlib
import ctypes
import os
import shutil

import harness

CLONE_NEWNS = 0x00020000
IMAGE_BYTES = 24 << 30  # sparse
KINDS = {"btrfs": ["mkfs.btrfs", "-q"], "xfs": ["mkfs.xfs", "-q", "-m", "reflink=1"]}
PACKAGES = {"btrfs": "btrfs-progs", "xfs": "xfsprogs"}


def go_private():
    """What is mounted from now on is seen by this process and its children only."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "could not make a mount namespace")
    done = harness.run("mount", "--make-rprivate", "/")
    if done.returncode != 0:
        raise OSError(f"could not make the mounts private: {done.stderr.strip()}")


def why_not(kind):
    """Why this file system can't be tried here; nothing where it can."""
    if os.geteuid() != 0:
        return "only root may mount it"
    if not shutil.which(KINDS[kind][0], path=harness.ENVIRONMENT["PATH"]):
        return f"{KINDS[kind][0]} is not installed (package {PACKAGES[kind]})"
    return ""


@contextlib.contextmanager
def mounted(kind, folder):
    """The root of a new file system of that kind; its image lies in the folder until the end."""
    image = folder / f"{kind}.img"
    root = folder / kind
    root.mkdir()
    try:
        with open(image, "wb") as file:
            file.truncate(IMAGE_BYTES)
        for command in ([*KINDS[kind], image], ["mount", "-o", "loop", image, root]):
            done = harness.run(*command)
            if done.returncode != 0:
                raise OSError(f"{command[0]}: {done.stderr.strip()}")
        yield root
    finally:
        if os.path.ismount(root):
            harness.run("umount", root, timeout=600)
        image.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            root.rmdir()


def kind_of(folder):
    """The file system that the folder is on."""
    return harness.run("df", "--output=fstype", folder).stdout.split()[-1]
