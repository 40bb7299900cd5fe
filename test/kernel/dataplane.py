"""
The running kernel as a judge of packets: reads packets and a ruleset from stdin, writes verdicts to stdout.

Messages, both ways: length (u32, little endian), kind (one letter), payload.
  S  JSON: {"ruleset": nft text, "settings": {sysctl name: value}, "timeouts": [seconds], "fragments": [seconds in IPv4,
     in IPv6], "trace": whether deciding rules are read}                                                      -> S JSON
  P  packets: {time in ns u64, length u32, IP packet} ...                                                     -> P JSON
  E  the end of the packets                                                                                   -> P JSON
A P answer is a list of [number of the packet, allowed, state, direction, rules, entry]; fragments are answered when their
datagram is whole, or at the end. An error is answered with X and a text.

Time. A connection's timeout is read behind every packet and kept as its end in the packets' own time; the kernel's own is
then set so far away that it never comes (FROZEN), and the entry is deleted before the first packet behind its end. The
one other clock of conntrack, UDP's two seconds to a stream, is moved on by making the entry anew: an entry made by hand
has that clock in the past. The timer of a datagram in fragments is run out by ending the datagram (fragments.py).
"""
import heapq
import json
import os
import struct
import sys
import time

import netlink
import ports
from fragments import Held
from headers import fragment_key, quoted_tuple, tuple_of, walk

FROZEN = 1_500_000
# Drop, accept, goto, return: what a rule does that settles something.
DECIDING = (0, 1, -4, -5)
STREAM_MS = 2000
UDP = 17
SEEN_REPLY, ASSURED, CONFIRMED = 2, 4, 8
# The answer for a packet that no rule saw: allowed, state, direction, rules, entry.
UNSEEN = (False, 'none', None, None, None)
TCP_STATES = 'NONE SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK TIME_WAIT CLOSE SYN_SENT2'.split()
SCTP_STATES = (
    'NONE CLOSED COOKIE_WAIT COOKIE_ECHOED ESTABLISHED SHUTDOWN_SENT SHUTDOWN_RECD SHUTDOWN_ACK_SENT HEARTBEAT_SENT'.split()
)

# Between conntrack (-200) and everything a ruleset does; what is logged is the state as every rule behind it sees it.
WATCH = """
table inet watch {
  chain state {
    type filter hook prerouting priority -151; policy accept;
    %s
    ct state invalid log prefix "invalid" group 1 queue-threshold 1 accept
    ct state untracked log prefix "untracked" group 1 queue-threshold 1 accept
    ct state new log prefix "new original" group 1 queue-threshold 1 accept
    ct state established ct direction original log prefix "established original" group 1 queue-threshold 1 accept
    ct state established ct direction reply log prefix "established reply" group 1 queue-threshold 1 accept
    ct state related ct direction original log prefix "related original" group 1 queue-threshold 1 accept
    ct state related ct direction reply log prefix "related reply" group 1 queue-threshold 1 accept
  }
}
"""


class Entry:
    __slots__ = ('family', 'tuple', 'reply', 'identity', 'protocol', 'expires', 'begun', 'begun_real', 'aged')


