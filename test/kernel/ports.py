"""
A private network of one bridge with two ports, for the kernel harness. Run inside a network namespace of its own.

In:  nothing.  Out: two file descriptors: a frame written to the first runs through the bridge and the IP filter hooks
(br_netfilter) and comes out of the second, or not, before write() returns.

A bridge instead of a router, because a router would refuse or change packets on its own (time to live, martian
addresses, multicast, ICMP errors). The bridge has no address, so that the kernel answers nothing.
"""
import fcntl
import os
import struct
import subprocess

IN_MAC, OUT_MAC = bytes.fromhex('020000000001'), bytes.fromhex('020000000002')
# The longest frame a TAP device takes.
MTU = 65521

SETTINGS = {
    'net/ipv6/conf/all/disable_ipv6': 1,
    'net/ipv6/conf/default/disable_ipv6': 1,
    'net/bridge/bridge-nf-call-iptables': 1,
    'net/bridge/bridge-nf-call-ip6tables': 1,
    # Fragments are given up by the packets' time (fragments.py), never by the machine's.
    'net/ipv4/ipfrag_time': 86400,
    'net/netfilter/nf_conntrack_frag6_timeout': 86400,
}


def setting(name, value):
    with open('/proc/sys/' + name, 'w') as f:
        f.write(str(value))


def open_tap(name):
    fd = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, 0x400454CA, struct.pack('16sH22x', name.encode(), 0x1002))  # TUNSETIFF: IFF_TAP | IFF_NO_PI
    return fd


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f'{" ".join(command)}: {done.stderr.strip()}')
    return done.stdout


def open_ports():
    if not os.path.exists('/proc/sys/net/bridge/bridge-nf-call-iptables'):
        subprocess.run(['modprobe', 'br_netfilter'], capture_output=True)
    for name, value in SETTINGS.items():
        setting(name, value)
    ports = open_tap('in0'), open_tap('out0')
    run('ip', '-batch', '-', text='\n'.join([
        'link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
        *(f'link set {port} mtu {MTU} master br0' for port in ('in0', 'out0')),
        f'link set br0 mtu {MTU}',
        *(f'link set {port} up' for port in ('br0', 'in0', 'out0')),
    ]))  # fmt: skip
    run('bridge', 'fdb', 'add', OUT_MAC.hex(':'), 'dev', 'out0', 'master', 'static')
    return ports
