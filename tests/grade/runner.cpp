#include "runner.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include "check.hpp"
#include "interrupt.hpp"
#include "process.hpp"
#include "recorder.hpp"
#include "sandbox.hpp"
#include "scratch.hpp"
#include "wire.hpp"

namespace grade {
namespace {

void write_line(int pipe, const CheckResult& check) {
  const std::string line = wire::to_line(check) + '\n';
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t size = ::write(pipe, line.data() + sent, line.size() - sent);
    if (size <= 0) ::_exit(3);  // nobody is there who wants to know
    sent += static_cast<std::size_t>(size);
  }
}

// doctest takes a comma for the end of a title; in its patterns "?" is any character.
std::string pattern_of(std::string title) {
  std::ranges::replace(title, ',', '?');
  return title;
}

void make_checks(const Lab& lab, const Options& options) {
  doctest::Context context;
  context.addFilter("test-suite", ("lab" + std::to_string(lab.number)).c_str());
  if (!options.check.empty()) context.addFilter("test-case", pattern_of(options.check).c_str());
  if (!options.with_reference) context.addFilter("test-case-exclude", "reference:*");
  context.addFilter("reporters", "record");
  context.setOption("no-breaks", true);
  context.run();
}

}  // namespace

void run_lab(const Lab& lab, const std::vector<CheckResult>& checks, const Options& options,
             int pipe) {
  int status = 0;
  try {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    scratch::enter("lab" + std::to_string(lab.number));
    sandbox::enter(options.private_network);
    adopt_orphans();
    watch_for_interrupts();
    submission::program_of(lab, "server");  // builds what has to be built
    const std::string& words = submission::build_words(lab);
    if (!words.empty()) write_line(pipe, {.lab = lab.number, .title = "", .summary = words});
    sandbox::hide_course();

    std::map<std::string, int> worth;
    for (const CheckResult& check : checks) worth[check.title] = check.worth;
    record(lab, worth, [&](const CheckResult& check) { write_line(pipe, check); });
    make_checks(lab, options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "grade: lab %d: %s\n", lab.number, error.what());
    status = 3;
  }
  kill_all_programs();
  std::fflush(nullptr);
  ::_exit(status);
}

}  // namespace grade
