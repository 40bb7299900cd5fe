"""
Datagrams in fragments that the kernel holds: which packets they came in, and how to end one whose time has come.

In:  fragments, as they were given to the kernel.  Out: a fragment that makes the kernel give the datagram up.

The kernel's own timer runs in real time and cannot be moved. But a fragment that overlaps another one in part ends its
datagram at once, in IPv4 and in IPv6, and leaves nothing behind: as the timer would.
"""
import struct

FRAGMENT = 44
EXTENSIONS = (0, 43, 60)


class Held:
    """The fragments of one datagram, from the first that came."""

    __slots__ = ('begun', 'numbers', 'tuple', 'packet', 'runs')

    def __init__(self, begun):
        self.begun, self.numbers, self.tuple, self.packet, self.runs = begun, [], None, None, []

    def add(self, number, tuple_, packet):
        self.numbers.append(number)
        self.tuple = tuple_ or self.tuple
        self.packet = packet
        head, start = place(packet)
        self.runs.append((start, start + len(packet) - head))

    def overlap(self):
        """A fragment of 16 bytes, half of it over data that is there, half over data that is missing."""
        runs = []
        for start, end in sorted(self.runs):
            if runs and start <= runs[-1][1]:
                runs[-1][1] = max(end, runs[-1][1])
            else:
                runs.append([start, end])
        # Where a hole ends, else where the first one begins: always inside the datagram, whose last fragment may be known.
        behind_hole = next((start for start, _ in runs if start > 0), None)
        start = behind_hole - 8 if behind_hole is not None else (runs[0][1] - 8) & ~7
        head, _ = place(self.packet)
        return rewrite(self.packet[:head], start)


def place(packet):
    """(length of everything in front of the fragment's data, offset of the data in the datagram), in bytes."""
    if packet[0] >> 4 == 4:
        return (packet[0] & 15) * 4, (struct.unpack_from('>H', packet, 6)[0] & 0x1FFF) * 8
    protocol, at = packet[6], 40
    while protocol in EXTENSIONS:
        protocol, at = packet[at], at + 8 + 8 * packet[at + 1]
    return at + 8, struct.unpack_from('>H', packet, at + 2)[0] & 0xFFF8


def rewrite(head, start):
    """The head with another offset, more fragments to follow, and 16 bytes of data."""
    packet = bytearray(head) + bytes(16)
    if packet[0] >> 4 == 4:
        struct.pack_into('>H', packet, 2, len(packet))
        struct.pack_into('>H', packet, 6, 0x2000 | start // 8)
        struct.pack_into('>H', packet, 10, 0)
        total = sum(struct.unpack(f'>{len(head) // 2}H', packet[: len(head)]))
        total = (total & 0xFFFF) + (total >> 16)
        struct.pack_into('>H', packet, 10, ~(total + (total >> 16)) & 0xFFFF)
    else:
        struct.pack_into('>H', packet, 4, len(packet) - 40)
        struct.pack_into('>H', packet, len(head) - 6, start | 1)
    return bytes(packet)
