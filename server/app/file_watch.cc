// SPDX-License-Identifier: Apache-2.0
#include "server/app/file_watch.h"

#include <sys/stat.h>

#include <utility>

#include "core/log.h"

namespace gslbd::server {

FileWatch::FileWatch(uv_loop_t& loop, std::function<void()> on_quiet)
    : loop_(loop), on_quiet_(std::move(on_quiet)) {
  uv_timer_init(&loop_, &timer_);
  timer_.data = this;
}

bool FileWatch::watch(const std::set<std::string>& directories, Duration debounce) {
  debounce_ = debounce;
  // All anew: a path that has not changed may lead to another directory than it did.
  std::vector<Directory*> before;
  before.swap(directories_);
  const auto watched_before = std::exchange(watched_, {});
  bool is_new = false;
  for (const std::string& path : directories) {
    auto directory = std::make_unique<Directory>();
    uv_fs_event_init(&loop_, &directory->handle);
    Directory* owned = directory.release();
    owned->handle.data = this;
    const int status = uv_fs_event_start(&owned->handle, &FileWatch::on_event, path.c_str(), 0);
    if (status == 0) {
      directories_.push_back(owned);
      struct stat found {};
      (void)::stat(path.c_str(), &found);
      const auto directory_of_path = std::pair(path, found.st_ino);
      is_new = is_new || !watched_before.contains(directory_of_path);
      watched_.insert(directory_of_path);
    } else {
      log::warning("cannot watch {} for changes: {}; SIGHUP still reloads", path, uv_strerror(status));
      release(owned);
    }
  }
  for (Directory* d : before) release(d);
  return is_new;
}

void FileWatch::close() {
  for (Directory* d : directories_) release(d);
  directories_.clear();
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), nullptr);
}

void FileWatch::release(Directory* directory) {
  directory->handle.data = directory;
  uv_close(reinterpret_cast<uv_handle_t*>(&directory->handle),
           [](uv_handle_t* h) { delete static_cast<Directory*>(h->data); });
}

void FileWatch::on_event(uv_fs_event_t* handle, const char*, int, int) {
  auto* self = static_cast<FileWatch*>(handle->data);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(self->debounce_).count();
  // Each event starts the wait anew, so that a burst of writes is one reload; but a directory that never
  // falls silent (somebody logs there) must not put it off for ever.
  const std::uint64_t now = uv_now(handle->loop);
  const bool waiting = uv_is_active(reinterpret_cast<uv_handle_t*>(&self->timer_)) != 0;
  if (!waiting) self->first_event_ms_ = now;
  constexpr std::uint64_t kLongestWait = 10;  // debounce intervals
  if (waiting && now - self->first_event_ms_ > kLongestWait * static_cast<std::uint64_t>(ms)) return;
  uv_timer_start(
      &self->timer_, [](uv_timer_t* t) { static_cast<FileWatch*>(t->data)->on_quiet_(); },
      static_cast<std::uint64_t>(ms), 0);
}

}  // namespace gslbd::server
