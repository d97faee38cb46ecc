// Takes every port there is, from 1024 to 65535, for as long as it runs. That needs more
// descriptors than one process usually may have, so it is a program of its own, in several
// processes: the grader, started once more with one argument.

#pragma once

#include <string>

namespace grade {

inline const std::string kOccupyPorts = "--occupy-ports";

// What it says when it has them all; any other line says why it could not.
inline const std::string kOccupied = "all ports are taken";

// main() of that program. It ends with its standard input.
int occupy_ports();

}  // namespace grade
