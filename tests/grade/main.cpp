// The grader: starts somebody's `server` and `client` of a lab, talks to them, and says what holds
// of what they should do and what does not.

// Signals are the grader's own: doctest's handlers report a failure, which is no work for a
// handler.
#define DOCTEST_CONFIG_NO_POSIX_SIGNALS
#define DOCTEST_CONFIG_IMPLEMENT
#include <malloc.h>

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

#include "check.hpp"
#include "conductor.hpp"
#include "interrupt.hpp"
#include "network.hpp"
#include "occupy_ports.hpp"
#include "options.hpp"
#include "patience.hpp"
#include "process.hpp"
#include "scratch.hpp"
#include "submission.hpp"

namespace {

using namespace grade;

// Leaves out the labs that are not there, and says so.
void choose_labs(doctest::Context& context) {
  for (const Lab& lab : kLabs) {
    if (!submission::folder_of(lab).empty()) continue;
    const std::string suite = "lab" + std::to_string(lab.number);
    std::fprintf(stderr, "grade: there is no %s\n", suite.c_str());
    context.addFilter("test-suite-exclude", suite.c_str());
    if (lab.number == 10) context.addFilter("test-suite-exclude", "slow");  // which is about it
  }
}

// As any doctest program: in this process, and told by doctest's own reporters.
int run_as_doctest(const Options& options) {
  set_seed(options.seed);
  scratch::create();
  if (options.private_network) network::make_private();
  adopt_orphans();
  watch_for_interrupts();
  std::fprintf(stderr, "grade: seed %llu, limits times %.1f, %s network\n",
               static_cast<unsigned long long>(options.seed), measure_slowness(),
               network::is_private() ? "private" : "shared");

  doctest::Context context;
  std::vector<const char*> arguments = {"grade"};
  arguments.insert(arguments.end(), options.doctests.begin(), options.doctests.end());
  context.applyCommandLine(static_cast<int>(arguments.size()), arguments.data());
  context.setOption("no-breaks", true);
  choose_labs(context);
  // Nobody but the reference programs has to do what those checks are about.
  if (!submission::folder().empty() && !options.with_reference) {
    context.addFilter("test-case-exclude", "reference:*");
  }
  const int result = context.run();
  if (context.shouldExit() || count_checks_begun() > 0) return result;
  std::fputs("grade: there is no such check\n", stderr);
  return 2;
}

int run(const Options& options) {
  // Long texts go back to the system as soon as they are done with: each fork() has to copy the
  // tables of all the memory there is.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  return options.doctests.empty() ? grade_labs(options) : run_as_doctest(options);
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc == 2 && argv[1] == grade::kOccupyPorts) return grade::occupy_ports();
  int status = 3;
  try {
    status = run(grade::parse_options(argc, argv));
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "grade: %s\n%s", error.what(), grade::kUsage);
    status = 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "grade: %s\n", error.what());
  }
  grade::scratch::remove();
  return status;
}
