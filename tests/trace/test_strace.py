"""The parser, on logs of real programs and on single lines."""

import unittest

from common import kept, lines

from ladder.strace import Call, End, Signal, parse
from ladder.values import Descriptor, Values


def calls(log, name):
    return [record for record in parse(log)
            if isinstance(record, Call) and record.name == name]


class ValuesTest(unittest.TestCase):
    def parsed(self, text):
        return Values(text).until(")")

    def test_strings_are_bytes_whatever_is_in_them(self):
        self.assertEqual(self.parsed(r'"\320\237\321\200\n", 5)'), ["Пр\n".encode(), 5])
        self.assertEqual(self.parsed(r'"\0\0\0\r\377\33", 6)'), [b"\0\0\0\r\xff\x1b", 6])
        self.assertEqual(self.parsed(r'"\0dgram\0015", 8)'), [b"\0dgram\x015", 8])
        self.assertEqual(self.parsed(r'"a\"b\\", "(, )]}>"...)'), [b'a"b\\', b"(, )]}>"])

    def test_hexadecimal_escapes_are_known_too(self):
        self.assertEqual(self.parsed(r'"\x41\xd0\x9f")'), [b"A\xd0\x9f"])

    def test_a_descriptor_knows_what_it_stands_for(self):
        found, = self.parsed("4<TCPv6:[[::1]:9090->[::1]:50000]>)")
        self.assertIsInstance(found, Descriptor)
        self.assertEqual((found, found.about), (4, "TCPv6:[[::1]:9090->[::1]:50000]"))

    def test_an_annotation_may_have_angle_brackets_in_it(self):
        found, after = self.parsed("2</dev/null<char 1:3>>, 7)")
        self.assertEqual((found.about, after), ("/dev/null<char 1:3>", 7))

    def test_structures_and_lists_nest(self):
        found = self.parsed('{msg_name=NULL, msg_iov=[{iov_base="ab", iov_len=2}, '
                            '{iov_base="c", iov_len=1}], msg_flags=0}, MSG_NOSIGNAL)')
        self.assertEqual(found, [{"msg_name": "NULL", "msg_flags": 0, "msg_iov": [
            {"iov_base": b"ab", "iov_len": 2}, {"iov_base": b"c", "iov_len": 1}]}, "MSG_NOSIGNAL"])

    def test_addresses_keep_their_functions(self):
        found, = self.parsed('{sa_family=AF_INET6, sin6_port=htons(9090), '
                             'inet_pton(AF_INET6, "::", &sin6_addr), sin6_scope_id=0})')
        self.assertEqual(found["sin6_port"], "htons(9090)")
        self.assertIn('inet_pton(AF_INET6, "::", &sin6_addr)', found.values())

    def test_half_a_line_gives_what_is_there(self):
        self.assertEqual(self.parsed("4<TCP:[1]>, "), [4])
        self.assertEqual(self.parsed('[{fd=3, events=POLLIN'), [[{"fd": 3, "events": "POLLIN"}]])

    def test_nonsense_ends(self):
        for nonsense in ("))", "}{][", "= = =", "<<<", '"', "\\", "{a=", "[[[[", "(((("):
            self.parsed(nonsense)


class CallsTest(unittest.TestCase):
    def test_a_call_has_its_result_and_its_times(self):
        call, = parse("7 100.000002 recvfrom(4<TCP:[1]>, \"\", 1024, 0, NULL, NULL) = 0 <0.25>\n")
        self.assertEqual((call.thread, call.name, call.result, call.error),
                         (7, "recvfrom", 0, None))
        self.assertAlmostEqual(call.end, 100.250002, 6)

    def test_an_error_has_its_name(self):
        call, = parse(lines("connect(3<TCP:[1]>, {sa_family=AF_INET, sin_port=htons(9), "
                            'sin_addr=inet_addr("127.0.0.1")}, 16) = -1 ECONNREFUSED '
                            "(Connection refused)"))
        self.assertEqual((call.result, call.error), (-1, "ECONNREFUSED"))

    def test_a_new_descriptor_has_its_annotation(self):
        call, = calls(kept("echo_server"), "accept")
        self.assertEqual(call.result, 4)
        self.assertRegex(call.result.about, r"^TCP:\[127\.0\.0\.1:9090->127\.0\.0\.1:\d+\]$")

    def test_what_is_added_to_a_result_is_kept(self):
        call, = parse(lines("poll([{fd=3, events=POLLIN}], 1, -1) = 1 "
                            "([{fd=3, revents=POLLIN|POLLHUP}])"))
        self.assertEqual((call.result, call.note), (1, "[{fd=3, revents=POLLIN|POLLHUP}]"))

    def test_cyrillic_in_a_real_log(self):
        sent, = calls(kept("echo_client"), "sendto")
        self.assertEqual(sent.arguments[1].decode(), "Привет!\n")

    def test_a_thread_is_over_with_a_call_when_it_begins_the_next(self):
        first, second = parse("7 1.000001 close(3) = 0 <0.000009>\n7 1.000005 close(4) = 0 <0.1>\n")
        self.assertLessEqual(first.end, second.start)

    def test_lines_that_are_none_are_passed_over(self):
        self.assertEqual(parse("\nstrace: Process 12 attached\n12 garbage\n12 1.0 ????\n"), [])


