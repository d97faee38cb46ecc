#include "card.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "lines.hpp"
#include "text.hpp"

namespace grade {
namespace {

bool has_colours() {
  static const bool has = [] {
    const char* const no = std::getenv("NO_COLOR");
    return ::isatty(STDOUT_FILENO) == 1 && (no == nullptr || *no == '\0');
  }();
  return has;
}

std::string coloured(const std::string& text, const char* colour, bool with_colours) {
  return with_colours ? std::string("\x1b[") + colour + "m" + text + "\x1b[0m" : text;
}

const char* colour_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return "32";
    case Verdict::kNotRun:
    case Verdict::kLeftOut:
      return "33";
    case Verdict::kGraderFailed:
      return "35";
    default:
      return "31";
  }
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

bool is_done(const LabResult& lab, std::size_t check) {
  return check < lab.checks.size() && lab.checks[check].verdict != Verdict::kWaiting;
}

}  // namespace

void Card::begin(const LabResult& lab) {
  std::printf("\n%s  (%s)\n", coloured(lab.name, "1", has_colours()).c_str(), lab.folder.c_str());
  begun_ = true;
  if (lab.build_words.empty()) return;
  std::printf("  What was not copied, or could not be built, and why:\n");
  for (const std::string& line : lines_of(lab.build_words)) {
    std::printf("    %s\n", printable(line).c_str());
  }
}

void Card::end(const LabResult& lab) {
  const std::string points = points_text(lab.earned()) + " of " + points_text(lab.worth());
  std::printf(
      "  %s points for %s, %.1f s\n",
      coloured(points, lab.earned() == lab.worth() ? "1;32" : "1;31", has_colours()).c_str(),
      lab.name.c_str(), lab.seconds);
  begun_ = false;
}

void Card::show(const Results& results) {
  while (lab_ < results.labs.size()) {
    const LabResult& lab = results.labs[lab_];
    if (!begun_ && (is_done(lab, 0) || lab.seconds > 0)) begin(lab);
    while (is_done(lab, check_)) {
      std::fputs(card::text_of(lab.checks[check_++], has_colours()).c_str(), stdout);
    }
    if (check_ < lab.checks.size() || lab.seconds == 0) break;
    end(lab);
    ++lab_;
    check_ = 0;
  }
  std::fflush(stdout);
}

namespace card {

std::string text_of(const CheckResult& check, bool with_colours) {
  const std::string verdict(name_of(check.verdict));
  std::string points = check.has_points() ? points_text(check.worth)
                                          : points_text(0) + "/" + points_text(check.worth);
  std::string text = "  " + coloured(padded(verdict, 13), colour_of(check.verdict), with_colours) +
                     padded(std::move(points), 7) + check.title + "\n";
  // What is wrong comes with the steps before it, if they are told.
  const bool is_told_below = check.verdict == Verdict::kFailed || check.verdict == Verdict::kHung;
  if (!check.summary.empty() && !(is_told_below && !check.reasons.empty()))
    text += "      " + printable(check.summary) + "\n";
  for (const Section& section : check.reasons) {
    text += "    " + coloured(section.heading, "1", with_colours) + ":\n";
    for (const std::string& line : section.lines) text += "      " + printable(line) + "\n";
  }
  return text;
}

void show_end(const Results& results, double slowness) {
  if (results.labs.size() > 1) {
    std::printf("\n%s of %s points in all\n", points_text(results.earned()).c_str(),
                points_text(results.worth()).c_str());
  }
  if (results.grader_failed()) {
    std::puts("The grader itself failed in some checks; that costs no points.");
  }
  std::printf("seed %llu, limits times %.1f\n", results.seed, slowness);
  std::fflush(stdout);
}

}  // namespace card
}  // namespace grade
