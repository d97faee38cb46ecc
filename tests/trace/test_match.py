"""Whose bytes are received by whom."""

import unittest

from common import arrows, events, kept, lines

CLIENT = "127.0.0.1:50000->127.0.0.1:9090"
SERVER = "127.0.0.1:9090->127.0.0.1:50000"
ADDRESS = '{sa_family=AF_INET, sin_port=htons(%d), sin_addr=inet_addr("127.0.0.1")}'
CONNECTED = ("socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3<TCP:[1]>",
             f"connect(3<TCP:[1]>, {ADDRESS % 9090}, 16) = 0")
ACCEPTED = ("socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3<TCP:[2]>",
            f"bind(3<TCP:[2]>, {ADDRESS % 9090}, 16) = 0",
            "listen(3<TCP:[127.0.0.1:9090]>, 128) = 0",
            f"accept(3<TCP:[127.0.0.1:9090]>, {ADDRESS % 50000}, [16]) = 4<TCP:[{SERVER}]>")


def send(descriptor, text, pair):
    return f'sendto({descriptor}<TCP:[{pair}]>, "{text}", {len(text)}, 0, NULL, 0) = {len(text)}'


def recv(descriptor, text, pair, room=1024):
    return (f'recvfrom({descriptor}<TCP:[{pair}]>, "{text}", {room}, 0, NULL, NULL) '
            f"= {len(text)}")


def talk(client, server):
    """The arrows between a client and a server that do this once they are connected."""
    found = arrows(events(lines(*ACCEPTED, *server, thread=20, first=1),
                          lines(*CONNECTED, *client, thread=10, first=1.002)))
    return [arrow for arrow in found if arrow[0] != "connect"]


class TcpTest(unittest.TestCase):
    def test_a_whole_conversation(self):
        self.assertEqual(arrows(events(kept("echo_server"), kept("echo_client"))), [
            ("connect", "connect", "accept"), ("data", "sendto", "recvfrom"),
            ("data", "sendto", "recvfrom"), ("end", "close", "recvfrom"),
            ("end", "close", None)])

    def test_one_send_two_receives(self):
        self.assertEqual(talk([send(3, "hello", CLIENT)],
                              [recv(4, "he", SERVER, 2), recv(4, "llo", SERVER)]),
                         [("data", "sendto", "recvfrom")] * 2)

    def test_two_sends_one_receive(self):
        self.assertEqual(talk([send(3, "he", CLIENT), send(3, "llo", CLIENT)],
                              [recv(4, "hello", SERVER)]),
                         [("data", "sendto", "recvfrom")] * 2)

    def test_bytes_are_counted_not_calls(self):
        found = events(lines(*ACCEPTED, recv(4, "abc", SERVER, 3), recv(4, "de", SERVER), thread=2),
                       lines(*CONNECTED, send(3, "ab", CLIENT), send(3, "cde", CLIENT)))
        from ladder import wires
        met = [(arrow.source.size, arrow.target.size) for arrow in wires.match(found)
               if arrow.kind == "data"]
        self.assertEqual(met, [(2, 3), (3, 3), (3, 2)])

    def test_a_peek_takes_nothing(self):
        peek = recv(4, "hello", SERVER).replace(" 0, NULL", " MSG_PEEK, NULL")
        self.assertEqual(talk([send(3, "hello", CLIENT)], [peek, recv(4, "hello", SERVER)]),
                         [("data", "sendto", "recvfrom")])

    def test_what_nobody_reads_goes_to_nobody(self):
        self.assertEqual(talk([send(3, "hello", CLIENT)], []), [("data", "sendto", None)])

    def test_close_is_met_by_the_receive_that_finds_the_end(self):
        self.assertEqual(talk([f"close(3<TCP:[{CLIENT}]>) = 0"], [recv(4, "", SERVER)]),
                         [("end", "close", "recvfrom")])

    def test_shutdown_is_an_end_as_well(self):
        self.assertEqual(talk([f"shutdown(3<TCP:[{CLIENT}]>, SHUT_WR) = 0"],
                              [recv(4, "", SERVER)]), [("end", "shutdown", "recvfrom")])

    def test_close_with_something_unread_is_a_reset(self):
        lost = f"recvfrom(3<TCP:[{CLIENT}]>, 0x7f, 9, 0, NULL, NULL) = -1 ECONNRESET (Reset)"
        found = talk([send(3, "hello", CLIENT), lost],
                     [(2.0, recv(4, "he", SERVER, 2)), (2.1, f"close(4<TCP:[{SERVER}]>) = 0")])
        self.assertEqual(found[1:], [("reset", "close", "recvfrom")])

    def test_linger_for_no_time_is_a_reset(self):
        self.assertIn(("reset", "close", "recvfrom"),
                      arrows(events(kept("threads_server"), kept("threads_client"))))

    def test_the_end_of_a_program_closes_what_is_open(self):
        self.assertEqual(talk(["+++ killed by SIGKILL +++"], [recv(4, "", SERVER)]),
                         [("end", "killed by SIGKILL", "recvfrom")])

    def test_a_connection_without_addresses_is_found_by_its_order(self):
        anonymous = [call.replace(f"[{CLIENT}]", "[1]") for call in (send(3, "hello", CLIENT),)]
        self.assertEqual(talk(anonymous, [recv(4, "hello", SERVER)]),
                         [("data", "sendto", "recvfrom")])

    def test_ipv4_as_an_ipv6_socket_sees_it(self):
        mapped = "[::ffff:127.0.0.1]:9090->[::ffff:127.0.0.1]:50000"
        found = talk([send(3, "hello", CLIENT)],
                     [recv(4, "hello", mapped).replace("TCP:", "TCPv6:")])
        self.assertEqual(found, [("data", "sendto", "recvfrom")])

    def test_refused(self):
        client = lines(CONNECTED[0], f"connect(3<TCP:[1]>, {ADDRESS % 9090}, 16) "
                       "= -1 ECONNREFUSED (Connection refused)")
        self.assertEqual(arrows(events(client=client)), [("refused", "connect", None)])


