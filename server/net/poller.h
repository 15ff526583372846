// SPDX-License-Identifier: Apache-2.0
#pragma once
// Poller: what a worker waits for, in one epoll set: its UDP sockets, its listening sockets, every TCP
// connection, and the call to stop.
//
// Why not libuv, which the other threads use: a connection that comes and goes costs one system call for
// being watched, where as a handle of libuv it is four, and a batch of queries does not pay for a turn of the
// loop. And why one set: one that is itself watched by another is checked for circles by the kernel whenever
// something is added to it, under one lock for the whole machine, which workers would take for each
// connection (docs/explanation/performance.md).
//
// Thread: one worker's; sources may be added before it runs.

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/result.h"
#include "core/unique_fd.h"

namespace gslbd::server {

/// What a Poller tells of.
class PollSource {
 public:
  PollSource() = default;
  PollSource(const PollSource&) = delete;
  PollSource& operator=(const PollSource&) = delete;

  /// Something happened: `events` as in epoll_event.
  virtual void on_events(std::uint32_t events) noexcept = 0;

 protected:
  ~PollSource() = default;
};

class Poller {
 public:
  /// So many sources at most hear something from one wait().
  static constexpr std::size_t kMaxEvents = 32;

  static Result<Poller> open();

  /// Watches `fd` for `events`; false with errno set when the kernel refuses. A descriptor leaves by itself
  /// when its last copy is closed: as long as a child process has one, the source may still be told.
  bool add(int fd, std::uint32_t events, PollSource& source) noexcept {
    return control(EPOLL_CTL_ADD, fd, events, &source);
  }
  bool modify(int fd, std::uint32_t events, PollSource& source) noexcept {
    return control(EPOLL_CTL_MOD, fd, events, &source);
  }
  void remove(int fd) noexcept { control(EPOLL_CTL_DEL, fd, 0, nullptr); }

  /// Waits for at most `timeout_ms` (-1: for ever) and tells the sources, each once for each descriptor. They
  /// live until this is over.
  void wait(int timeout_ms) noexcept;

 private:
  explicit Poller(UniqueFd epoll) : epoll_(std::move(epoll)) {}
  bool control(int operation, int fd, std::uint32_t events, PollSource* source) noexcept;

  UniqueFd epoll_;
};

}  // namespace gslbd::server
