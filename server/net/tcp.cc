// SPDX-License-Identifier: Apache-2.0
#include "server/net/tcp.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace gslbd::server {
namespace {

// Rounds of ready connections a wake-up, and connections accepted: UDP, which most queries use, must get its
// turn in a flood of either.
constexpr int kRoundsPerWakeup = 8;
constexpr std::size_t kAcceptBatch = kMaxBatch;
// From so many on it takes long enough to answer all for a second look at the first to find something.
constexpr std::size_t kManyAtOnce = 4;
// How long accepting rests when the process has no descriptor left and no connection to give up.
constexpr std::uint64_t kAcceptPauseMs = 100;
// Deadlines are looked at at least so often while connections are open: other workers' connections, which
// this one does not hear of, shorten them.
constexpr std::uint64_t kIdleTickMs = 250;
// Connections that have asked nothing are the first to go when they are more than one in so many.
constexpr std::size_t kFreshShare = 4;

std::uint64_t ms(std::chrono::milliseconds d) {
  return static_cast<std::uint64_t>(d.count());
}

}  // namespace

TcpServer::TcpServer(uv_loop_t* loop, TcpLimits& limits, QueryHandler& handler, NetCounters& counters)
    : loop_(loop), limits_(limits), counters_(counters), round_(*this, handler, counters) {
  // The kernel may give all of them to one worker; and who makes room for one is used again after the round.
  const std::size_t places = limits_.options().max_connections + kAcceptBatch;
  for (std::size_t i = 0; i < places; ++i) free_.emplace_back(*this);
  uv_timer_init(loop_, &idle_timer_);
  idle_timer_.data = this;
  uv_timer_init(loop_, &resume_timer_);
  resume_timer_.data = this;
}

TcpServer::~TcpServer() = default;

Result<void> TcpServer::listen(const BoundSockets& sockets) {
  if (const auto watched = watch_connections(); !watched) return watched;
  Listener& listener = listeners_.emplace_back();
  listener.server = this;
  listener.sockets = &sockets;
  listener.handle.data = &listener;
  if (const int error = uv_poll_init(loop_, &listener.handle, sockets.tcp.get()); error != 0) {
    listeners_.pop_back();
    return fail(std::string("cannot watch a TCP socket: ") + uv_strerror(error));
  }
  resume_accepting();
  return {};
}

Result<void> TcpServer::watch_connections() {
  if (watching_) return {};
  epoll_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return fail("cannot watch TCP connections: " + std::generic_category().message(errno));
  if (const int error = uv_poll_init(loop_, &ready_, epoll_.get()); error != 0) {
    return fail(std::string("cannot watch TCP connections: ") + uv_strerror(error));
  }
  watching_ = true;
  ready_.data = this;
  uv_poll_start(&ready_, UV_READABLE,
                [](uv_poll_t* handle, int, int) { static_cast<TcpServer*>(handle->data)->serve_ready(); });
  return {};
}

void TcpServer::close() {
  if (std::exchange(over_, true)) return;
  const auto close_handle = [](auto& handle) { uv_close(reinterpret_cast<uv_handle_t*>(&handle), nullptr); };
  close_handle(idle_timer_);
  close_handle(resume_timer_);
  if (watching_) close_handle(ready_);
  for (Listener& listener : listeners_) close_handle(listener.handle);
  for (Connections* open : {&fresh_, &active_}) {
    while (!open->empty()) open->front().close(TcpClose::shutdown);
  }
  reuse_closed();
}

void TcpServer::serve_ready() {
  std::array<epoll_event, kMaxBatch> events;
  std::array<ReadyConnection, kMaxBatch> ready;
  for (int round = 0; round < kRoundsPerWakeup; ++round) {
    const int got = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
    if (got <= 0) return;
    const auto count = static_cast<std::size_t>(got);
    for (std::size_t i = 0; i < count; ++i) {
      ready[i] = {static_cast<TcpConnection*>(events[i].data.ptr), (events[i].events & EPOLLRDHUP) != 0};
    }
    round_.run(std::span(ready).first(count), *gate_);
    end_round(std::span(ready).first(count));
    if (count < events.size()) return;
  }
}

