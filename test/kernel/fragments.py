"""
Datagrams in fragments that the kernel holds: which packets they came in, which of them became part of the datagram, and
how one is ended whose time has come.

In:  fragments, as they were given to the kernel; the datagram that it made of some of them.  Out: the packets that are in
it, by their bytes; a fragment that makes the kernel give the datagram up.

The kernel's own timer runs in real time and cannot be moved. But some fragments end their datagram at once and leave
nothing behind, as the timer would.
"""
import struct

FRAGMENT = 44
EXTENSIONS = (0, 43, 60)
# What IPv6 asks of a first fragment, by protocol, in bytes of the transport header; of any other one byte.
HEADERS = {6: 20, 17: 8, 58: 8}


class Held:
    """The fragments of one datagram, from the first that came."""

    __slots__ = ('begun', 'parts', 'dead', 'packet', 'front', 'runs', 'reach', 'length', 'ended', 'repeats')

    def __init__(self, begun):
        self.begun, self.parts, self.dead, self.packet, self.front = begun, [], [], None, 0
        self.forget()

    def forget(self):
        self.dead += self.numbers
        self.parts, self.runs, self.reach, self.length, self.ended, self.repeats = [], [], -1, 0, False, False

    def add(self, number, now, packet):
        head, start = place(packet)
        end = start + len(packet) - head
        self.packet = packet
        if start == 0:
            # A whole IPv6 datagram has no fragment header.
            self.front = head if packet[0] >> 4 == 4 else head - 8
        if more(packet):
            # IPv4 cuts a middle fragment down; IPv6 lets one of an odd length pass (see passed).
            end &= ~7
        possible = self.possible(end, more(packet)) and end > start
        if not possible and packet[0] >> 4 == 6:
            self.dead.append(number)
        elif not possible or not self.fits(start, end):
            # The kernel begins anew, and so does its clock; what it had, and this one, are in no datagram.
            self.forget()
            self.dead.append(number)
        else:
            if not self.parts:
                self.begun = now
            self.parts.append((number, start, packet[head : head + end - start]))

    def possible(self, end, more):
        """False where the fragment reaches beyond the datagram's end, or claims another one."""
        if end > self.length and self.ended or not more and end < self.length:
            return False
        self.length, self.ended = max(self.length, end), self.ended or not more
        return True

    def fits(self, start, end):
        """False where the fragment overlaps another one in part. Fragments in order are one run; inside one they repeat."""
        self.repeats = False
        if end > self.reach:
            if start < self.reach:
                return False
            if self.runs and start == self.reach:
                self.runs[-1] = (self.runs[-1][0], end)
            else:
                self.runs.append((start, end))
            self.reach = end
            return True
        for at, to in self.runs:
            if at <= start and end <= to:
                self.repeats = True
                return True
            if start < to and at < end:
                return False
        self.runs = sorted([*self.runs, (start, end)])
        return True

    @property
    def numbers(self):
        return [number for number, _, _ in self.parts]

    def passed(self, packet):
        """A fragment that went on by itself: one of odd length has ended the datagram, one that lacks headers has not."""
        head, start = place(packet)
        size = len(packet) - head
        if size & 7 and (start > 0 or size >= HEADERS.get(packet[head - 8], 1)):
            self.forget()

    def refused(self):
        """Nothing came of the last fragment: if the datagram was whole with it, the kernel has thrown it away."""
        together = all(self.runs[i][1] == self.runs[i + 1][0] for i in range(len(self.runs) - 1))
        if self.ended and not self.repeats and together and self.runs[:1] and self.runs[0][0] == 0 and self.reach == self.length:
            self.forget()

    def split(self, datagram):
        """(numbers of the packets whose bytes are in the datagram, numbers of the others)"""
        payload = datagram[self.front :]
        within, others = [], list(self.dead)
        for number, start, data in self.parts:
            found = payload[start : start + len(data)] == data
            (within if found else others).append(number)
        return within, others

    def ending(self):
        """A fragment that ends the datagram, whatever has come of it: in IPv4 one without data, in IPv6 one of odd length."""
        head, _ = place(self.packet)
        return rewrite(self.packet[:head], 8, 0 if self.packet[0] >> 4 == 4 else 1)


def place(packet):
    """(length of everything in front of the fragment's data, offset of the data in the datagram), in bytes."""
    if packet[0] >> 4 == 4:
        return (packet[0] & 15) * 4, (struct.unpack_from('>H', packet, 6)[0] & 0x1FFF) * 8
    protocol, at = packet[6], 40
    while protocol in EXTENSIONS:
        protocol, at = packet[at], at + 8 + 8 * packet[at + 1]
    return at + 8, struct.unpack_from('>H', packet, at + 2)[0] & 0xFFF8


def more(packet):
    if packet[0] >> 4 == 4:
        return packet[6] & 0x20 != 0
    head, _ = place(packet)
    return packet[head - 5] & 1 != 0


def rewrite(head, start, size):
    """The head with another offset, more fragments to follow, and as many bytes of data."""
    packet = bytearray(head) + bytes(size)
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
