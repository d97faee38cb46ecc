// What the server knows of people: passwords, sessions, wrong passwords. All clients share it.

#pragma once

#include "sessions.hpp"
#include "table_file.hpp"
#include "throttle.hpp"
#include "users.hpp"

struct Accounts {
  TableFile users = open_users();
  Sessions sessions;
  Throttle throttle;
};
