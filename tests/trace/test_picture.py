"""The picture: which row everything stands in, how it reads, and that it fits."""

import math
import unittest
import xml.etree.ElementTree

from common import arrows, drawn, events, kept, lines
from test_match import ACCEPTED, ADDRESS, CLIENT, CONNECTED, SERVER, recv, send

from ladder import picture, svg
from ladder.layout import fit
from ladder.names import Names
from ladder.pieces import Line, Payload, Piece, units_of, width

ECHO = """\
client                                        server
                                            ┃ ./server
                                            ┃ socket(AF_INET, SOCK_STREAM) = 3
                                            ┃ setsockopt(3, SO_REUSEADDR, 1)
                                            ┃ bind(3, 0.0.0.0:9090)
                                            ┃ listen(3, 4096)
                                            ┊ accept(3)
./client                           ┃        ┊
socket(AF_INET, SOCK_STREAM) = 3   ┃        ┊
connect(3, 127.0.0.1:9090) = 0     ┃◀─SYN──▶┃   = 4, 127.0.0.1:50000
                                   ┊        ┃ setsockopt(4, TCP_NODELAY, 1)
                                   ┊        ┊ recv(4, 1024)
read(0, 1024) = 14 "Привет!\\n"     ┃        ┊
send(3, "Привет!\\n") = 14          ┃───────▶┃   = 14 "Привет!\\n"
recv(3, 14) = 14 "Привет!\\n"       ┃◀───────┃ send(4, "Привет!\\n") = 14
write(1, "Привет!\\n") = 14         ┃        ┊ recv(4, 1024)
close(3)                           ┃──FIN──▶┃   = 0
exit(0)                            ┃◁─FIN───┃ close(4)
                                            ┃ close(3)
                                            ┃ exit(0)
"""
# Moments of that conversation: the client is started, and is typed a line.
STEPS = (1795370412.06, 1795370412.165)


def echo():
    return events(kept("echo_server"), kept("echo_client"))


def two(server, client):
    """The events of a server and its client that do this once they are connected."""
    return events(lines(*ACCEPTED, *server, thread=20), lines(*CONNECTED, *client, first=1.004))


def row_of(rows, text):
    return next(number for number, row in enumerate(rows) if text in row)


