"""
Netlink in the few words that the kernel harness needs: conntrack entries, packet logs, rule traces.

In:  sockets of the current network namespace.  Out: plain tuples and bytes; a conntrack tuple stays the bytes that the
kernel wrote, so that it can be handed back as it is. Nothing here interprets packets.
"""
import errno
import os
import socket
import struct

NETFILTER = 12
SOL_NETLINK, ADD_MEMBERSHIP = 270, 1
REQUEST, ACK, CREATE = 0x1, 0x4, 0x400
NESTED = 0x8000

CONNTRACK, ULOG, NFTABLES = 1, 4, 10
CT_NEW, CT_GET, CT_DELETE = 0, 1, 2
CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, CTA_STATUS, CTA_PROTOINFO, CTA_TIMEOUT, CTA_ID = 1, 2, 3, 4, 7, 12
NFULA_PAYLOAD, NFULA_PREFIX = 9, 10
TRACE_GROUP = 9
TRACE_TABLE, TRACE_CHAIN, TRACE_HANDLE, TRACE_TYPE, TRACE_VERDICT, TRACE_END = 1, 2, 3, 4, 5, 16
TRACE_POLICY, TRACE_RULE = 1, 3

RECEIVE = 1 << 17


def attribute(kind, data):
    return struct.pack('=HH', 4 + len(data), kind) + data + b'\0' * (-len(data) % 4)


def attributes(data, at=0):
    """All attributes of a message or nest, the last of a kind winning."""
    found = {}
    end = len(data)
    while at + 4 <= end:
        length, kind = struct.unpack_from('=HH', data, at)
        if length < 4:
            break
        found[kind & 0x3FFF] = data[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


def message(subsystem, kind, flags, family, sequence, body, resource=0):
    head = struct.pack('=IHHII', 20 + len(body), subsystem << 8 | kind, flags, sequence, 0)
    return head + struct.pack('>BBH', family, 0, resource) + body


def messages(data):
    """(type, offset of the attributes, end) of every message in a datagram."""
    at = 0
    while at + 16 <= len(data):
        length, kind = struct.unpack_from('=IH', data, at)
        yield kind, at + 20, at + length
        at += (length + 3) & ~3


def open_socket():
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER)
    s.bind((0, 0))
    s.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
    return s


def expect_ack(s):
    data = s.recv(RECEIVE)
    kind, at, _ = next(messages(data))
    code = struct.unpack_from('=i', data, at - 4)[0]
    if kind != 2 or code != 0:
        raise OSError(-code, os.strerror(-code))


def open_log(group):
    """A packet log that is written at once, a message a packet, with the packet."""
    s = open_socket()
    for body in (
        attribute(1, struct.pack('>B', 1)),  # bind to the group
        attribute(2, struct.pack('>IBB', 0xFFFF, 2, 0)),  # the packet itself too
        attribute(5, struct.pack('>I', 1)),  # no batching
    ):
        s.send(message(ULOG, 1, REQUEST | ACK, 0, 0, body, group))
        expect_ack(s)
    s.setblocking(False)
    return s


def open_trace():
    s = open_socket()
    s.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, TRACE_GROUP)
    s.setblocking(False)
    return s


def read_log(s):
    """(prefix, packet) of what was logged, in order."""
    found = []
    while True:
        try:
            data = s.recv(RECEIVE)
        except BlockingIOError:
            return found
        for kind, at, end in messages(data):
            if kind == ULOG << 8:
                a = attributes(data[at:end])
                found.append((a[NFULA_PREFIX].rstrip(b'\0').decode(), a.get(NFULA_PAYLOAD, b'')))


def read_trace(s):
    """[(table, chain, rule handle or 0 for a chain's policy, verdict code)] of the rules that matched, in order."""
    found = []
    while True:
        try:
            data = s.recv(RECEIVE)
        except BlockingIOError:
            return found
        for _, at, end in messages(data):
            a = attributes(data[at:end])
            kind = struct.unpack('>I', a[TRACE_TYPE])[0]
            if kind == TRACE_RULE and TRACE_HANDLE in a:
                handle = struct.unpack('>Q', a[TRACE_HANDLE])[0]
                verdict = struct.unpack('>i', attributes(a[TRACE_VERDICT])[1])[0]
            elif kind == TRACE_POLICY:
                handle, verdict = 0, struct.unpack('>i', a[TRACE_END])[0]
            else:
                continue
            found.append((a[TRACE_TABLE].rstrip(b'\0').decode(), a[TRACE_CHAIN].rstrip(b'\0').decode(), handle, verdict))


class Connections:
    """The namespace's conntrack table."""

    def __init__(self):
        self.socket = open_socket()
        self.sequence = 0

    def _ask(self, kind, flags, family, body):
        """The answering entry's attributes; an empty dictionary for a bare acknowledgement, None where there is no entry."""
        self.sequence += 1
        self.socket.send(message(CONNTRACK, kind, REQUEST | flags, family, self.sequence, body))
        while True:
            data = self.socket.recv(RECEIVE)
            sequence = struct.unpack_from('=I', data, 8)[0]
            if sequence != self.sequence:
                continue
            answer, at, end = next(messages(data))
            if answer != 2:
                return attributes(data[at:end])
            code = -struct.unpack_from('=i', data, at - 4)[0]
            if code == errno.ENOENT:
                return None
            if code != 0:
                raise OSError(code, os.strerror(code))
            return {}

    def get(self, family, tuple_):
        return self._ask(CT_GET, 0, family, attribute(CTA_TUPLE_ORIG | NESTED, tuple_))

    def set_timeout(self, family, tuple_, seconds):
        body = attribute(CTA_TUPLE_ORIG | NESTED, tuple_) + attribute(CTA_TIMEOUT, struct.pack('>I', seconds))
        self._ask(CT_NEW, ACK, family, body)

    def create(self, family, tuple_, reply, status, seconds):
        body = attribute(CTA_TUPLE_ORIG | NESTED, tuple_) + attribute(CTA_TUPLE_REPLY | NESTED, reply)
        body += attribute(CTA_STATUS, status) + attribute(CTA_TIMEOUT, struct.pack('>I', seconds))
        self._ask(CT_NEW, ACK | CREATE, family, body)

    def delete(self, family, tuple_, identity):
        """Only that very entry: another one may have taken its place."""
        body = attribute(CTA_TUPLE_ORIG | NESTED, tuple_) + attribute(CTA_ID, identity)
        return self._ask(CT_DELETE, ACK, family, body) is not None

    def flush(self):
        self._ask(CT_DELETE, ACK, 0, b'')
