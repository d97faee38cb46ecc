"""What the figures should come to: ratios of two that were measured in the same round, so that
what the machine did meanwhile falls on both."""

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Goal:
    text: str
    value: tuple        # (subject, figure)
    beside: tuple = ()  # likewise; nothing if the value itself has the bound
    at_least: float = None
    at_most: float = None

    def result(self, table):
        """The ratio; None if a part of it was not measured."""
        try:
            if not self.beside:
                return median(table[self.value])
            return median(a / b for a, b in zip(table[self.value], table[self.beside]))
        except KeyError:
            return None

    def is_met(self, result):
        return result >= self.at_least if self.at_least else result <= self.at_most

    def bound(self):
        return f">= {self.at_least}" if self.at_least else f"<= {self.at_most}"


def echo_goals(lab, limit):
    way = "bare echo, std::cerr"
    return [
        Goal(f"{lab}: a round trip of 16 bytes, to {limit}", (lab, "round trip 16 p50"),
             (limit, "round trip 16 p50"), at_most=1.1),
        Goal(f"{lab}: one of 1,500 bytes, to its own of 1,000", (lab, "round trip 1500 p50"),
             (lab, "round trip 1000 p50"), at_most=3),
        Goal(f"{lab}: a stream, to {limit}", (lab, "bulk"), (limit, "bulk"), at_least=0.95),
        Goal(f"{lab}: a stream, to {way}", (lab, "bulk"), (way, "bulk"), at_least=1.8)]


def goals(size):
    most = f"fan-out {size.members[-1]}"
    one_client = ["lab 1", "lab 2", "lab 4", "lab 7", "lab 8", "lab 9, one client",
                  "lab 10, few members"]
    return [
        *echo_goals("lab 1", "bare echo"),
        *echo_goals("lab 2", "bare lines"),
        *echo_goals("lab 4", "bare lines, log"),
        Goal("lab 2: a stream of lines of 64,000 bytes, to one of 1,024",
             ("lab 2", "bulk of long lines"), ("lab 2", "bulk"), at_least=1),
        Goal("lab 2: a line of 1 MB, by the byte, to one of 1 KB",
             ("classes", "lines of 1 MB"), ("classes", "lines of 1 KB"), at_least=0.95),
        Goal("lab 7: a login, to the bare hash in it", ("lab 7", "login"), ("lab 7", "hash"),
             at_most=1.05),
        Goal("lab 8: a round trip of 16 bytes, to bare frames", ("lab 8", "round trip 16 p50"),
             ("bare frames", "round trip 16 p50"), at_most=1.1),
        Goal("lab 8: frames of 16 bytes, to bare frames, two recv", ("lab 8", "frames"),
             ("bare frames, two recv", "frames"), at_least=10),
        Goal("lab 8: the same, to Boost.Asio", ("lab 8", "frames"),
             ("Boost.Asio, frames", "frames"), at_least=1),
        Goal("lab 8: the same, to Python asyncio", ("lab 8", "frames"),
             ("Python asyncio, frames", "frames"), at_least=1),
        Goal("FramedSocket: frames of 16 bytes received, to two recv each",
             ("classes", "frames, read ahead"), ("classes", "frames, two recv each"), at_least=10),
        Goal("FramedSocket alone: frames of 16 bytes, to Boost.Asio",
             ("FramedSocket alone", "frames"), ("Boost.Asio, frames", "frames"), at_least=1),
        Goal("FramedSocket alone: the same, to Python asyncio",
             ("FramedSocket alone", "frames"), ("Python asyncio, frames", "frames"), at_least=1),
        Goal(f"lab 9: messages of {size.crowd:,} clients, to bare poll",
             ("lab 9", "messages of a crowd"), ("bare poll", "messages of a crowd"),
             at_least=0.8),
        Goal(f"lab 9: p99 of a talk during {size.logins} logins, to that without",
             ("lab 9, during logins", "talk p99"), ("lab 9, one client", "talk p99"), at_most=2),
        Goal(f"lab 10: fan-out to {size.members[-1]:,}, to bare sendto", ("lab 10", most),
             ("bare sendto", most), at_least=0.9),
        Goal(f"lab 10: fan-out to {size.members[-1]:,}, to bare sendmmsg", ("lab 10", most),
             ("bare sendmmsg", most), at_least=0.9),
        *(Goal(f"{name}: peak memory in MB", (name, "memory"), at_most=4) for name in one_client),
        Goal(f"lab 9: peak memory in MB with {size.crowd:,} clients", ("lab 9", "memory"),
             at_most=20)]
