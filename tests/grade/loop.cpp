#include "loop.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "incidents.hpp"
#include "interrupt.hpp"
#include "process.hpp"

namespace grade {
namespace {

constexpr int kTick = 2;  // milliseconds

// Never destroyed: a check's objects may outlive every static one.
std::vector<Watched*>& everything() {
  static auto* const watched = new std::vector<Watched*>;
  return *watched;
}

bool is_watched(const Watched* object) {
  return std::find(everything().begin(), everything().end(), object) != everything().end();
}

void serve(int timeout) {
  const std::vector<Watched*> watched = everything();
  std::vector<pollfd> descriptors;
  descriptors.reserve(watched.size());
  for (const Watched* object : watched) descriptors.push_back(object->interest());
  if (::poll(descriptors.data(), descriptors.size(), timeout) <= 0) return;
  for (std::size_t i = 0; i < watched.size(); ++i) {
    const short events = descriptors[i].revents;
    if (events != 0 && is_watched(watched[i])) watched[i]->ready(events);
  }
}

}  // namespace

Watched::Watched() {
  everything().push_back(this);
}

Watched::~Watched() {
  std::erase(everything(), this);
}

void turn() {
  leave_if_interrupted();
  stop_runaways();
  serve(kTick);
}

bool wait_until(const std::function<bool()>& done, Clock::duration limit) {
  const Clock::time_point deadline = Clock::now() + limit;
  while (!done()) {
    if (Clock::now() >= deadline) return false;
    turn();
  }
  return true;
}

bool wait_until(const std::function<bool()>& done) {
  return wait_until(done, [] { return std::size_t{0}; });
}

bool wait_until(const std::function<bool()>& done, const std::function<std::size_t()>& amount) {
  const Clock::duration limit = patience();
  const Clock::time_point begin = Clock::now();
  Clock::time_point grown = begin;
  for (std::size_t before = amount(); !done(); turn()) {
    const Clock::time_point now = Clock::now();
    if (amount() > before) grown = now;
    before = amount();
    if (now - grown < limit && now - begin < 10 * limit) continue;
    lose_patience();
    incidents::of_this_check().waited_in_vain = true;
    return false;
  }
  return true;
}

void let_pass(Clock::duration time) {
  const Clock::time_point end = Clock::now() + time;
  for (Clock::duration left = time; left > Clock::duration::zero(); left = end - Clock::now()) {
    serve(left > 2 * std::chrono::milliseconds(kTick) ? kTick : 0);  // to the microsecond at last
  }
}

}  // namespace grade
