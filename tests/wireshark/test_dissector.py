#!/usr/bin/env python3
"""tools/wireshark/course.lua, as tshark shows kept captures of real conversations with it, and new
ones where a capture can be made. Exit status 77 if there is no tshark."""

import functools
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import record  # noqa: E402

SCRIPT = os.path.join(record.ROOT, "tools", "wireshark", "course.lua")
KEPT = os.path.join(HERE, "kept")
NOT_HERE = 77  # what test drivers take for "skipped"


@functools.cache  # to start it takes half a second
def tshark(path, *options):
    ran = subprocess.run(["tshark", "-r", path, "-X", f"lua_script:{SCRIPT}", *options],
                         capture_output=True, text=True, timeout=60, check=True,
                         env={**os.environ, "LC_ALL": "C.UTF-8"})
    if "Lua: " in ran.stderr:
        raise AssertionError(ran.stderr)
    return ran.stdout


def values(path, field, *options, where="tcp || udp"):
    """Of a field, in packets of some kind; a packet may have several."""
    output = tshark(path, "-Y", f"{field} && ({where})", "-T", "fields", "-E", "aggregator=|", "-e", field, *options)
    return [value for line in output.split("\n")[:-1] for value in line.split("|")]


def secrets(path):
    """Passwords as they were typed, and tokens as they were sent, in this capture."""
    captured = record.read(path)
    tokens = re.findall(rb"TOKEN ([0-9a-f]{64})|WELCOME ([0-9a-f]{32})", captured)
    found = {(long or short).decode() for long, short in tokens}
    return found | {word for word in record.PASSWORDS if word.encode() in captured}


class Conversations:
    """The same is to be seen in every capture of the conversations in record.py."""

    def path(self, lab):
        """Of the capture of this lab."""
        return os.path.join(self.folder, f"lab{lab}.pcap")

    def test_the_messages_of_lab_8_are_there_in_order(self):
        self.assertEqual(values(self.path(8), "lab8.message"), [
            "привет", "привет", "", "", "второе", "второе", "exit",
            "one", "two\\nlines", "one", "two\\nlines", "three", "three", "logout",
            "ASK password no question", "ASK password no question", "exit", "unasked"])

    def test_two_people_of_lab_9_are_kept_apart(self):
        streams = [values(self.path(9), "lab8.message", where=f"tcp.stream == {number}")
                   for number in range(3)]
        self.assertEqual(sorted(streams[0]), ["exit", "first", "first", "second", "second"])
        self.assertEqual(streams[1], ["third", "third", "fifth", "fifth", "logout"])
        self.assertEqual(sorted(streams[2]), sorted(["четвёртое", "exit", "четвёртое"]))
        self.assertEqual(values(self.path(9), "lab8.answer", where="tcp.stream == 2"),
                         ["(hidden)", "Борис", "(hidden)", "(hidden)"])

    def test_the_fields_of_lab_10(self):
        path = self.path(10)
        said = tshark(path, "-Y", 'lab10.verb == "SAY"', "-T", "fields", "-e", "lab10.token",
                      "-e", "lab10.seq", "-e", "lab10.text")
        self.assertEqual(set(said.splitlines()), {"(hidden)\t1\tIs anybody there?",
                                                  "(hidden)\t1\tДа, здесь."})
        heard = tshark(path, "-Y", 'lab10.verb == "MSG"', "-T", "fields", "-e", "lab10.nick",
                       "-e", "lab10.text")
        self.assertEqual(set(heard.splitlines()), {"Anna\tIs anybody there?", "Борис\tДа, здесь."})
        self.assertLessEqual({"JOIN", "COOKIE", "WELCOME", "PING", "PONG", "ACK", "NOTE", "WHO",
                              "MEMBERS", "LEAVE", "BYE"}, set(values(path, "lab10.verb")))

    def test_no_secret_is_shown(self):
        for lab in (8, 9, 10):
            self.assertGreaterEqual(len(secrets(self.path(lab))), 2)
            shown = tshark(self.path(lab), "-P", "-V")  # columns and trees
            for secret in secrets(self.path(lab)):
                self.assertNotIn(secret, shown)


