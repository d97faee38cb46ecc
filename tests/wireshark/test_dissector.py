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
LABS = (8, 9, 10)
NOT_HERE = 77  # what test drivers take for "skipped"


FIELDS = ("frame.number", "tcp.stream", "tcp.srcport", "tcp.dstport", "tcp.segment.count",
          "lab8.message", "lab8.verb", "lab8.text", "lab8.what", "lab8.answer",
          "lab10.verb", "lab10.token", "lab10.seq", "lab10.nick", "lab10.text",
          "_ws.expert.message", "_ws.expert.group")
MALFORMED = "117440512"  # PI_MALFORMED in Wireshark's epan/proto.h


@functools.cache  # to start it takes half a second
def tshark(path, *options):
    ran = subprocess.run(["tshark", "-r", path, "-X", f"lua_script:{SCRIPT}", *options],
                         capture_output=True, text=True, timeout=300, check=True,
                         env={**os.environ, "LC_ALL": "C.UTF-8"})
    if "Lua: " in ran.stderr:
        raise AssertionError(ran.stderr)
    return ran.stdout


def packets(path, *options, **wanted):
    """Those with these values, with _ for a dot in a field's name. Of each field in a packet, all
    values."""
    output = tshark(path, "-T", "fields", "-E", "aggregator=|", "-E", "quote=d",
                    *(word for field in FIELDS for word in ("-e", field)), *options)
    rows = [dict(zip(FIELDS, map(unquoted, line.split("\t")))) for line in output.split("\n")[:-1]]
    return [row for row in rows
            if all(row[field.replace("_", ".")] == [value] for field, value in wanted.items())]


def unquoted(column):
    """An empty value has quotation marks, and what is not there has none."""
    return column[1:-1].split("|") if column else []


def values(path, field, *options, **wanted):
    """Of a field, in the order of packets."""
    return [value for row in packets(path, *options, **wanted) for value in row[field]]


def secrets(path):
    """Passwords as they were typed, and tokens as they were sent, in this capture."""
    captured = record.read(path)
    tokens = re.findall(rb"TOKEN ([0-9a-f]{64})|WELCOME ([0-9a-f]{32})", captured)
    found = {(long or short).decode() for long, short in tokens}
    return found | {word for word in record.PASSWORDS if word.encode() in captured}


class Conversations:
    """The same is to be seen in every capture of the conversations in record.py."""

    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="capture-")
        cls.addClassCleanup(scratch.cleanup)
        cls.scratch = scratch.name

    def path(self, lab):
        """Of the capture of this lab."""
        return os.path.join(self.folder, f"lab{lab}.pcap")

    def all_of_them(self):
        """The path of a capture of all three."""
        path = os.path.join(self.scratch, "all.pcap")
        subprocess.run(["mergecap", "-F", "pcap", "-a", "-w", path, *map(self.path, LABS)],
                       check=True, capture_output=True)
        return path

    def test_the_messages_of_lab_8_are_there_in_order(self):
        self.assertEqual(values(self.path(8), "lab8.message"), [
            "привет", "привет", "", "", "второе", "второе", "exit",
            "one", "two\\nlines", "one", "two\\nlines", "three", "three", "logout",
            "ASK password no question", "ASK password no question", "exit", "unasked"])

    def test_two_people_of_lab_9_are_kept_apart(self):
        streams = [values(self.path(9), "lab8.message", tcp_stream=str(number))
                   for number in range(3)]
        self.assertEqual(sorted(streams[0]), ["exit", "first", "first", "second", "second"])
        self.assertEqual(streams[1], ["third", "third", "fifth", "fifth", "logout"])
        self.assertEqual(sorted(streams[2]), sorted(["четвёртое", "exit", "четвёртое"]))
        self.assertEqual(values(self.path(9), "lab8.answer", tcp_stream="2"),
                         ["(hidden)", "Борис", "(hidden)", "(hidden)"])

    def test_the_fields_of_lab_10(self):
        path = self.path(10)
        said = {(*row["lab10.token"], *row["lab10.seq"], *row["lab10.text"])
                for row in packets(path, lab10_verb="SAY")}
        self.assertEqual(said, {("(hidden)", "1", "Is anybody there?"),
                                ("(hidden)", "1", "Да, здесь.")})
        heard = {(*row["lab10.nick"], *row["lab10.text"]) for row in packets(path, lab10_verb="MSG")}
        self.assertEqual(heard, {("Anna", "Is anybody there?"), ("Борис", "Да, здесь.")})
        self.assertLessEqual({"JOIN", "COOKIE", "WELCOME", "PING", "PONG", "ACK", "NOTE", "WHO",
                              "MEMBERS", "LEAVE", "BYE"}, set(values(path, "lab10.verb")))

    def test_no_secret_is_shown(self):
        shown = tshark(self.all_of_them(), "-P", "-V")  # columns and trees
        for lab in LABS:
            self.assertGreaterEqual(len(secrets(self.path(lab))), 2)
            for secret in secrets(self.path(lab)):
                self.assertNotIn(secret, shown)


