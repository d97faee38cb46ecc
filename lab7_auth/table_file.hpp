// A table of keys and values that survives a crash: a file of lines KEY<TAB>VALUE, kept in memory
// as well and replaced whole at each change.

#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "replace_file.hpp"
#include "shared/socket.hpp"

class TableFile {
 public:
  using Rows = std::map<std::string, std::string, std::less<>>;
  using IsValid = bool (*)(std::string_view key, std::string_view value);

  // Reads the file, in the working directory; none is an empty one. A line that has no tab, or
  // that `is_valid` does not accept, is damaged: it is passed over, but kept in the file.
  // Throws std::system_error, and std::runtime_error if it is longer than kMaxSize.
  TableFile(std::string path, IsValid is_valid) : path_(std::move(path)) {
    const std::string content = read_file(path_, kMaxSize);
    std::string_view rest = content;
    for (std::size_t number = 1; !rest.empty(); ++number) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      const std::size_t tab = line.find('\t');
      if (tab != std::string_view::npos && is_valid(line.substr(0, tab), line.substr(tab + 1))) {
        rows_.insert_or_assign(std::string(line.substr(0, tab)), std::string(line.substr(tab + 1)));
      } else {
        damaged_.append(line).append("\n");
        damaged_lines_.push_back(number);
      }
    }
  }

  // The numbers of the damaged lines, from 1.
  const std::vector<std::size_t>& damaged_lines() const noexcept { return damaged_lines_; }
  const std::string& path() const noexcept { return path_; }
  const Rows& rows() const noexcept { return rows_; }

  std::optional<std::string> find(std::string_view key) const {
    const auto row = rows_.find(key);
    if (row == rows_.end()) return std::nullopt;
    return row->second;
  }

  // When this returns, the row is on the disk. Throws std::system_error; then nothing has
  // changed, but for what replace_file() says.
  // Neither key nor value may hold a newline, nor the key a tab.
  void put(const std::string& key, const std::string& value) {
    Rows changed = rows_;
    changed.insert_or_assign(key, value);
    replace(std::move(changed));
  }

  // All rows at once, as put().
  void replace(Rows rows) {
    std::string content;
    for (const auto& [key, value] : rows) content += key + "\t" + value + "\n";
    content += damaged_;
    if (content.size() > kMaxSize) throw_system_error(EFBIG, "write", path_);
    replace_file(path_, content);
    rows_ = std::move(rows);
  }

 private:
  static constexpr std::size_t kMaxSize = 64 * 1024 * 1024;  // bytes

  std::string path_;
  Rows rows_;
  std::string damaged_;
  std::vector<std::size_t> damaged_lines_;
};
