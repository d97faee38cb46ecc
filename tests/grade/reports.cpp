#include "reports.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "lines.hpp"
#include "text.hpp"

namespace grade::reports {
namespace {

// Whoever reads it meanwhile sees the file of before, whole.
void replace(const std::string& path, const std::string& content) {
  if (path.empty()) return;
  const std::string beside = path + ".new";
  std::filesystem::remove(beside);
  // No submission may read it.
  const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) throw std::system_error(errno, std::generic_category(), "open " + beside);
  std::string_view rest = content;
  while (!rest.empty()) {
    const ssize_t size = ::write(file, rest.data(), rest.size());
    if (size < 0) throw std::system_error(errno, std::generic_category(), "write " + beside);
    rest.remove_prefix(static_cast<std::size_t>(size));
  }
  ::close(file);
  if (std::rename(beside.c_str(), path.c_str()) != 0) {
    throw std::system_error(errno, std::generic_category(), "rename to " + path);
  }
}

// What XML 1.0 allows, with the signs that mean something there replaced.
std::string xml(std::string_view text) {
  std::string safe;
  for (const char c : valid_utf8(text)) {
    const auto value = static_cast<unsigned char>(c);
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += value < 0x20 && c != '\n' && c != '\t' ? '?' : c;
    }
  }
  return safe;
}

std::string csv_field(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

std::string seconds_text(double seconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f", seconds);
  return text.data();
}

// JUnit knows three ways of not passing.
std::string junit_outcome(const CheckResult& check) {
  const std::string message = xml(check.summary);
  const std::string kind(name_of(check.verdict));
  switch (check.verdict) {
    case Verdict::kPassed:
      return {};
    case Verdict::kWaiting:
    case Verdict::kLeftOut:
    case Verdict::kNotRun:
      return "      <skipped message=\"" + kind + ": " + message + "\"/>\n";
    case Verdict::kGraderFailed:
      return "      <error type=\"" + kind + "\" message=\"" + message + "\"/>\n";
    default:
      return "      <failure type=\"" + kind + "\" message=\"" + message + "\">" +
             xml(plain_text(check)) + "</failure>\n";
  }
}

int count(const LabResult& lab, const char* element) {
  int found = 0;
  for (const CheckResult& check : lab.checks) {
    found += junit_outcome(check).starts_with(std::string("      <") + element) ? 1 : 0;
  }
  return found;
}

// In VPL's comments a line that begins with ">" is shown as it is, and means nothing else.
std::string vpl_lines(const std::string& text) {
  std::string safe;
  for (const std::string& line : lines_of(text)) {
    std::string shown = printable(line);
    for (std::size_t at = shown.find(":=>>"); at != std::string::npos;
         at = shown.find(":=>>", at)) {
      shown.insert(at + 1, " ");
    }
    safe += ">" + shown + "\n";
  }
  return safe;
}

}  // namespace

std::string plain_text(const CheckResult& check) {
  std::string text(name_of(check.verdict));
  if (!check.summary.empty()) text += ": " + printable(check.summary);
  text += '\n';
  for (const Section& section : check.reasons) {
    text += section.heading + ":\n";
    for (const std::string& line : section.lines) text += "  " + printable(line) + "\n";
  }
  return text;
}

std::string build_words(const Results& results) {
  std::string text;
  for (const LabResult& lab : results.labs) {
    if (!lab.build_words.empty()) {
      text += lab.name + " was not copied or built whole:\n" + lab.build_words + "\n";
    }
  }
  return text;
}

std::string junit(const Results& results) {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const LabResult& lab : results.labs) {
    text += "  <testsuite name=\"" + lab.name + "\" tests=\"" + std::to_string(lab.checks.size()) +
            "\" failures=\"" + std::to_string(count(lab, "failure")) + "\" errors=\"" +
            std::to_string(count(lab, "error")) + "\" skipped=\"" +
            std::to_string(count(lab, "skipped")) + "\" time=\"" + seconds_text(lab.seconds) +
            "\">\n";
    for (const CheckResult& check : lab.checks) {
      text += "    <testcase classname=\"" + lab.name + "\" name=\"" + xml(check.title) +
              "\" time=\"" + seconds_text(check.seconds) + "\">\n" +
              "      <properties><property name=\"points\" value=\"" + points_text(check.earned()) +
              "\"/><property name=\"worth\" value=\"" + points_text(check.worth) +
              "\"/></properties>\n" + junit_outcome(check) + "    </testcase>\n";
    }
    text += "  </testsuite>\n";
  }
  return text + "</testsuites>\n";
}

std::string csv(const Results& results) {
  std::string text = "lab,check,outcome,points,worth,seconds,summary\r\n";
  for (const LabResult& lab : results.labs) {
    for (const CheckResult& check : lab.checks) {
      text += std::to_string(lab.lab) + "," + csv_field(check.title) + "," +
              csv_field(std::string(name_of(check.verdict))) + "," + points_text(check.earned()) +
              "," + points_text(check.worth) + "," + seconds_text(check.seconds) + "," +
              csv_field(valid_utf8(printable(check.summary))) + "\r\n";
    }
  }
  return text;
}

// https://vpl.dis.ulpgc.es/documentation/: a block of comments a lab, and the grade in the end.
std::string vpl(const Results& results) {
  std::string text;
  for (const LabResult& lab : results.labs) {
    text += "<|--\n-" + lab.name + ": " + points_text(lab.earned()) + " of " +
            points_text(lab.worth()) + "\n";
    text += vpl_lines(lab.build_words);
    for (const CheckResult& check : lab.checks) {
      if (check.verdict == Verdict::kPassed) continue;
      text += vpl_lines(check.title + ", " + points_text(check.earned()) + " of " +
                        points_text(check.worth) + ", " + plain_text(check));
    }
    text += "--|>\n";
  }
  return text + "Grade :=>> " + points_text(results.earned()) + "\n";
}

void write_files(const Results& results, const Reports& wanted) {
  if (!wanted.gradescope.empty()) replace(wanted.gradescope, gradescope(results));
  if (!wanted.classroom50.empty()) replace(wanted.classroom50, classroom50(results));
  if (!wanted.junit.empty()) replace(wanted.junit, junit(results));
  if (!wanted.csv.empty()) replace(wanted.csv, csv(results));
}

void write_to_stdout(const Results& results, const Reports& wanted) {
  std::string text;
  if (wanted.vpl) text += vpl(results);
  if (wanted.autolab) text += autolab(results);
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace grade::reports