class ProcessesTest(unittest.TestCase):
    def test_a_connection_is_closed_when_the_last_process_closes_it(self):
        found = arrows(events(kept("forks_server"), kept("forks_client")))
        self.assertEqual([arrow for arrow in found if arrow[1] != "sendto"], [
            ("connect", "connect", "accept4"), ("end", "close", "recvfrom"),
            ("end", "exit_group", None)])

    def test_threads_share_their_descriptors(self):
        found = arrows(events(kept("threads_server"), kept("threads_client")))
        self.assertEqual(found.count(("data", "sendto", "recvfrom")), 1)    # two made of one
        self.assertEqual(found.count(("data", "sendmsg", "recvfrom")), 1)
        self.assertEqual(found.count(("data", "writev", "recvfrom")), 1)
        self.assertEqual(found.count(("data", "sendto", "recvmsg")), 2)


class Relay:
    """As tools/ladder/relay.py, after it has lost the first datagram and doubled the second."""

    def behind(self, port):
        return port

    def deliveries(self, way):
        return [1, 1, 2] if way == (50000, 9090) else []


class UdpTest(unittest.TestCase):
    def client(self, *texts):
        return lines("socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 3<UDP:[1]>", *(
            f'sendto(3<UDP:[0.0.0.0:50000]>, "{text}", {len(text)}, 0, {ADDRESS % 9090}, 16) '
            f"= {len(text)}" for text in texts))

    def server(self, *texts):
        return lines("socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 3<UDP:[2]>",
                     f"bind(3<UDP:[2]>, {ADDRESS % 9090}, 16) = 0", *(
                         f'recvfrom(3<UDP:[0.0.0.0:9090]>, "{text}", 1200, 0, {ADDRESS % 50000}, '
                         f"[16]) = {len(text)}" for text in texts), thread=20)

    def test_datagrams_meet_in_their_order(self):
        self.assertEqual(arrows(events(self.server("a", "a", "b"), self.client("a", "a", "b"))),
                         [("data", "sendto", "recvfrom")] * 3)

    def test_what_does_not_arrive_is_lost(self):
        self.assertEqual(arrows(events(self.server("a", "c"), self.client("a", "b", "c"))),
                         [("data", "sendto", "recvfrom"), ("lost", "sendto", None),
                          ("data", "sendto", "recvfrom")])

    def test_a_relay_knows_what_it_has_lost_and_doubled(self):
        self.assertEqual(
            arrows(events(self.server("b", "b", "c"), self.client("a", "b", "c")), Relay()),
            [("lost", "sendto", None), ("data", "sendto", "recvfrom"),
             ("data", "sendto", "recvfrom"), ("data", "sendto", "recvfrom")])

    def test_only_as_much_arrives_as_there_was_room_for(self):
        self.assertEqual(arrows(events(self.server("he"), self.client("hello"))),
                         [("data", "sendto", "recvfrom")])

    def test_questions_to_a_name_server_are_no_part_of_it(self):
        asks = lines("socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 3<UDP:[1]>",
                     f"connect(3<UDP:[1]>, {ADDRESS % 53}, 16) = 0",
                     f'sendto(3<UDP:[127.0.0.1:50001->127.0.0.1:53]>, "x", 1, 0, NULL, 0) = 1',
                     "close(3<UDP:[127.0.0.1:50001->127.0.0.1:53]>) = 0")
        self.assertEqual([event.kind for event in events(client=asks)], ["start"])


if __name__ == "__main__":
    unittest.main()
