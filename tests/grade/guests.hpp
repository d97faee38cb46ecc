// Who is already known, for the checks of what comes after the questions. To register costs the
// server a slow hash; so that is done once for each lab, and what server and client have kept of it
// is copied into the folders of the others.

#pragma once

#include <string>

#include "process.hpp"
#include "subject.hpp"
#include "submission.hpp"
#include "talk.hpp"

namespace grade {

inline const std::string kGuest = "Anna";
inline const std::string kPassword = "Xq7#mK2!";  // of 8 bytes, the fewest there may be

// The folder of a server that knows this guest, on a free port; in lab 6 it knows nobody yet.
Setup knowing_guest(const Lab& lab);

// The guest's session; empty in lab 6.
std::string guest_token(const Lab& lab);

// The same at this very server: if it has forgotten that session, which costs it the checks that
// are about it, and is to cost it no others, the guest has logged in again.
std::string session_at(Server& server);

// A conversation whose questions are over: the server has said OK. Throws std::runtime_error if it
// does not come to that.
class Guest : public Talk {
 public:
  explicit Guest(Server& server, const PeerOptions& options = {},
                 const std::string& host = "127.0.0.1");
};

// The same with a client, which is in the folder of one that has a session, from lab 7 on.
Setup with_session(const Lab& lab, Setup setup = {});
class Host : public Talk {
 public:
  Host(const Lab& lab, Listener& listener);
};

// Takes one client more: it gets in, and returns what this one says. For after everything odd.
Outcome serves(Server& server);

// The files and links that a program keeps in its folder but its log, into another one.
void copy_files(const std::string& from, const std::string& to);

}  // namespace grade
