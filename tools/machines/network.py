"""The network: four machines, two subnets, and a router between them.

`guest` is to `local` what a virtual machine with a bridged network card is to its host: the card of
each is a port of the same bridge, and they are neighbours in one subnet.
"""

import os

from machines.namespaces import Machine, may_have_machines

PICTURE = """\
     local  10.0.1.1  fd00:1::1 ──┐
     (the server is here)         │
                                bridge ── router ── remote  10.0.2.2  fd00:2::2
                                  │       10.0.1.254        (in a subnet of its own)
     guest  10.0.1.2  fd00:1::2 ──┘       10.0.2.254
     (a virtual machine)
"""

SERVER = {4: "10.0.1.1", 6: "fd00:1::1"}
LOOPBACK = {4: "127.0.0.1", 6: "::1"}
ADDRESS = {  # as the server sees them
    "local": LOOPBACK,
    "guest": {4: "10.0.1.2", 6: "fd00:1::2"},
    "remote": {4: "10.0.2.2", 6: "fd00:2::2"},
}

# A veth pair is a cable: what goes in at one end comes out at the other, here on another machine.
CABLES = """
link set lo up
link add bridge type bridge
link add to-guest type veth peer name eth0 netns {guest}
link add to-router type veth peer name eth0 netns {router}
link set to-guest master bridge up
link set to-router master bridge up
link set bridge up
"""
LONG_CABLE = """
link add eth1 type veth peer name eth0 netns {remote}
"""
INTERFACES = {
    "local": "",
    "guest": "link set lo up\n link set eth0 up\n",
    "router": "link set eth0 up\n link set eth1 up\n",
    "remote": "link set lo up\n link set eth0 up\n",
}
IPV4 = {
    "local": "addr add 10.0.1.1/24 dev bridge\n route add default via 10.0.1.254\n",
    "guest": "addr add 10.0.1.2/24 dev eth0\n route add default via 10.0.1.254\n",
    "router": "addr add 10.0.1.254/24 dev eth0\n addr add 10.0.2.254/24 dev eth1\n",
    "remote": "addr add 10.0.2.2/24 dev eth0\n route add default via 10.0.2.254\n",
}
IPV6 = {
    "local": "addr add fd00:1::1/64 dev bridge\n route add default via fd00:1::fe\n",
    "guest": "addr add fd00:1::2/64 dev eth0\n route add default via fd00:1::fe\n",
    "router": "addr add fd00:1::fe/64 dev eth0\n addr add fd00:2::fe/64 dev eth1\n",
    "remote": "addr add fd00:2::2/64 dev eth0\n route add default via fd00:2::fe\n",
}


# Within a second or so a machine finds out whether somebody else has its new IPv6 address, and does
# not use it before (RFC 4862, 5.4). Nobody can have it here.
NO_WAITING = ("net/ipv6/conf/default/accept_dad", "0")

# Passes on packets that are for others: this makes a router of a machine.
FORWARDING = {4: ("net/ipv4/ip_forward", "1"), 6: ("net/ipv6/conf/all/forwarding", "1")}


class Network:
    """Machines by name, and the families of addresses they have: 4, and 6 if this system has it."""

    def __init__(self):
        may_have_machines()
        self.machines = {name: Machine(name) for name in INTERFACES}
        self.families = (4, 6) if has_ipv6() else (4,)
        everybody = self.machines.values()
        if 6 in self.families:
            for machine in everybody:
                machine.set(*NO_WAITING)
        self.machines["local"].configure(CABLES, everybody)
        self.machines["router"].configure(LONG_CABLE, everybody)
        for machine in everybody:
            machine.configure(INTERFACES[machine.name])
            for family in self.families:
                machine.configure({4: IPV4, 6: IPV6}[family][machine.name])
        for family in self.families:
            self.machines["router"].set(*FORWARDING[family])


def has_ipv6():
    """Of the machine that was made last, as of all."""
    switch = "/proc/sys/net/ipv6/conf/all/disable_ipv6"
    if not os.path.exists(switch):
        return False
    with open(switch, encoding="ascii") as file:
        return file.read().strip() == "0"