class LadderTest(unittest.TestCase):
    def test_a_whole_conversation(self):
        self.assertEqual("\n".join(drawn(echo(), 80, STEPS)) + "\n", ECHO)

    def test_no_scheduling_of_the_two_makes_another_picture(self):
        late = kept("echo_server").replace("= 14 <0.000021>", "= 14 <0.000900>")
        self.assertNotEqual(late, kept("echo_server"))
        self.assertEqual("\n".join(drawn(events(late, kept("echo_client")), 80, STEPS)) + "\n",
                         ECHO)

    def test_every_width_is_kept(self):
        for found in (echo, lambda: events(kept("threads_server"), kept("threads_client"))):
            for columns in (40, 60, 80, 100, 133, 200):
                widest = max(map(width, drawn(found(), columns)))
                self.assertLessEqual(widest, columns)

    def test_nothing_is_left_out_however_narrow_it_is(self):
        narrow = "".join("".join(row.split()) for row in drawn(events(kept("echo_server")), 40))
        for text in ("SO_REUSEADDR", "0.0.0.0:9090", "127.0.0.1:50000", "TCP_NODELAY"):
            self.assertIn(text, narrow.translate(str.maketrans("", "", "┃┊")))

    def test_ascii_is_ascii(self):
        rows = drawn(echo(), 100, ascii_only=True)
        self.assertTrue("".join(rows).isascii())
        self.assertIn(r'"\xd0\x9f\xd1\x80', "".join(rows))

    def test_colour_changes_no_letter(self):
        import re
        coloured = drawn(echo(), 80, STEPS, colour=True)
        self.assertTrue(any("\x1b[" in row for row in coloured))
        plain = [re.sub("\x1b\\[[0-9;]*m", "", row).rstrip() for row in coloured]
        self.assertEqual("\n".join(plain) + "\n", ECHO)

    def test_one_send_two_receives_branches(self):
        rows = drawn(two([recv(4, "he", SERVER, 2), recv(4, "llo", SERVER)],
                         [send(3, "hello", CLIENT)]))
        first = row_of(rows, "send(3")
        self.assertRegex(rows[first], r"┃─+┬─+▶┃ recv\(4, 2\)")
        self.assertRegex(rows[first + 1], r"┃ +╰─+▶┃ recv\(4, 1024\)")

    def test_two_sends_one_receive_joins(self):
        rows = drawn(two([recv(4, "hello", SERVER)],
                         [send(3, "he", CLIENT), send(3, "llo", CLIENT)]))
        first = row_of(rows, 'send(3, "he")')
        self.assertRegex(rows[first], r"┃─+╮")
        self.assertRegex(rows[first + 1], r'send\(3, "llo"\) = 3 +┃─+┴─+▶┃ +(recv.*)?= 5 "hello"')

    def test_ends_in_both_directions_do_not_meet(self):
        rows = drawn(two([f"close(4<TCP:[{SERVER}]>) = 0"], [f"close(3<TCP:[{CLIENT}]>) = 0"]))
        ends = [row for row in rows if "FIN" in row]
        self.assertEqual(len(ends), 2)
        self.assertTrue(all(row.count("FIN") == 1 for row in ends))

    def test_what_nobody_takes_has_a_hollow_head(self):
        rows = drawn(two([], [send(3, "x", CLIENT)]))
        self.assertRegex(rows[row_of(rows, "send")], r"─▷┃")

    def test_refused(self):
        rows = drawn(events(
            "", lines(CONNECTED[0], f"connect(3<TCP:[1]>, {ADDRESS % 9090}, 16) = -1 "
                      "ECONNREFUSED (Connection refused)"), "2 1.0 close(9) = 0 <0.1>\n"))
        self.assertRegex("\n".join(rows), r"connect\(3, 127\.0\.0\.1:9090\) +┃─*SYN─*✗")
        self.assertIn("= ECONNREFUSED", "\n".join(rows))

    def test_a_killed_program_ends_with_that(self):
        rows = drawn(events(kept("threads_server"), kept("threads_client")))
        self.assertIn("killed by SIGKILL", rows[-1])
        self.assertTrue(any("accept(3) …" in row for row in rows))

    def test_a_thread_stands_below_what_its_program_had_done_before(self):
        server = lines(*ACCEPTED, (1.010, recv(4, "hello", SERVER)), thread=20)
        server += lines('write(1</dev/pts/0>, "hello", 5) = 5', thread=21, first=1.012)
        typed = ['read(0</dev/pts/1>, "he", 1024) = 2', 'read(0</dev/pts/1>, "llo", 1024) = 3']
        client = lines(*CONNECTED, *typed, send(3, "hello", CLIENT), first=1.002)
        rows = drawn(events(server, client))
        self.assertLess(row_of(rows, '= 5 "hello"'), row_of(rows, ": write(1"))

    def test_labels_do_not_overlap(self):
        gone = [recv(4, "exit", SERVER), f"shutdown(4<TCP:[{SERVER}]>, SHUT_WR) = 0",
                f"setsockopt(4<TCP:[{SERVER}]>, SOL_TCP, TCP_NODELAY, [1], 4) = 0",
                recv(4, "", SERVER), f"close(4<TCP:[{SERVER}]>) = 0"]
        found = two(gone, [send(3, "exit", CLIENT), f"close(3<TCP:[{CLIENT}]>) = 0"])
        tree = xml.etree.ElementTree.fromstring(svg.render(picture.draw("", found, (), Names({}))))
        labels = [(float(label.get("x")), float(label.get("y"))) for label in tree.iter()
                  if label.text == "FIN"]
        self.assertEqual(len(labels), 2)
        self.assertGreater(math.dist(*labels), 20)

    def test_threads_and_processes_are_told_apart(self):
        self.assertTrue(any("thread 2: send(4" in row for row in drawn(
            events(kept("threads_server"), kept("threads_client")))))
        self.assertTrue(any("process 2: send(4" in row for row in drawn(
            events(kept("forks_server"), kept("forks_client")))))

    def test_an_interrupted_call_says_so(self):
        rows = drawn(events(kept("threads_server"), kept("threads_client")))
        self.assertTrue(any("recv(3, 100) = EINTR" in row for row in rows))

    def test_what_is_tried_over_and_over_is_one_line(self):
        tries = [f"recvfrom(3<TCP:[{CLIENT}]>, 0x7f, 9, 0, NULL, NULL) = -1 EAGAIN (Not now)"] * 500
        rows = drawn(two([], tries))
        self.assertEqual(sum("EAGAIN" in row for row in rows), 1)
        self.assertTrue(any("× 500" in row for row in rows))

    def test_service_messages_are_left_out_and_the_rest_is_not(self):
        self.assertFalse(any("[server]" in row for row in drawn(echo())))
        says = 'write(2<pipe:[1]>, "Port [9090]: ", 13) = 13'
        self.assertTrue(any("Port [9090]" in row for row in drawn(events(lines(says)))))

    def test_a_long_conversation_is_drawn_as_well(self):
        sends = [send(3, "x", CLIENT) for _ in range(2000)]
        takes = [recv(4, "x", SERVER, 1) for _ in range(2000)]
        self.assertEqual(sum("send(" in row for row in drawn(two(takes, sends))), 2000)


