// The surroundings in which a lab's programs are graded: a network of their own, and where the
// system allows it processes of their own, of which none is left when the grader's process ends,
// and no way to what the grader knows. See pid_namespaces(7).

#pragma once

namespace grade::sandbox {

// Goes there, with all that is started from now on. Returns in a new process; the one that called
// waits for the end of that and then exits like it. Where something is not allowed it is done
// without.
void enter(bool private_network);

// Puts an empty folder over the course's, in this process and all it starts. To be called when
// everything has been read that is needed.
void hide_course();

// Puts empty folders over those where anybody may write, likewise: what a program leaves there is
// gone with the lab, nobody who is graded later finds it, and it fills no disk.
void hide_shared_folders();

}  // namespace grade::sandbox
