"""Runs its arguments as on a kernel that can't choose between the sockets of a port: setsockopt
refuses SO_ATTACH_REUSEPORT_CBPF (Linux before 4.5)."""

import ctypes
import errno
import os
import platform
import struct
import sys

SETSOCKOPT = {"x86_64": 54, "aarch64": 208}[platform.machine()]
SO_ATTACH_REUSEPORT_CBPF = 51
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
NUMBER, THIRD_ARGUMENT = 0, 32  # in struct seccomp_data; the low half of a 64-bit argument
ALLOW, FAIL = 0x7FFF0000, 0x00050000

PROGRAM = [
    (LOAD, 0, 0, NUMBER),
    (EQUAL, 0, 3, SETSOCKOPT),
    (LOAD, 0, 0, THIRD_ARGUMENT),
    (EQUAL, 0, 1, SO_ATTACH_REUSEPORT_CBPF),
    (RETURN, 0, 0, FAIL | errno.ENOPROTOOPT),
    (RETURN, 0, 0, ALLOW),
]


def main():
    code = b"".join(struct.pack("HBBI", *step) for step in PROGRAM)
    held = ctypes.create_string_buffer(code, len(code))
    filter_ = struct.pack("HxxxxxxP", len(PROGRAM), ctypes.addressof(held))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        sys.exit("no_new_privs")
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter_, 0, 0) != 0:
        sys.exit(f"seccomp: {os.strerror(ctypes.get_errno())}")
    os.execv(sys.argv[1], sys.argv[1:])


main()
