// SPDX-License-Identifier: Apache-2.0
#include "server/net/poller.h"

#include <array>
#include <cerrno>
#include <system_error>

namespace gslbd::server {

Result<Poller> Poller::open() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return fail("cannot watch sockets: " + std::generic_category().message(errno));
  return Poller(std::move(epoll));
}

bool Poller::control(int operation, int fd, std::uint32_t events, PollSource* source) noexcept {
  epoll_event event{};
  event.events = events;
  event.data.ptr = source;
  return ::epoll_ctl(epoll_.get(), operation, fd, &event) == 0;
}

void Poller::wait(int timeout_ms) noexcept {
  std::array<epoll_event, kMaxEvents> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout_ms);
  // Fewer than none: a signal, or the like; whoever waits does so again.
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    static_cast<PollSource*>(event.data.ptr)->on_events(event.events);
  }
}

}  // namespace gslbd::server
