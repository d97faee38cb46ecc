// Ctrl-C in the grader: nothing that it started is left behind, and none of its folders.

#pragma once

namespace grade {

void watch_for_interrupts();

bool was_interrupted();

// Ends the grader if it was interrupted: not from within the signal handler, where little may be
// done, but from where it waits.
void leave_if_interrupted();

}  // namespace grade
