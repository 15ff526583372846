// SPDX-License-Identifier: Apache-2.0
#include "bench/load/tcp_load.h"

#include <sys/epoll.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <span>
#include <vector>

#include "bench/load/die.h"
#include "bench/load/tcp_connection.h"
#include "core/unique_fd.h"

namespace gslbd::bench {
namespace {

constexpr Time kExpiryInterval = kSecond / 20;
constexpr int kPollMs = 10;
constexpr unsigned kOpenedAtOnce = 64;  // idle connections: fewer than any server's backlog holds

// Descriptors for as many connections as the system lets us have.
void raise_limits() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

class TcpLoad {
 public:
  TcpLoad(const TcpOptions& options, Queries& queries)
      : options_(options), queries_(queries), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (!epoll_) die("epoll_create1");
    for (unsigned i = 0; i < options.connections; ++i) all_.emplace_back(options.outstanding);
    for (unsigned i = 0; i < options.idle; ++i) all_.emplace_back(1);
  }

  Tally run() {
    if (options_.idle != 0) hold_idle();
    tally_ = {};
    const Time start = now();
    const Time end = start + options_.extent.duration;
    Time at = start;
    for (std::size_t i = 0; i < options_.connections; ++i) open(i);
    for (; at < end && !done(); at = now()) round(at, true);
    tally_.answered_in_time = tally_.answered;
    tally_.elapsed = at - start;
    const Time last = at + options_.timeout;
    for (; at < last && waiting() != 0; at = now()) round(at, false);
    tally_.lost += waiting();
    tally_.idle_held = static_cast<std::uint64_t>(
        std::ranges::count_if(idle(), [](const TcpConnection& each) { return each.answered() != 0; }));
    return tally_;
  }

 private:
  std::span<TcpConnection> active() { return std::span(all_).first(options_.connections); }

  std::uint64_t waiting() {
    std::uint64_t sum = 0;
    for (const TcpConnection& connection : active()) sum += connection.waiting();
    return sum;
  }

  bool exhausted() const { return tally_.sent >= options_.extent.count; }
  bool done() { return exhausted() && waiting() == 0; }

  // Opens the idle connections, and lets whoever runs us look at the server before anything is asked.
  void hold_idle() {
    open_idle();
    for (TcpConnection& each : idle()) {
      if (each.answered() == 0) each.close();
    }
    std::puts("ready");
    std::fflush(stdout);
    std::getchar();
  }

  std::span<TcpConnection> idle() { return std::span(all_).subspan(options_.connections); }

  // Each idle connection asks once, so that the server has seen that it is one of good will. A server that
  // does not answer on one within the timeout holds no more of them.
  void open_idle() {
    for (std::size_t first = options_.connections; first < all_.size(); first += kOpenedAtOnce) {
      const std::size_t end = std::min(all_.size(), first + kOpenedAtOnce);
      for (std::size_t i = first; i < end; ++i) open(i);
      const auto wave = std::span(all_).subspan(first, end - first);
      const auto answered = [](const TcpConnection& each) { return each.answered() != 0; };
      const Time last = now() + options_.timeout;
      while (!std::ranges::all_of(wave, answered)) {
        if (now() > last) return;
        handle_events(now(), true);
      }
    }
  }

  void round(Time at, bool sending) {
    handle_events(at, sending);
    if (at < next_expiry_) return;
    next_expiry_ = at + kExpiryInterval;
    for (std::size_t i = 0; i < options_.connections; ++i) {
      if (all_[i].state() == TcpConnection::State::closed) {
        if (sending) open(i);
      } else if (all_[i].overdue(at - options_.timeout)) {
        give_up(i, sending);
      }
    }
  }

  void handle_events(Time at, bool sending) {
    std::array<epoll_event, 256> events;
    const int ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), kPollMs);
    if (ready < 0 && errno != EINTR) die("epoll_wait");
    const Time after = now();
    if (sending) tally_.idle += after - at;
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      handle(static_cast<std::size_t>(event.data.u64), event.events, after, sending);
    }
  }

  void handle(std::size_t number, std::uint32_t what, Time at, bool sending) {
    TcpConnection& connection = all_[number];
    if ((what & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0 && !connection.receive(tally_)) {
      return give_up(number, sending);
    }
    if (!sending) return;
    const bool finished = options_.per_connection != 0 && connection.answered() >= options_.per_connection;
    if (finished && number < options_.connections) return open(number);
    send(number, at);
  }

  // Also where it was open before: a new connection takes its place.
  void open(std::size_t number) {
    all_[number].close();
    if (exhausted()) return;
    if (!all_[number].connect(options_.target, sources_++)) {
      ++tally_.refused;
      return;
    }
    ++tally_.connections;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = number;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, all_[number].fd(), &event) != 0) die("epoll_ctl");
    send(number, now());
    if (all_[number].state() == TcpConnection::State::connecting) watch(number, EPOLLIN | EPOLLOUT);
  }

  void send(std::size_t number, Time at) {
    TcpConnection& connection = all_[number];
    const bool connecting = connection.state() == TcpConnection::State::connecting;
    const int sent = connection.send(queries_, limit(number), at);
    if (sent < 0) return give_up(number, false);  // the next look at all connections opens it again
    tally_.sent += static_cast<unsigned>(sent);
    if (connecting && sent != 0) watch(number, EPOLLIN);
  }

  // How many queries the connection may send in its life.
  std::uint64_t limit(std::size_t number) const {
    if (number >= options_.connections) return 1;
    const std::uint64_t left = options_.extent.count - std::min(options_.extent.count, tally_.sent);
    const std::uint64_t life = options_.per_connection != 0 ? options_.per_connection : UINT64_MAX;
    return std::min(life, left > UINT64_MAX - all_[number].sent() ? UINT64_MAX : all_[number].sent() + left);
  }

  // The server ended it, or does not answer.
  void give_up(std::size_t number, bool again) {
    const bool asking = number < options_.connections;
    if (asking) {
      ++tally_.refused;
      tally_.lost += all_[number].waiting();
    }
    all_[number].close();
    if (again && asking) open(number);
  }

  void watch(std::size_t number, std::uint32_t what) {
    epoll_event event{};
    event.events = what;
    event.data.u64 = number;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, all_[number].fd(), &event) != 0) die("epoll_ctl");
  }

  const TcpOptions& options_;
  Queries& queries_;
  UniqueFd epoll_;
  std::vector<TcpConnection> all_;  ///< first those that ask, then the idle ones
  Tally tally_;
  std::uint32_t sources_ = 0;
  Time next_expiry_ = 0;
};

}  // namespace

Tally run_tcp(const TcpOptions& options, Queries& queries) {
  raise_limits();
  return TcpLoad(options, queries).run();
}

}  // namespace gslbd::bench
