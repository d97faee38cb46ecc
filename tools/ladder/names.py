"""Addresses, and the names under which the picture shows what the system chooses anew each time.

The port that a client gets, a token or cookie, and the time in a log are different in each run. In
the picture they are 50000, 50001, ..., short stand-ins, and "…", so that the same conversation
gives the same picture, and what is equal in it was equal.
"""

import hashlib
import re

FIRST_CLIENT_PORT = 50000
SYSTEM_CHOSEN = 10000  # the labs' own ports are below, those that the system gives out above
ELLIPSIS = "…".encode()
TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|[+-]\d\d:\d\d)?( \[\w+\])?"  # of a log
                  rb"|(?<=\t)\d{10}\b")  # in Unix seconds, in a table
RECORD = re.compile(rb"(pbkdf2_sha256\$\d+\$)[^$\s]+\$[^$\s]+")  # salt and hash of a password
TOKEN = re.compile(rb"\b[0-9a-f]{16,}\b")


def address_of(argument):
    """(host, port) of a sockaddr as strace shows it; None if it is none, or not of the internet."""
    if not isinstance(argument, dict):
        return None
    text = " ".join(str(value) for value in argument.values())
    port = re.search(r"htons\((\d+)\)", text)
    host = re.search(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"', text)
    return (host[1] or host[2], int(port[1])) if port and host else None


def addresses_about(about):
    """(local, peer) from strace's "TCP:[127.0.0.1:9090->127.0.0.1:50000]"; either may be None."""
    found = re.fullmatch(r"(?:TCP|UDP)(?:v6)?:\[(.*)\]", about)
    if not found or ":" not in found[1]:
        return None, None
    both = [split_address(text) for text in found[1].split("->")]
    return both[0], both[1] if len(both) == 2 else None


def split_address(text):
    host, port = text.rsplit(":", 1)
    return host.strip("[]"), int(port)


def canonical(address):
    """IPv4 as an IPv6 socket sees it (::ffff:127.0.0.1) is the same address as IPv4."""
    return address and (address[0].removeprefix("::ffff:"), address[1])


class Names:
    def __init__(self, ports=None, stand_ins=True):
        """`ports`: {the port that the conversation was given: the one that the picture shows};
        `stand_ins`: in what was sent and received, too, where tokens are only shortened without."""
        self.ports, self.stand_ins = dict(ports or {}), stand_ins
        self.clients = 0
        self.tokens = {}

    def port(self, port):
        if port not in self.ports and port >= SYSTEM_CHOSEN:
            self.ports[port] = FIRST_CLIENT_PORT + self.clients
            self.clients += 1
        return self.ports.get(port, port)

    def address(self, address):
        host, port = address
        return f"[{host}]:{self.port(port)}" if ":" in host else f"{host}:{self.port(port)}"

    def data(self, data):
        """The bytes with the ports and tokens that the picture shows."""
        if not self.stand_ins:
            return TOKEN.sub(lambda found: found[0][:4] + ELLIPSIS, data)
        for real, shown in self.ports.items():
            if real != shown:
                data = re.sub(rb"\b%d\b" % real, b"%d" % shown, data)
        data = RECORD.sub(rb"\1" + ELLIPSIS + b"$" + ELLIPSIS, TIME.sub(ELLIPSIS, data))
        return TOKEN.sub(self.token, data)

    def token(self, found):
        number = self.tokens.setdefault(found[0], len(self.tokens))
        return hashlib.sha256(b"token %d" % number).hexdigest()[:4].encode() + ELLIPSIS
