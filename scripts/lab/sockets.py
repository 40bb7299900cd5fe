"""The lab's own TCP and UDP clients and servers: one process that enters a namespace only to open a socket there.

In:  one JSON object a line on stdin (see the functions named op_*).
Out: one JSON object a line on stdout, in the same order: {"outcome": "reply" | "refused" | "timeout" | "open" | ...}.
A socket stays in the namespace it was opened in, so a hundred pods need one process and no start-up time.
"""
import ctypes
import errno
import json
import os
import socket
import struct
import sys
import threading

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
connections = {}


def open_socket(command, address):
    """A socket of the address's family in the command's namespace."""
    handle = os.open("/run/netns/" + command["namespace"], os.O_RDONLY)
    try:
        if libc.setns(handle, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns " + command["namespace"])
    finally:
        os.close(handle)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_STREAM if command["protocol"] == "TCP" else socket.SOCK_DGRAM
    opened = socket.socket(family, kind)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return opened


def payload(value):
    """Text as it is, a number as that many bytes."""
    return (b"abcdefghijklmnopqrstuvwxyz234567" * (value // 32 + 1))[:value] if isinstance(value, int) else value.encode()


def answer(command, data):
    reply = command.get("reply", "echo")
    return data if reply == "echo" else payload(reply)


def serve_stream(command, listener):
    def one(peer):
        with peer:
            try:
                while data := peer.recv(65536):
                    peer.sendall(answer(command, data))
                    if command.get("closes"):
                        return
            except OSError:
                return

    while True:
        peer, _ = listener.accept()
        threading.Thread(target=one, args=(peer,), daemon=True).start()


def serve_datagrams(command, listener):
    while True:
        try:
            data, peer = listener.recvfrom(65535)
            listener.sendto(answer(command, data), peer)
        except OSError:
            continue  # an ICMP error about an earlier answer


def op_serve(command):
    """{"op": "serve", "namespace", "protocol", "address", "port", "reply": "echo" | text | bytes, "closes": bool}"""
    listener = open_socket(command, command["address"])
    listener.bind((command["address"], command["port"]))
    if command["protocol"] == "TCP":
        listener.listen(64)
    loop = serve_stream if command["protocol"] == "TCP" else serve_datagrams
    threading.Thread(target=loop, args=(command, listener), daemon=True).start()
    return "open"


def connect(command):
    client = open_socket(command, command["address"])
    client.settimeout(command["seconds"])
    if command.get("source") or command.get("sourcePort"):
        client.bind((command.get("source", ""), command.get("sourcePort", 0)))
    client.connect((command["address"], command["port"]))
    return client


def exchange(client, send):
    """One request and its answer, which may come in pieces as long as the request (an echo)."""
    data = payload(send)
    client.sendall(data)
    received = client.recv(65536)
    while received and client.type == socket.SOCK_STREAM and len(received) < min(len(data), 4096):
        more = client.recv(65536)
        if not more:
            break
        received += more
    return len(received)


def outcome_of(error):
    if isinstance(error, TimeoutError):
        return "timeout"
    if error.errno in (errno.ECONNREFUSED, errno.ECONNRESET):
        return "refused"
    if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM):
        return "unreachable"
    raise error


def op_attempt(command):
    """{"op": "attempt", "namespace", "protocol", "address", "port", "send", "times", "seconds"} and an outcome."""
    try:
        with connect(command) as client:
            for _ in range(command.get("times", 1)):
                if not exchange(client, command["send"]):
                    return "closed"
            return "reply"
    except OSError as error:
        return outcome_of(error)


def op_open(command):
    """Like attempt, but the connection stays, under "name"."""
    connections[command["name"]] = connect(command)
    return "open"


def op_send(command):
    """{"op": "send", "name", "send", "expect"}: a request on a named connection; expect "nothing" to not wait."""
    client = connections[command["name"]]
    if command.get("expect") == "nothing":
        client.sendall(payload(command["send"]))
        return "nothing"
    return "reply" if exchange(client, command["send"]) else "closed"


def op_close(command):
    """{"op": "close", "name", "reset": bool}"""
    client = connections.pop(command["name"])
    if command.get("reset"):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    return "closed"


for line in sys.stdin:
    request = json.loads(line)
    try:
        result = {"outcome": globals()["op_" + request["op"]](request)}
    except Exception as error:  # every failure is the play's to report
        result = {"outcome": "error", "error": repr(error)}
    print(json.dumps(result), flush=True)
