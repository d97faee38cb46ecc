"""The conversations that are drawn: for each lab the one that tells its story.

A scene starts the lab's server and clients on a Stage and types for them. It demands nothing of
what they answer, so it can be played with any programs.
"""

from .ports import has_ipv6

HOME = "127.0.0.1"
LABS = range(1, 11)


def play(stage, number):
    """The conversation of the lab with this number."""
    globals()[f"lab{number}"](stage)


def lab1(stage):
    """One line there and back."""
    stage.server(stage.port, listens=stage.port)
    client = stage.client(HOME, stage.port)
    client.types("Привет!")


def lab2(stage):
    """A short line, a long one, the end; and the next client."""
    stage.server(stage.port, listens=stage.port)
    client = stage.client(HOME, stage.port)
    client.types("Привет!")
    client.types("Очень длинная строка: " + "а" * 600)
    client.types("exit")
    client = stage.client(HOME, stage.port)
    client.types("Вы ещё здесь?")
    client.ends_input()


def lab3(stage):
    """Asked for host and port. Too early; then over IPv6; then over IPv4."""
    early = stage.client()
    early.types(HOME)
    early.types(str(stage.port))
    server = stage.server()
    server.types("70000")
    server.types(str(stage.port))
    for host in ("::1", HOME) if has_ipv6() else (HOME,):
        client = stage.client(host)
        client.types(str(stage.port))
        client.types("Hello, " + host)
        client.types("exit")


def lab4(stage):
    """What a server says is in its log."""
    stage.shows_files("server.log")
    stage.server(stage.port, listens=stage.port)
    client = stage.client(HOME, stage.port)
    client.types("Привет!")
    client.types("exit")


def lab5(stage):
    """Somebody else has the port."""
    stage.server(stage.port, listens=stage.port, name="another server", lane=2)
    stage.server(stage.port, listens=stage.port + 1)
    client = stage.client(HOME, stage.port + 1)
    client.types("Привет!")
    client.types("exit")


def lab6(stage):
    """A stranger is asked, and known when he comes again."""
    stage.shows_files("names.tsv.new")
    stage.server(stage.port, listens=stage.port)
    client = stage.client(HOME, stage.port)
    client.types("Аня")
    client.types("Привет!")
    client.types("exit")
    client = stage.client(HOME, stage.port)
    client.types("exit")


def lab7(stage):
    """A new name, its password, a token; which is enough the next time."""
    stage.shows_files("users.tsv.new", "sessions.tsv.new", calls=["write"])
    stage.server(stage.port, listens=stage.port)
    client = stage.client(HOME, stage.port)
    for line in ("Аня", "дважды два", "дважды два", "exit"):
        client.types(line)
    client = stage.client(HOME, stage.port)
    client.types("logout")


def lab8(stage):
    """A length before each message: also before an empty one, and a long one."""
    stage.server(stage.port, listens=stage.port)
    client = stage.client(HOME, stage.port)
    for line in ("Аня", "дважды два", "дважды два", "exit"):
        client.types(line)
    stage.curtain_rises()
    client = stage.client(HOME, stage.port)
    for line in ("Привет!", "", "а" * 10000, "exit"):
        client.types(line)


def lab9(stage):
    """Two clients and a person; a password is checked meanwhile, and nobody waits for anybody."""
    server = stage.server(stage.port, listens=stage.port)
    first = stage.client(HOME, stage.port, name="client Аня", lane=0)
    second = stage.client(HOME, stage.port, name="client Боря", lane=2)
    for client, answers in ((first, ("Аня", "дважды два", "дважды два")),
                            (second, ("Боря", "трижды три", "трижды три"))):
        for answer in answers:
            client.types(answer)
    second.types("logout")
    second = stage.client(HOME, stage.port, name="client Боря", lane=2)
    second.types("Боря")

    stage.curtain_rises()
    second.types("трижды три", at_work=1)
    first.types("Как дела?")
    second.shows_error("Hello, Боря")
    stage.settle()
    second.types("А у меня?")
    server.types("@Боря Хорошо")
    server.types("Отлично")
    second.types("exit")


def lab10(stage):
    """Joining; a datagram that is lost, and said again; one that comes twice, and is shown once."""
    relay = stage.with_relay()
    stage.server(stage.port, listens=stage.port)
    second = stage.client(HOME, relay.port, name="client Боря", lane=2)
    second.types("Боря")
    stage.curtain_rises()

    first = stage.client(HOME, relay.port, name="client Аня", lane=0)
    first.types("Аня")
    relay.loses("SAY")
    relay.doubles("MSG")
    first.types("Привет!")
    second.shows("Аня: Привет!")
    stage.settle()
    first.types("/quit")


def feed(stage, lines):
    """A server at which nobody sits, and a client that is typed these lines."""
    server = stage.server(stage.port, listens=stage.port)
    server.ends_input()
    client = stage.client(HOME, stage.port)
    for line in lines:
        client.put(line)
    client.ends_input()
