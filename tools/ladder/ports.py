"""Ports for the conversations."""

import socket


def claim_ports(count):
    """A socket that keeps other runs of this program off, and the first of `count` free ports:
    9090 if it can be had, so that the picture's ports are the real ones."""
    for first in range(9090, 9990, 10):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0ladder-{first}")
        except OSError:
            claim.close()
            continue
        if all(is_free(first + number) for number in range(count)):
            return claim, first
        claim.close()
    raise OSError("no port is free between 9090 and 9989")


def is_free(port):
    for family in (socket.AF_INET, socket.AF_INET6):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            try:
                with socket.socket(family, kind) as probe:
                    probe.bind(("", port))
            except OSError:
                if family == socket.AF_INET or has_ipv6():
                    return False
    return True


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False
