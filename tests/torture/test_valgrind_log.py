"""Is what valgrind finds taken for it? Its words are those of version 3.19."""

import unittest

from valgrind_log import descriptors_in, errors_in

DESCRIPTORS = """\
==7626== FILE DESCRIPTORS: 6 open (3 std) at exit.
==7626== Open AF_INET6 socket 9: [::ffff:127.0.0.1]:20000 <-> [::ffff:127.0.1.2]:41991
==7626==    at 0x502B72F: accept (accept.c:26)
==7626==    by 0x10C8A7: accept_client (server.cpp:124)
==7626==
==7626== Open file descriptor 7:
==7626==    at 0x5019B09: pipe (pipe.c:29)
==7626==
==7626== Open file descriptor 3: /tmp/valgrind.log
==7626==    <inherited from parent>
==7626==
"""
CLEAN = "==7626== ERROR SUMMARY: 0 errors from 0 contexts (suppressed: 0 from 0)\n"
LEAK = "==7626== ERROR SUMMARY: 12 errors from 2 contexts (suppressed: 0 from 0)\n"


class ValgrindLog(unittest.TestCase):
    def test_errors_are_counted(self):
        self.assertEqual(errors_in(DESCRIPTORS + CLEAN), 0)
        self.assertEqual(errors_in(DESCRIPTORS + LEAK), 12)

    def test_a_log_without_its_end_is_no_clean_one(self):
        self.assertIsNone(errors_in(DESCRIPTORS))

    def test_what_was_opened_and_not_closed_is_found(self):
        self.assertEqual(descriptors_in(DESCRIPTORS), [
            "AF_INET6 socket 9: [::ffff:127.0.0.1]:20000 <-> [::ffff:127.0.1.2]:41991",
            "file descriptor 7:"])

    def test_what_was_open_from_the_start_is_not(self):
        self.assertEqual(descriptors_in("\n".join(DESCRIPTORS.splitlines()[-3:])), [])


if __name__ == "__main__":
    unittest.main()
