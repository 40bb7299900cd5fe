"""
The two things the kernel harness must know of a packet's headers: which datagram a fragment belongs to, and under which
conntrack tuple the kernel's table is to be asked for its entry. Judgement is the kernel's alone.
"""
import socket
import struct

from netlink import NESTED, attribute

ICMP, GRE, ICMPV6, AUTH, NO_NEXT_HEADER = 1, 47, 58, 51, 59
PORTS = (6, 17, 132, 136)
EXTENSIONS = (0, 43, 60)
FRAGMENT = 44
# Requests and replies: only they have a tuple of their own.
QUERIES = {ICMP: (0, 8, 13, 14, 15, 16, 17, 18), ICMPV6: (128, 129, 139, 140)}
# Attributes of identifier, type and code.
QUERY_ATTRIBUTES = {ICMP: (4, 5, 6), ICMPV6: (7, 8, 9)}


def walk(packet):
    """(family, protocol, offset behind the headers, fragment identification or None, fragment offset) or None."""
    if len(packet) < 20:
        return None
    if packet[0] >> 4 == 4:
        identification, fragment = struct.unpack_from('>HH', packet, 4)
        whole = fragment & 0x3FFF == 0
        return socket.AF_INET, packet[9], (packet[0] & 15) * 4, None if whole else identification, fragment & 0x1FFF
    if len(packet) < 40:
        return None
    protocol, at = packet[6], 40
    identification, offset = None, 0
    while protocol in EXTENSIONS or protocol in (FRAGMENT, AUTH):
        if at + 8 > len(packet):
            return None
        if protocol == FRAGMENT:
            field = struct.unpack_from('>H', packet, at + 2)[0]
            if field & 0xFFF9 != 0:
                identification, offset = struct.unpack_from('>I', packet, at + 4)[0], field >> 3
            if offset > 0:
                return socket.AF_INET6, packet[at], at + 8, identification, offset
            protocol, at = packet[at], at + 8
        elif protocol == AUTH:
            protocol, at = packet[at], at + 8 + 4 * packet[at + 1]
        else:
            protocol, at = packet[at], at + 8 + 8 * packet[at + 1]
    return socket.AF_INET6, protocol, at, identification, offset


def fragment_key(found, packet):
    """Equal for the fragments of one datagram; None for a whole packet."""
    if found is None or found[3] is None:
        return None
    if found[0] == socket.AF_INET:
        return packet[12:20], found[1], found[3]
    return packet[8:40], found[3]


def tuple_of(found, packet):
    """The conntrack tuple of a packet, in the kernel's own encoding; None where it has none (errors, later fragments)."""
    if found is None or found[4] > 0:
        return None
    family, protocol, at, _, _ = found
    if family == socket.AF_INET:
        addresses = attribute(1, packet[12:16]) + attribute(2, packet[16:20])
    else:
        addresses = attribute(3, packet[8:24]) + attribute(4, packet[24:40])
    numbers = attribute(1, bytes([protocol]))
    if protocol == (ICMP if family == socket.AF_INET else ICMPV6):
        if at + 8 > len(packet) or packet[at] not in QUERIES[protocol]:
            return None
        identifier, kind, code = QUERY_ATTRIBUTES[protocol]
        numbers += attribute(identifier, packet[at + 4 : at + 6])
        numbers += attribute(kind, packet[at : at + 1]) + attribute(code, packet[at + 1 : at + 2])
    elif protocol in (ICMP, ICMPV6) or (protocol == NO_NEXT_HEADER and family == socket.AF_INET6):
        return None
    elif protocol == GRE:
        # Only PPTP's call number is a key.
        pptp = at + 8 <= len(packet) and packet[at + 1] & 7 == 1
        numbers += attribute(2, b'\0\0') + attribute(3, packet[at + 6 : at + 8] if pptp else b'\0\0')
    elif protocol in PORTS:
        if at + 8 > len(packet):
            return None
        ports = packet[at : at + 4]
        numbers += attribute(2, ports[:2]) + attribute(3, ports[2:])
    return attribute(1 | NESTED, addresses) + attribute(2 | NESTED, numbers)


def quoted_tuple(found, packet):
    """The tuple of the packet that an ICMP error or a redirect quotes, in the direction in which that packet went."""
    family, _, at, _, _ = found
    begins = at + 8
    if family == socket.AF_INET6 and packet[at] == 137:
        # A redirect: two addresses, then options; the packet stands in the one of type 4.
        begins = at + 40 + 8
    # Linux takes the error's version for the quote's. Routers cut what they quote: the headers are enough.
    version = 0x40 if family == socket.AF_INET else 0x60
    quote = bytes([version | packet[begins] & 15]) + packet[begins + 1 :] + bytes(8)
    return tuple_of(walk(quote), quote)
