#include "errors.hpp"

#include "diagnosis.hpp"

namespace grade {

ProgramFails::ProgramFails(const std::string& what) : std::runtime_error(what) {
  diagnosis::remember();  // the programs are gone when somebody catches it
}

}  // namespace grade
