# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives the network of this process an address beside its own, then runs a command: while a computer has no other
address, WebKit looks no names up."""

import fcntl
import os
import socket
import struct
import sys

SIOCSIFADDR = 0x8916
# Reserved for documentation.
ADDRESS = "192.0.2.1"
request = struct.pack("16sHH4s8x", b"lo:shop", socket.AF_INET, 0, socket.inet_aton(ADDRESS))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, SIOCSIFADDR, request)
os.execvp(sys.argv[1], sys.argv[1:])
