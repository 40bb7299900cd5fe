"""Packets as they are asked for, from this host: burst.py UDP ADDRESS PORT BYTES COUNT [SOURCE-PORT], or RAW ADDRESS PROTOCOL HEX."""
import socket
import sys

kind, address = sys.argv[1:3]
family = socket.AF_INET6 if ':' in address else socket.AF_INET
if kind == 'UDP':
    port, size, count = (int(value) for value in sys.argv[3:6])
    sender = socket.socket(family, socket.SOCK_DGRAM)
    if len(sys.argv) > 6:
        sender.bind(('', int(sys.argv[6])))
    for _ in range(count):
        try:
            sender.sendto(b'x' * size, (address, port))
        except ConnectionRefusedError:
            # What came back for the one before.
            sender.sendto(b'x' * size, (address, port))
else:
    sender = socket.socket(family, socket.SOCK_RAW, int(sys.argv[3]))
    sender.sendto(bytes.fromhex(sys.argv[4]), (address, 0))