class ThreadsTest(unittest.TestCase):
    def test_a_call_that_others_interrupted_is_one_call(self):
        call = calls(kept("threads_server"), "recvfrom")[0]
        self.assertEqual((call.arguments[1], call.arguments[2], call.result),
                         (b"\0\0\0\x06hello\n", 1024, 10))
        self.assertAlmostEqual(call.end - call.start, 1.993, 3)

    def test_calls_are_in_the_order_in_which_they_began(self):
        starts = [record.start for record in parse(kept("threads_server"))]
        self.assertEqual(starts, sorted(starts))

    def test_each_thread_ends(self):
        ends = [record.how for record in parse(kept("threads_server")) if isinstance(record, End)]
        self.assertEqual(ends, ["exited with 0", "killed by SIGKILL"])

    def test_a_call_in_which_the_log_ends_has_not_returned(self):
        call, = parse("7 1.0 accept(3<TCP:[0.0.0.0:9090]>, ")
        self.assertEqual((call.name, call.arguments, call.end), ("accept", [3], None))


class InterruptedTest(unittest.TestCase):
    def test_interrupted_for_good_is_eintr(self):
        call = calls(kept("threads_client"), "recvfrom")[2]
        self.assertEqual((call.error, call.result), ("EINTR", None))
        self.assertAlmostEqual(call.end - call.start, 1.0, 2)

    def test_poll_is_never_restarted(self):
        self.assertEqual(calls(kept("threads_client"), "poll")[0].error, "EINTR")

    def test_interrupted_and_restarted_is_one_call(self):
        first, second = calls(kept("threads_server"), "accept4")
        self.assertEqual(first.result, 4)
        self.assertEqual((second.error, second.end), (None, None))  # killed before it returned

    def test_the_signal_is_seen(self):
        signals = [record.name for record in parse(kept("threads_client"))
                   if isinstance(record, Signal)]
        self.assertEqual(signals, ["SIGALRM", "SIGALRM"])

    def test_restart_syscall_is_the_rest_of_the_call(self):
        call, signal = parse(
            "7 1.0 poll([{fd=3<TCP:[1]>, events=POLLIN}], 1, -1) = ? ERESTART_RESTARTBLOCK "
            "(Interrupted by signal) <0.5>\n"
            "7 1.5 --- SIGCONT {si_signo=SIGCONT, si_code=SI_USER} ---\n"
            "7 1.5 restart_syscall(<... resuming interrupted poll ...>) = 1 <0.7>\n")
        self.assertEqual((call.name, call.result, call.error), ("poll", 1, None))
        self.assertAlmostEqual(call.end, 2.2)
        self.assertEqual(signal.name, "SIGCONT")

    def test_interrupted_and_killed_never_returned(self):
        call, _, end = parse(
            "7 1.0 accept(3<TCP:[1]>, 0x7ffe, [16]) = ? ERESTARTSYS (To be restarted if "
            "SA_RESTART is set) <0.5>\n"
            "7 1.5 --- SIGTERM {si_signo=SIGTERM, si_code=SI_USER} ---\n"
            "7 1.5 +++ killed by SIGTERM +++\n")
        self.assertEqual((call.error, call.end, end.how), (None, None, "killed by SIGTERM"))


if __name__ == "__main__":
    unittest.main()