class KeptTest(Conversations, unittest.TestCase):
    folder = KEPT

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="capture-")
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name

    def test_a_registration_is_shown_but_for_its_secrets(self):
        first = "tcp.stream == 0"
        self.assertEqual(values(self.path(8), "lab8.verb", where=first),
                         ["ASK", "ASK", "ASK", "ASK", "TOKEN", "OK"])
        self.assertEqual(values(self.path(8), "lab8.answer", where=first),
                         ["(hidden)", "Анна", "(hidden)", "(hidden)"])
        self.assertEqual(values(self.path(8), "lab8.text", where=first),
                         ["Have you a session?", "What is your name?",
                          "You are new here. Choose a password:", "The same password again:",
                          "(hidden)", "Nice to meet you, Анна!"])

    def test_frames_in_one_segment_and_a_frame_in_two(self):
        info = tshark(self.path(8), "-Y", "lab8")
        self.assertIn("message: one | message: two\\x0alines\n", info)
        three = tshark(self.path(8), "-Y", 'lab8.message == "three" && tcp.dstport == 9090',
                       "-T", "fields", "-e", "tcp.segment.count")
        self.assertEqual(three.strip(), "2")

    def test_what_is_no_frame_is_malformed(self):
        found = tshark(self.path(8), "-Y", "_ws.malformed || _ws.expert.group == Malformed",
                       "-T", "fields", "-e", "_ws.expert.message")
        self.assertEqual(found.splitlines(),
                         ["A length of more than 1,048,576", "The payload is no UTF-8"])

    def test_what_is_no_datagram_of_lab_10_is_malformed(self):
        found = tshark(self.path(10), "-Y", "_ws.expert.group == Malformed", "-T", "fields", "-e",
                       "_ws.expert.message")
        # An empty datagram is not shown to any dissector.
        text = "Malformed: the text is too long, or has control characters"
        self.assertEqual(found.splitlines(), [
            "Malformed: no verb", "Malformed: seq is no number from 1",
            "Malformed: the text is missing", "Malformed: a text that does not belong here",
            "Malformed: more words than belong here", text, "Malformed: no UTF-8", text,
            "Malformed: more than 1,200 bytes"])

    def test_whoever_looks_at_a_frame_again_sees_the_same(self):
        path = self.path(8)
        first = values(path, "lab8.answer")
        self.assertEqual(first.count("Анна"), 2)
        # In a second pass, and without what stands between them.
        self.assertEqual(values(path, "lab8.answer", "-2", "-R", "lab8.answer"), first)

    def test_two_conversations_from_the_same_port_are_two(self):
        path, again = self.path(8), os.path.join(self.scratch, "again.pcap")
        ports = [struct.pack(">H", int(values(path, "tcp.srcport", where=f"tcp.stream == {number}"
                                              " && tcp.flags.syn == 1 && tcp.flags.ack == 0")[0]))
                 for number in (0, 2)]
        with open(again, "wb") as file:
            file.write(record.read(path).replace(ports[1], ports[0]))
        self.assertEqual(values(again, "lab8.answer"), values(path, "lab8.answer"))

    def test_no_secret_is_shown_where_the_capture_begins_in_mid_conversation(self):
        path = self.path(8)
        answers = tshark(path, "-Y", "lab8.answer", "-T", "fields", "-e", "lab8.what", "-e",
                         "frame.number")
        last = dict(line.split("\t") for line in answers.splitlines())
        for what in ("token", "new-password", "repeat-password", "password"):
            cut = os.path.join(self.scratch, f"{what}.pcap")
            subprocess.run(["editcap", "-r", path, cut, f"{last[what]}-999"], check=True,
                           capture_output=True)
            shown = tshark(cut, "-P", "-V")
            self.assertIn("Answer: (hidden)", shown)
            for secret in secrets(path):
                self.assertNotIn(secret, shown)

    def test_another_port_is_a_preference_or_decoded_as(self):
        for lab, field, transport in ((8, "lab8.message", "tcp"), (10, "lab10.verb", "udp")):
            usual, moved = self.path(lab), os.path.join(self.scratch, f"lab{lab}.pcap")
            with open(moved, "wb") as file:
                file.write(record.read(usual).replace(struct.pack(">H", 9090),
                                                      struct.pack(">H", 9191)))
            self.assertEqual(values(moved, field), [])
            for option in (("-o", f"lab{lab}.port:9191"),
                           ("-d", f"{transport}.port==9191,lab{lab}")):
                self.assertEqual(values(moved, field, *option), values(usual, field))


class NewTest(Conversations, unittest.TestCase):
    """The same, of captures made now."""

    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="capture-")
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = scratch.name
        ran = subprocess.run([sys.executable, record.__file__, cls.folder], capture_output=True,
                             text=True, timeout=120)
        if ran.returncode == NOT_HERE:
            raise unittest.SkipTest(ran.stderr.strip())
        if ran.returncode != 0:
            raise AssertionError(ran.stderr)


if __name__ == "__main__":
    if not shutil.which("tshark"):
        print("tests/wireshark: there is no tshark here; ./setup --dev installs it")
        sys.exit(NOT_HERE)
    unittest.main()
