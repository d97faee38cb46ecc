// Who has which password: the file users.tsv, "NAME<TAB>RECORD" a line (see password.hpp).

#pragma once

#include <string_view>

#include "name.hpp"
#include "password.hpp"
#include "table_file.hpp"

inline TableFile open_users() {
  return TableFile("users.tsv", [](std::string_view name, std::string_view record) {
    return is_name(name) && parse_record(record).has_value();
  });
}
