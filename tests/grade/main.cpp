// The grader: starts somebody's `server` and `client` of a lab, talks to them, and says what holds
// of what they should do and what does not.

#define DOCTEST_CONFIG_IMPLEMENT
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "interrupt.hpp"
#include "network.hpp"
#include "occupy_ports.hpp"
#include "patience.hpp"
#include "process.hpp"
#include "scratch.hpp"
#include "submission.hpp"

namespace {

using namespace grade;

constexpr char kUsage[] =
    "usage: grade [--submission=FOLDER] [--seed=NUMBER] [--shared-network] [doctest's options]\n"
    "Grades the labs beside it, or those in FOLDER: a lab's with `server` and `client`, or a\n"
    "course's with folders lab1_..., lab2_... in it.\n"
    "  --test-suite=lab3   that lab alone\n"
    "  --test-case=TITLE   that check alone, * for anything\n"
    "  --list-test-cases   what is checked\n"
    "  --seed=NUMBER       repeats what is random\n"
    "  --patience=SECONDS  how long to wait for what does not come; 20 unless given\n"
    "  --shared-network    no network of its own, as where that is not allowed\n"
    "  --help              this, and --help-doctest its options\n";

struct Options {
  std::uint64_t seed = std::random_device{}();
  bool private_network = true;
  std::vector<const char*> doctests;
};

Options parse_options(int argc, char* argv[]) {
  Options options;
  for (int i = 0; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::string value(argument.substr(std::min(argument.size(), argument.find('=') + 1)));
    if (argument == "--help" || argument == "-h") {
      std::fputs(kUsage, stdout);
      std::exit(0);
    } else if (argument.starts_with("--submission=")) {
      submission::set_folder(value);
    } else if (argument.starts_with("--seed=")) {
      options.seed = std::stoull(value);
    } else if (argument.starts_with("--patience=")) {
      set_patience(std::chrono::seconds(std::stoul(value)));
    } else if (argument == "--shared-network") {
      options.private_network = false;
    } else {
      options.doctests.push_back(argument == "--help-doctest" ? "--help" : argv[i]);
    }
  }
  return options;
}

// Leaves out the labs that are not there, and says so.
void choose_labs(doctest::Context& context) {
  for (const Lab& lab : kLabs) {
    if (!submission::folder_of(lab).empty()) continue;
    const std::string suite = "lab" + std::to_string(lab.number);
    std::fprintf(stderr, "grade: there is no %s\n", suite.c_str());
    context.addFilter("test-suite-exclude", suite.c_str());
  }
}

int run(const Options& options) {
  // Long texts go back to the system as soon as they are done with: each fork() has to copy the
  // tables of all the memory there is.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  set_seed(options.seed);
  scratch::create();
  if (options.private_network) network::make_private();
  adopt_orphans();
  watch_for_interrupts();
  std::fprintf(stderr, "grade: seed %llu, limits times %.1f, %s network\n",
               static_cast<unsigned long long>(options.seed), measure_slowness(),
               network::is_private() ? "private" : "shared");

  doctest::Context context;
  context.applyCommandLine(static_cast<int>(options.doctests.size()), options.doctests.data());
  context.setOption("no-breaks", true);
  choose_labs(context);
  const int result = context.run();
  if (context.shouldExit() || count_checks_begun() > 0) return result;
  std::fputs("grade: there is no such check\n", stderr);
  return 2;
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc == 2 && argv[1] == grade::kOccupyPorts) return grade::occupy_ports();
  int result = 2;
  try {
    result = run(parse_options(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "grade: %s\n", error.what());
  }
  grade::scratch::remove();
  return result;
}