class KeptTest(Conversations, unittest.TestCase):
    folder = KEPT

    def malformed(self, lab):
        return [message for row in packets(self.path(lab))
                if MALFORMED in row["_ws.expert.group"] for message in row["_ws.expert.message"]]

    def test_a_registration_is_shown_but_for_its_secrets(self):
        self.assertEqual(values(self.path(8), "lab8.verb", tcp_stream="0"),
                         ["ASK", "ASK", "ASK", "ASK", "TOKEN", "OK"])
        self.assertEqual(values(self.path(8), "lab8.answer", tcp_stream="0"),
                         ["(hidden)", "Анна", "(hidden)", "(hidden)"])
        self.assertEqual(values(self.path(8), "lab8.text", tcp_stream="0"),
                         ["Have you a session?", "What is your name?",
                          "You are new here. Choose a password:", "The same password again:",
                          "(hidden)", "Nice to meet you, Анна!"])

    def test_frames_in_one_segment_and_a_frame_in_two(self):
        self.assertIn("message: one | message: two\\x0alines\n", tshark(self.path(8)))
        self.assertEqual(values(self.path(8), "tcp.segment.count", lab8_message="three",
                                tcp_dstport="9090"), ["2"])

    def test_what_is_no_frame_is_malformed(self):
        self.assertEqual(self.malformed(8),
                         ["A length of more than 1,048,576", "The payload is no UTF-8"])

    def test_what_is_no_datagram_of_lab_10_is_malformed(self):
        # An empty datagram is not shown to any dissector.
        text = "Malformed: the text is too long, or has control characters"
        self.assertEqual(self.malformed(10), [
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
        ports = [struct.pack(">H", int(values(path, "tcp.srcport", tcp_stream=number)[0]))
                 for number in "02"]  # of whoever begins
        with open(again, "wb") as file:
            file.write(record.read(path).replace(ports[1], ports[0]))
        self.assertEqual(values(again, "lab8.answer"), values(path, "lab8.answer"))

    def test_no_secret_is_shown_where_the_capture_begins_in_mid_conversation(self):
        path = self.path(8)
        last = {what: row["frame.number"][0] for row in packets(path) if row["lab8.answer"]
                for what in row["lab8.what"]}
        for what in ("token", "new-password", "repeat-password", "password"):
            cut = os.path.join(self.scratch, f"{what}.pcap")
            subprocess.run(["editcap", "-r", path, cut, f"{last[what]}-999"], check=True,
                           capture_output=True)
            shown = tshark(cut, "-P", "-V")
            self.assertIn("Answer: (hidden)", shown)
            for secret in secrets(path):
                self.assertNotIn(secret, shown)

    def test_another_port_is_a_preference_or_decoded_as(self):
        usual, moved = self.all_of_them(), os.path.join(self.scratch, "moved.pcap")
        with open(moved, "wb") as file:
            file.write(record.read(usual).replace(struct.pack(">H", 9090),
                                                  struct.pack(">H", 9191)))
        for field in ("lab8.message", "lab10.verb"):
            self.assertEqual(values(moved, field), [])
            for options in (("-o", "lab8.port:9191", "-o", "lab10.port:9191"),
                            ("-d", "tcp.port==9191,lab8", "-d", "udp.port==9191,lab10")):
                shown = values(usual, field)
                self.assertNotEqual(shown, [])
                self.assertEqual(values(moved, field, *options), shown)


class NewTest(Conversations, unittest.TestCase):
    """The same, of captures made now."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = cls.scratch
        ran = subprocess.run([sys.executable, record.__file__, cls.folder], capture_output=True,
                             text=True, timeout=300)
        if ran.returncode == NOT_HERE:
            raise unittest.SkipTest(ran.stderr.strip())
        if ran.returncode != 0:
            raise AssertionError(ran.stderr)


if __name__ == "__main__":
    if not shutil.which("tshark"):
        print("tests/wireshark: there is no tshark here; ./setup --dev installs it")
        sys.exit(NOT_HERE)
    unittest.main()