// Whoever has just connected has often asked already, and is answered before its socket is even watched.
void TcpServer::accept_some(const Listener& listener) {
  std::array<ReadyConnection, kAcceptBatch> ready;
  std::size_t accepted = 0;
  bool made_room = false;
  bool paused = false;
  for (std::size_t i = 0; i < ready.size() && !free_.empty() && !paused; ++i) {
    sockaddr_storage sa;
    socklen_t length = sizeof sa;
    UniqueFd fd(::accept4(listener.sockets->tcp.get(), reinterpret_cast<sockaddr*>(&sa), &length,
                          SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      const Address peer = Address::from_sockaddr(reinterpret_cast<const sockaddr&>(sa));
      TcpConnection* const connection = adopt(std::move(fd), peer, *listener.sockets);
      if (connection != nullptr) ready[accepted++].connection = connection;
      made_room = false;
    } else if (errno == EAGAIN) {
      break;
    } else if (errno == EMFILE && !made_room && make_room()) {
      made_room = true;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // The system's lack, or another thread took the descriptor: closing more of ours would not help.
      paused = true;
    }
    // Any other error is that of the one connection, which has gone.
  }
  const auto some = std::span(ready).first(accepted);
  round_.run(some, *gate_);
  // When many come at a time, the first have their answer by now, and whoever wanted no more is gone again.
  if (some.size() >= kManyAtOnce) round_.run(some, *gate_);
  end_round(some);
  if (paused) pause_accepting();
}

// Null when it was refused.
TcpConnection* TcpServer::adopt(UniqueFd fd, const Address& peer, const BoundSockets& from) {
  counters_.tcp_accepted.add();
  const bool proxied = from.spec.proxies.contains(peer);
  // Behind a proxy the client is known once the header is there. Else it is asked for its place first, so
  // that a client beyond its limit pushes nobody out.
  TcpLimits::Place place = TcpLimits::kUncounted;
  if (!proxied) {
    const auto entered = limits_.enter(peer);
    if (!entered) {
      refuse(std::move(fd));
      return nullptr;
    }
    place = *entered;
  }
  // A worker that has no connection may take its first even so: the limit is exceeded by the number of
  // workers at most, and none of them is shut off because the others are full.
  if (limits_.opened()) make_room();
  fresh_.splice(fresh_.end(), free_, free_.begin());
  TcpConnection& connection = fresh_.back();
  connection.self = std::prev(fresh_.end());
  connection.proven = false;
  connection.active_at_ms = uv_now(loop_);
  watch_idle();
  connection.open(std::move(fd), {peer, from.index, proxied, place});
  return &connection;
}

// A reset says it at once, and leaves no trace of the connection in our kernel.
void TcpServer::refuse(UniqueFd fd) {
  counters_.closed_of(TcpClose::client_limit).add();
  const linger reset{1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

bool TcpServer::make_room() {
  const bool many_fresh = fresh_.size() * kFreshShare > fresh_.size() + active_.size();
  Connections& from = active_.empty() || many_fresh ? fresh_ : active_;
  if (from.empty()) return false;
  from.front().close(TcpClose::limit);
  return true;
}

void TcpServer::pause_accepting() {
  for (Listener& listener : listeners_) uv_poll_stop(&listener.handle);
  const auto resume = [](uv_timer_t* timer) { static_cast<TcpServer*>(timer->data)->resume_accepting(); };
  uv_timer_start(&resume_timer_, resume, kAcceptPauseMs, 0);
}

void TcpServer::resume_accepting() {
  for (Listener& listener : listeners_) {
    uv_poll_start(&listener.handle, UV_READABLE, [](uv_poll_t* handle, int status, int) {
      const auto& ready = *static_cast<const Listener*>(handle->data);
      if (status == 0) ready.server->accept_some(ready);
    });
  }
}

void TcpServer::touch(TcpConnection& connection) {
  connection.active_at_ms = uv_now(loop_);
  active_.splice(active_.end(), list_of(connection), connection.self);
  connection.proven = true;
}

void TcpServer::closing(TcpConnection& connection, TcpClose reason) {
  counters_.closed_of(reason).add();
  limits_.closed();
  closed_.splice(closed_.end(), list_of(connection), connection.self);
}

void TcpServer::end_round(std::span<const ReadyConnection> ready) {
  for (const ReadyConnection& r : ready) {
    if (r.connection->is_open()) r.connection->watch();
  }
  reuse_closed();
}

void TcpServer::reuse_closed() {
  for (TcpConnection& connection : closed_) connection.release();
  free_.splice(free_.begin(), closed_);  // what was used last is in the caches
}

// The timer runs to the first deadline. Progress does not move it: it then fires early and goes on.
void TcpServer::watch_idle() {
  if ((fresh_.empty() && active_.empty()) ||
      uv_is_active(reinterpret_cast<uv_handle_t*>(&idle_timer_)) != 0) {
    return;
  }
  const auto idle = limits_.idle_timeout();
  const std::uint64_t now = uv_now(loop_);
  std::uint64_t deadline = now + kIdleTickMs;
  if (!active_.empty()) deadline = std::min(deadline, active_.front().active_at_ms + ms(idle));
  if (!fresh_.empty()) {
    const auto patience = std::min(idle, limits_.options().first_query_timeout);
    deadline = std::min(deadline, fresh_.front().active_at_ms + ms(patience));
  }
  const auto fire = [](uv_timer_t* timer) { static_cast<TcpServer*>(timer->data)->close_idle(); };
  uv_timer_start(&idle_timer_, fire, deadline > now ? deadline - now : 0, 0);
}

void TcpServer::close_idle() {
  const auto now = uv_now(loop_);
  // The timeout is read anew for each: every one that goes gives the others more time.
  const auto first_query = limits_.options().first_query_timeout;
  while (!fresh_.empty() &&
         fresh_.front().active_at_ms + ms(std::min(limits_.idle_timeout(), first_query)) <= now) {
    fresh_.front().close(TcpClose::first_query);
  }
  while (!active_.empty() && active_.front().active_at_ms + ms(limits_.idle_timeout()) <= now) {
    TcpConnection& idle = active_.front();
    idle.close(idle.blocked() ? TcpClose::slow_reader : TcpClose::idle);
  }
  reuse_closed();
  watch_idle();
}

}  // namespace gslbd::server
