// SPDX-License-Identifier: Apache-2.0
#include "server/net/tcp.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace gslbd::server {
namespace {

// Connections accepted a wake-up: UDP, which most queries use, must get its turn in a flood of connections.
constexpr unsigned kAcceptBatch = 64;
// How long accepting rests when the process has no descriptor left and no connection to give up.
constexpr std::uint64_t kAcceptPauseMs = 100;
// Queries answered before other sockets have their turn: as many as of UDP at its own.
constexpr std::size_t kTurn = 256;
// What unfinished large queries and unread responses may hold of a worker's memory. Enough for the largest
// ones of hundreds of connections; ordinary ones need none of it.
constexpr std::size_t kMaxHeld = 32 << 20;
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
    : loop_(loop),
      limits_(limits),
      handler_(handler),
      counters_(counters),
      scratch_(std::make_unique_for_overwrite<std::uint8_t[]>(kReadSize + kResponseScratchSize)) {
  // The kernel may give all of them to one worker; some are still closing while others are already accepted.
  const std::size_t places = limits_.options().max_connections + kAcceptBatch;
  for (std::size_t i = 0; i < places; ++i) free_.emplace_back(*this);
  uv_timer_init(loop_, &idle_timer_);
  idle_timer_.data = this;
  uv_timer_init(loop_, &resume_timer_);
  resume_timer_.data = this;
}

TcpServer::~TcpServer() = default;

Result<void> TcpServer::listen(const BoundSockets& sockets) {
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

void TcpServer::close() {
  if (closed_) return;
  closed_ = true;
  const auto close_handle = [](auto& handle) { uv_close(reinterpret_cast<uv_handle_t*>(&handle), nullptr); };
  close_handle(idle_timer_);
  close_handle(resume_timer_);
  for (Listener& listener : listeners_) close_handle(listener.handle);
  for (Connections* open : {&fresh_, &active_}) {
    while (!open->empty()) open->front().close(TcpClose::shutdown);
  }
}

void TcpServer::accept_some(const Listener& listener) {
  bool made_room = false;
  for (unsigned i = 0; i < kAcceptBatch && !free_.empty(); ++i) {
    sockaddr_storage sa;
    socklen_t length = sizeof sa;
    const int fd = ::accept4(listener.sockets->tcp.get(), reinterpret_cast<sockaddr*>(&sa), &length,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      adopt(fd, Address::from_sockaddr(reinterpret_cast<const sockaddr&>(sa)), *listener.sockets);
      made_room = false;
    } else if (errno == EAGAIN) {
      return;
    } else if (errno == EMFILE && !made_room && make_room()) {
      made_room = true;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // The system's lack, or another thread took the descriptor: closing more of ours would not help.
      return pause_accepting();
    }
    // Any other error is that of the one connection, which has gone.
  }
}

void TcpServer::adopt(int fd, const Address& peer, const BoundSockets& from) {
  counters_.tcp_accepted.add();
  const bool proxied = from.spec.proxies.contains(peer);
  // Behind a proxy the client is known once the header is there. Else it is asked for its place first, so
  // that a client beyond its limit pushes nobody out.
  TcpLimits::Place place = TcpLimits::kUncounted;
  if (!proxied) {
    const auto entered = limits_.enter(peer);
    if (!entered) return refuse(fd);
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
  connection.open(loop_, fd, {peer, from.index, proxied, place});
}

// A reset says it at once, and leaves no trace of the connection in our kernel.
void TcpServer::refuse(int fd) {
  counters_.closed_of(TcpClose::client_limit).add();
  const linger reset{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  ::close(fd);
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

bool TcpServer::hold(std::size_t octets) {
  if (held_ + octets > kMaxHeld) return false;
  held_ += octets;
  return true;
}

void TcpServer::touch(TcpConnection& connection) {
  connection.active_at_ms = uv_now(loop_);
  active_.splice(active_.end(), list_of(connection), connection.self);
  connection.proven = true;
}

void TcpServer::answered(std::size_t queries) {
  since_turn_ += queries;
  if (since_turn_ < kTurn) return;
  since_turn_ = 0;
  if (turn_) turn_();
}

void TcpServer::closing(TcpConnection& connection, TcpClose reason) {
  counters_.closed_of(reason).add();
  limits_.closed();
  closing_.splice(closing_.end(), list_of(connection), connection.self);
}

void TcpServer::closed(TcpConnection& connection) {
  free_.splice(free_.begin(), closing_, connection.self);  // first to be used again: its buffer is there
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
  watch_idle();
}

}  // namespace gslbd::server
