"""The conversations of `tools/hosts`, one function a lab: the server is on `local`, its clients are
on every machine. The first sentence of a docstring is shown at the head of its lab."""

import os
import shutil

IPV4 = (4,)


def lab1(tour):
    """The server sees each client by the address that it has in the network between them."""
    for way in tour.ways(IPV4):
        with tour.server() as server:
            visit(tour, way)
            server.must_end()  # it serves one client


def lab2(tour):
    """One server for all three machines, one after another."""
    echo(tour, IPV4)


def lab3(tour):
    """One socket takes IPv6, and IPv4 as well."""
    echo(tour)


def lab4(tour):
    """Who came from where is in the log."""
    echo(tour)


def lab5(tour):
    """Port 9090 is free on the server's machine, whoever has it on another one."""
    echo(tour)


def lab6(tour):
    """Each address is asked for its name once, and is greeted by it the second time."""
    with tour.server() as server:
        for way in tour.ways():
            name = f"{way.machine} by IPv{way.family}"
            visit(tour, way, [name], f"Nice to meet you, {name}!")
            visit(tour, way, [], f"Hello, {name}!")
        server.stop()


def lab7(tour):
    """Registered on one machine, let in by the password on another, and by the token that was
    given there on a third."""
    with tour.server() as server:
        for family in tour.families:
            register, login, carried = tour.ways((family,))
            name, password = {4: "Anna", 6: "Борис"}[family], "correct horse"
            visit(tour, register, [name, password, password], f"Nice to meet you, {name}!")
            visit(tour, login, [name, password], f"Hello, {name}!")
            os.makedirs(carried.folder)
            shutil.copy(os.path.join(login.folder, "session.token"), carried.folder)
            visit(tour, carried, [], f"Welcome back, {name}!")
        server.stop()


def lab8(tour):
    """The same in frames: a session is good on every machine."""
    lab7(tour)


def lab9(tour):
    """The same, and one thread serves them all. Nobody is at the server's console, so each message
    is its own answer."""
    lab7(tour)


def lab10(tour):
    """Three people on three machines: each hears the two others."""
    with tour.server() as server:
        for family in tour.families:
            chat(tour, tour.ways((family,)))
        server.stop()


def echo(tour, families=None):
    with tour.server() as server:
        for way in tour.ways(families):
            visit(tour, way)
        server.stop()


def visit(tour, way, answers=(), greeting=None):
    """Answers the questions, says a line, and goes. The greeting is told on standard error; the
    line has to come back on standard output, and nothing else."""
    line = f"Hello from {way.machine}!"
    before = len(tour.peers())
    with tour.client(way) as client:
        client.type(*answers, line)
        client.ends_its_input()
        client.must_end()
        tour.check(client.said("output") == line + "\n",
                   f"the client showed {client.said('output')!r}, not {line!r}")
        tour.check(greeting is None or greeting in client.said("messages"),
                   f"the client was not told “{greeting}”")
    tour.saw(way, tour.peers()[before:], greeting or line)


def chat(tour, ways):
    before = len(tour.peers())
    clients = []
    for way in ways:
        client = tour.client(way)
        clients.append(client)
        client.type(way.machine)
        client.wait_until(lambda: "connect: " in client.said("messages"), "was not let in")
    peers = tour.peers()[before:]

    for way, client in zip(ways, clients):
        client.type("Hi!")
    for way, peer, client in zip(ways, peers, clients):
        expected = sorted(f"{other.machine}: Hi!" for other in ways if other is not way)
        client.wait_until(lambda: sorted(client.said("output").splitlines()) == expected,
                          "did not show what the two others said")
        tour.saw(way, [peer], " ".join(client.said("output").splitlines()))
    for client in clients:
        client.ends_its_input()
        client.must_end()
