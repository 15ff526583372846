// SPDX-License-Identifier: Apache-2.0
#include "server/app/file_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/log.h"

namespace gslbd::server {
namespace {

constexpr std::uint32_t kEvents = IN_ATTRIB | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_DELETE_SELF |
                                  IN_MODIFY | IN_MOVE_SELF | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;
constexpr std::size_t kMostNamed = 1000;  // where more have changed, looking at all costs no more

}  // namespace

FileWatch::FileWatch(uv_loop_t& loop, std::function<void(const ChangedFiles&)> on_quiet)
    : loop_(loop), on_quiet_(std::move(on_quiet)), inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  uv_timer_init(&loop_, &timer_);
  timer_.data = this;
  if (inotify_ < 0) return;
  uv_poll_init(&loop_, &poll_, inotify_);
  poll_.data = this;
  uv_poll_start(&poll_, UV_READABLE,
                [](uv_poll_t* p, int, int) { static_cast<FileWatch*>(p->data)->read_events(); });
}

// After close(), and the loop's turn that ended it.
FileWatch::~FileWatch() {
  if (inotify_ >= 0) ::close(inotify_);
}

bool FileWatch::watch(const std::set<std::string>& directories, Duration debounce) {
  debounce_ = debounce;
  blind_ = false;
  std::map<int, std::vector<std::string>> before;
  before.swap(watched_);
  bool is_new = false;
  // All anew: a path that has not changed may lead to another directory than it did. One that is watched
  // already keeps its number.
  for (const std::string& path : directories) {
    const int number = inotify_add_watch(inotify_, path.c_str(), kEvents);
    if (number < 0) {
      log::warning("cannot watch {} for changes: {}; SIGHUP still reloads", path, std::strerror(errno));
      blind_ = true;
      continue;
    }
    watched_[number].push_back(path);
    const auto was = before.find(number);
    is_new = is_new || was == before.end() || std::ranges::find(was->second, path) == was->second.end();
  }
  for (const auto& [number, paths] : before) {
    if (!watched_.contains(number)) inotify_rm_watch(inotify_, number);
  }
  return is_new;
}

void FileWatch::close() {
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
  if (inotify_ >= 0) uv_close(reinterpret_cast<uv_handle_t*>(&poll_), nullptr);
}

void FileWatch::read_events() {
  alignas(inotify_event) char buffer[16384];
  while (true) {
    const ssize_t size = read(inotify_, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    for (const char* at = buffer; at < buffer + size;) {
      inotify_event event{};
      std::memcpy(&event, at, sizeof event);
      note(event, at + sizeof event);
      at += sizeof event + event.len;
    }
  }
}

void FileWatch::note(const inotify_event& event, const char* name) {
  const auto watched = watched_.find(event.wd);
  const bool lost = (event.mask & IN_Q_OVERFLOW) != 0;
  if (watched == watched_.end() && !lost) return;  // of a directory that is no longer asked for
  if (lost || blind_ || event.len == 0 || (event.mask & IN_ISDIR) != 0 || changed_.files.size() > kMostNamed)
    changed_.anything = true;
  if ((event.mask & IN_IGNORED) != 0) {  // it is gone, and its number with it
    watched_.erase(watched);
  } else if (!changed_.anything) {
    for (const std::string& path : watched->second) changed_.files.emplace(path, name);
  }
  wait_for_quiet();
}

void FileWatch::wait_for_quiet() {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(debounce_).count();
  // Each event starts the wait anew, so that a burst of writes is one reload; but a directory that never
  // falls silent (somebody logs there) must not put it off for ever.
  const std::uint64_t now = uv_now(&loop_);
  const bool waiting = uv_is_active(reinterpret_cast<uv_handle_t*>(&timer_)) != 0;
  if (!waiting) first_event_ms_ = now;
  constexpr std::uint64_t kLongestWait = 10;  // debounce intervals
  if (waiting && now - first_event_ms_ > kLongestWait * static_cast<std::uint64_t>(ms)) return;
  const auto on_timer = [](uv_timer_t* t) {
    auto* self = static_cast<FileWatch*>(t->data);
    self->on_quiet_(std::exchange(self->changed_, {}));
  };
  uv_timer_start(&timer_, on_timer, static_cast<std::uint64_t>(ms), 0);
}

}  // namespace gslbd::server