class TextTest(unittest.TestCase):
    def text(self, data, room=None):
        return Payload(units_of(data)).text(room)

    def test_bytes_that_are_no_text(self):
        self.assertEqual(self.text(b'a"\\\r\n\t\x1b\x7f'), r'"a\"\\\r\n\t\x1b\x7f"')
        self.assertEqual(self.text("П".encode()[:1]), r'"\xd0"')
        self.assertEqual(self.text("\u202eabc\u0085".encode()), r'"\u202eabc\x85"')

    def test_a_length_before_a_message_is_a_number(self):
        self.assertEqual(self.text(b"\0\0\0\x0dhello"), r'"\0\0\0\x0dhello"')
        self.assertEqual(self.text(b"\0\0\0A"), r'"\0\0\0\x41"')

    def test_an_escape_is_not_cut(self):
        for room in range(6, 30):
            short = self.text(b"\x1b" * 20, room)
            self.assertLessEqual(width(short), room)
            self.assertRegex(short, r'^"(\\x1b)*…"$')

    def test_wide_and_combining_letters(self):
        self.assertEqual(width("日本"), 4)
        self.assertEqual(width("e\u0301"), 1)
        self.assertLessEqual(width(self.text("日本語日本語".encode(), 9)), 9)

    def test_every_room_is_kept(self):
        line = Line([Piece("sendto", "name"), Piece("("), Piece("3"), Piece(", "),
                     Payload(list("a long text")), Piece(", "), Piece("127.0.0.1:50000"),
                     Piece(")")], [Piece(" = "), Piece("11")])
        for room in range(6, 70):
            rows = fit(line, room)
            self.assertLessEqual(max(sum(width(piece.text()) for piece in row) for row in rows),
                                 room)

    def test_ports_and_tokens_have_names_that_last(self):
        names = Names({9190: 9090})
        self.assertEqual(names.address(("127.0.0.1", 41234)), "127.0.0.1:50000")
        self.assertEqual(names.address(("::1", 9190)), "[::1]:9090")
        self.assertEqual(names.data(b"9190\n"), b"9090\n")
        first, again = names.data(b"TOKEN " + b"ab" * 16), names.data(b"ab" * 16)
        self.assertNotIn(b"abab", first)
        self.assertEqual(first, b"TOKEN " + again)
        self.assertEqual(Names(stand_ins=False).data(b"ab" * 16), "abab…".encode())


class SvgTest(unittest.TestCase):
    def setUp(self):
        self.picture = picture.draw("Один & <два>", echo(), STEPS, Names())
        self.text = svg.render(self.picture)
        self.root = xml.etree.ElementTree.fromstring(self.text)

    def texts(self):
        return [element for element in self.root.iter("{http://www.w3.org/2000/svg}text")]

    def test_it_is_light_and_dark(self):
        self.assertIn("prefers-color-scheme: dark", self.text)

    def test_its_text_is_text(self):
        said = ["".join(element.itertext()) for element in self.texts()]
        self.assertIn("Один & <два>", said)
        self.assertIn('send(3, "Привет!\\n") = 14', said)

    def test_nothing_is_cut_and_no_text_lies_on_another(self):
        wide, high = (float(self.root.get(name)) for name in ("width", "height"))
        boxes = []
        for element in self.texts():
            if element.get("textLength"):
                x, y = float(element.get("x")), float(element.get("y"))
                boxes.append((x, y - 12, x + float(element.get("textLength")), y + 4))
        self.assertEqual(len(boxes), sum(len(lane.cells) for lane in self.picture.lanes))
        for left, top, right, bottom in boxes:
            self.assertTrue(0 <= left and right <= wide and 0 <= top and bottom <= high)
        for one in boxes:
            for other in boxes:
                apart = (one[2] <= other[0] or other[2] <= one[0]
                         or one[3] <= other[1] or other[3] <= one[1])
                self.assertTrue(one is other or apart, (one, other))

    def test_arrows_are_between_the_rails(self):
        self.assertEqual(len(self.picture.strands), len(arrows(echo())))
        self.assertIn("SYN", self.text)

    def test_the_same_conversation_is_the_same_picture(self):
        again = picture.draw("Один & <два>", echo(), STEPS, Names())
        self.assertEqual(svg.render(again), self.text)


if __name__ == "__main__":
    unittest.main()
