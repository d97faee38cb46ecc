// How long the grader waits. It never sleeps in order that something be ready: it waits for a
// condition, and these limits only say when to give up. So they are generous, and they stretch
// with a factor that is measured once: how much slower than usual this machine is just now.

#pragma once

#include <chrono>

namespace grade {

using Clock = std::chrono::steady_clock;

// Measures the factor: 1 on an idle machine, more on a loaded or a slow one.
double measure_slowness();

// What must come, comes within this.
Clock::duration patience();
void set_patience(std::chrono::seconds limit);

// Something was waited for in vain, which a correct program never brings about. From now on it is
// waited half as long, but not less than some seconds: a program that hangs, hangs in many checks.
void lose_patience();

// For what has to happen within a second: that second, and some for a machine that is busy.
Clock::duration one_second();

}  // namespace grade
