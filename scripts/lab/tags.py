"""A switch's VLAN port in userland, for kernels without VLAN devices: frames from a node get tags, frames to it lose them.

Arguments: checksums DEVICE                leave no checksum of what a device sends to hardware
           NODE-DEVICE TRUNK-DEVICE TAG... with a tag as PROTOCOL:ID, outermost first (88a8:200 8100:100).
The frames themselves are the kernel's. Runs in the namespace of both devices until it is ended; says "ready" first.
"""
import ctypes
import fcntl
import select
import socket
import struct
import sys

ETH_P_ALL = 3
SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM = 0x17
TAG_PROTOCOLS = (0x8100, 0x88A8)
PACKET_OUTGOING = 4


def finish_checksums(device):
    """What leaves the kernel here comes to a program that fills in nothing: the kernel must finish it."""
    value = ctypes.create_string_buffer(struct.pack("II", ETHTOOL_STXCSUM, 0))
    request = struct.pack("16sP", device.encode(), ctypes.addressof(value))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, SIOCETHTOOL, request)


def open_device(device):
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    opened.bind((device, ETH_P_ALL))
    return opened


def untagged(frame):
    """The kernel takes the outer tag off before a socket sees the frame; any that is left goes here."""
    while len(frame) > 18 and int.from_bytes(frame[12:14], "big") in TAG_PROTOCOLS:
        frame = frame[:12] + frame[16:]
    return frame


if sys.argv[1] == "checksums":
    finish_checksums(sys.argv[2])
    sys.exit()
node, trunk = open_device(sys.argv[1]), open_device(sys.argv[2])
tags = b"".join(
    struct.pack("!HH", int(protocol, 16), int(number)) for protocol, number in (tag.split(":") for tag in sys.argv[3:])
)
print("ready", flush=True)
while True:
    for source in select.select([node, trunk], [], [])[0]:
        frame, address = source.recvfrom(65535)
        if address[2] == PACKET_OUTGOING:
            continue
        if source is node:
            trunk.send(frame[:12] + tags + frame[12:])
        else:
            node.send(untagged(frame))