class Dataplane:
    def __init__(self):
        self.inside, self.outside = ports.open_ports()
        self.connections = netlink.Connections()
        self.log = netlink.open_log(1)
        self.trace_socket = netlink.open_trace()
        self.defaults = {}

    def set_up(self, ruleset, settings, trace):
        ports.run('nft', 'flush', 'ruleset')
        for name, value in self.defaults.items():
            ports.setting(name, value)
        for name, value in settings.items():
            path = 'net/netfilter/' + name
            if path not in self.defaults:
                with open('/proc/sys/' + path) as f:
                    self.defaults[path] = f.read().strip()
            ports.setting(path, value)
        self.trace = trace
        ports.run('nft', '-f', '-', text=WATCH % ('meta nftrace set 1' if trace else '') + ruleset)
        self.comments = {}
        if trace:
            for item in json.loads(ports.run('nft', '-j', '-a', 'list', 'ruleset'))['nftables']:
                rule = item.get('rule')
                if rule and rule['table'] != 'watch':
                    self.comments[rule['table'], rule['handle']] = rule.get('comment')
        self.connections.flush()
        self.entries = {}
        self.ends = []
        self.streams = []
        self.held = {}
        self.number = 0
        self.answers = []
        self.late = 0
        self.now = 0

    def advance(self, now):
        """Ends the connections whose time has come."""
        self.now = now = max(now, self.now)
        while self.ends and self.ends[0][0] <= now:
            end, _, entry = heapq.heappop(self.ends)
            if entry.expires != end or self.entries.get(entry.tuple) is not entry:
                continue
            del self.entries[entry.tuple]
            self.connections.delete(entry.family, entry.tuple, entry.identity)
        while self.streams and self.streams[0][0] < now:
            _, _, entry = heapq.heappop(self.streams)
            if self.entries.get(entry.tuple) is entry:
                self.age(entry)

        for key, held in list(self.held.items()):
            if held.begun + self.fragment_ms[held.packet[0] >> 4] > now:
                continue
            self.write(held.ending())
            self.came_out()
            netlink.read_log(self.log)
            netlink.read_trace(self.trace_socket)
            del self.held[key]
            self.give_up(held)

    def give_up(self, held):
        for number in held.dead + held.numbers:
            self.answers.append((number, *UNSEEN))

    def age(self, entry):
        found = self.connections.get(entry.family, entry.tuple)
        if found is None or not self.connections.delete(entry.family, entry.tuple, entry.identity):
            return
        status = struct.pack('>I', struct.unpack('>I', found[netlink.CTA_STATUS])[0] & (SEEN_REPLY | ASSURED | CONFIRMED))
        self.connections.create(entry.family, entry.tuple, entry.reply, status, FROZEN)
        entry.identity = self.connections.get(entry.family, entry.tuple)[netlink.CTA_ID]
        entry.aged = True

    def packet(self, now_ns, packet):
        self.advance(now_ns // 1_000_000)
        number = self.number
        self.number += 1
        self.write(packet)
        allowed = self.came_out()
        logs = netlink.read_log(self.log)
        rules = self.rules() if self.trace else None
        found = walk(packet)
        key = fragment_key(found, packet)
        # A fragment that is none to the kernel goes on by itself.
        if key is not None and logs and fragment_key(walk(logs[0][1]), logs[0][1]) is not None:
            if key in self.held:
                self.held[key].passed(packet)
            key = None
        if key is not None:
            self.held.setdefault(key, Held(self.now)).add(number, self.now, packet)
        if not logs and not allowed:
            # Nothing reached the filter: a fragment that waits for the others, or a packet that IP refuses.
            if key is None:
                self.answers.append((number, *UNSEEN))
            else:
                self.held[key].refused()
            return
        if len(logs) != 1:
            raise RuntimeError(f'packet {number} was seen {len(logs)} times by the filter')
        (prefix, seen) = logs[0]
        numbers = [number]
        if key is not None:
            numbers, others = self.held.pop(key).split(seen)
            for other in others:
                self.answers.append((other, *UNSEEN))
        state, _, direction = prefix.partition(' ')
        judged = walk(seen)
        tuple_ = quoted_tuple(judged, seen) if state == 'related' else tuple_of(judged, seen)
        entry = None
        if tuple_ is not None and state != 'untracked':
            entry = self.follow(judged[0], tuple_, state == 'invalid')
        for each in numbers:
            self.answers.append((each, allowed, state, direction or None, rules, entry))

    def write(self, packet):
        ether = b'\x86\xdd' if packet[0] >> 4 == 6 else b'\x08\x00'
        try:
            os.write(self.inside, ports.OUT_MAC + ports.IN_MAC + ether + packet)
        except OSError as error:
            raise RuntimeError(f'packet {self.number}: {error}')

    def came_out(self):
        count = 0
        while True:
            try:
                os.read(self.outside, 1 << 17)
                count += 1
            except BlockingIOError:
                return count > 0

    def rules(self):
        """Comments of the rules that decided, in order."""
        found = []
        for table, chain, handle, verdict in netlink.read_trace(self.trace_socket):
            if table == 'watch':
                continue
            if handle:
                comment = self.comments.get((table, handle))
                if comment is not None and verdict in DECIDING:
                    found.append(comment)
            elif verdict == 0:
                found.append('policy of ' + chain)
        return '; '.join(found) or None

    def follow(self, family, tuple_, refused):
        """Reads the entry, keeps its end in the packets' time, and freezes the kernel's."""
        found = self.connections.get(family, tuple_)
        if found is None:
            self.entries.pop(tuple_, None)
            return None
        tuple_ = found[netlink.CTA_TUPLE_ORIG]
        entry = self.entries.get(tuple_)
        identity = found[netlink.CTA_ID]
        if entry is None or entry.identity != identity:
            entry = self.begin(family, tuple_, found, identity)
        left = struct.unpack('>I', found[netlink.CTA_TIMEOUT])[0]
        if left < FROZEN - 400_000:
            seconds = self.whole(left)
            expires = self.now + seconds * 1000
            # A refused packet renews nothing, but a FIN or RST can take time away.
            if refused:
                expires = min(expires, entry.expires)
            entry.expires = expires
            heapq.heappush(self.ends, (expires, self.number, entry))
            self.connections.set_timeout(family, tuple_, FROZEN)
        status = struct.unpack('>I', found[netlink.CTA_STATUS])[0]
        # UDP's two seconds went by for the machine, but not for the packets.
        if entry.protocol == UDP and not entry.aged and status & SEEN_REPLY and time.monotonic() - entry.begun_real > 1.9:
            self.late += 1
        return (self.state(entry, found), (entry.expires - self.now) / 1000, bool(status & SEEN_REPLY), bool(status & ASSURED))

    def begin(self, family, tuple_, found, identity):
        entry = self.entries[tuple_] = Entry()
        entry.family, entry.tuple, entry.identity = family, tuple_, identity
        entry.reply = found[netlink.CTA_TUPLE_REPLY]
        entry.protocol = netlink.attributes(netlink.attributes(tuple_)[2])[1][0]
        entry.begun, entry.begun_real, entry.aged = self.now, time.monotonic(), False
        entry.expires = 0
        if entry.protocol == UDP:
            heapq.heappush(self.streams, (self.now + STREAM_MS, self.number, entry))
        return entry

    def whole(self, left):
        """The kernel counts in ticks and says whole seconds, rounded down: a tick behind the packet it says one less."""
        return left if left in self.timeouts else left + 1

    def state(self, entry, found):
        info = netlink.attributes(found.get(netlink.CTA_PROTOINFO, b''))
        for kind, names in ((1, TCP_STATES), (3, SCTP_STATES)):
            if kind in info:
                return names[netlink.attributes(info[kind])[1][0]]
        return ''

    def end(self):
        for held in self.held.values():
            self.give_up(held)
        self.held = {}

    def take(self):
        answers, self.answers = self.answers, []
        return {'answers': answers, 'late': self.late}


def read_exactly(length):
    data = sys.stdin.buffer.read(length)
    if len(data) < length:
        sys.exit(0)
    return data


def send(kind, document):
    data = kind + json.dumps(document, separators=(',', ':')).encode()
    sys.stdout.buffer.write(struct.pack('<I', len(data)) + data)
    sys.stdout.buffer.flush()


def answer(dataplane, kind, data):
    if kind == b'S':
        asked = json.loads(data)
        dataplane.timeouts = set(asked['timeouts'])
        dataplane.fragment_ms = {4: asked['fragments'][0] * 1000, 6: asked['fragments'][1] * 1000}
        dataplane.set_up(asked['ruleset'], asked['settings'], asked['trace'])
        return {}
    if kind == b'P':
        at = 0
        while at < len(data):
            now, length = struct.unpack_from('<QI', data, at)
            dataplane.packet(now, data[at + 12 : at + 12 + length])
            at += 12 + length
    else:
        dataplane.end()
    return dataplane.take()


def main():
    try:
        dataplane = Dataplane()
    except Exception as error:
        send(b'X', str(error))
        return
    send(b'S', {})
    while True:
        (length,) = struct.unpack('<I', read_exactly(4))
        data = read_exactly(length)
        try:
            send(data[:1], answer(dataplane, data[:1], data[1:]))
        except (OSError, RuntimeError, KeyError) as error:
            send(b'X', f'{type(error).__name__}: {error}')


main()
