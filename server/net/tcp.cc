// SPDX-License-Identifier: Apache-2.0
#include "server/net/tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <string>
#include <system_error>
#include <utility>

namespace gslbd::server {
namespace {

// Connections accepted at a time: UDP, which most queries use, must get its turn in a flood of them.
constexpr std::size_t kAcceptBatch = kMaxBatch;
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

std::uint64_t steady_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return ms(std::chrono::duration_cast<std::chrono::milliseconds>(now));
}

// How many wait to be accepted, as far as we take them now. Asking costs a fraction of an accept4() that
// finds nobody: that has made a socket and a file by the time it knows.
std::size_t waiting(int listening) {
  tcp_info info{};
  socklen_t length = offsetof(tcp_info, tcpi_sacked);
  const bool told = ::getsockopt(listening, IPPROTO_TCP, TCP_INFO, &info, &length) == 0;
  return told ? std::clamp<std::size_t>(info.tcpi_unacked, 1, kAcceptBatch) : kAcceptBatch;
}

}  // namespace

TcpServer::TcpServer(Poller& poller, TcpLimits& limits, QueryHandler& handler, NetCounters& counters)
    : poller_(poller), limits_(limits), counters_(counters), round_(*this, handler, counters) {
  // The kernel may give all of them to one worker; and who makes room for one is used again after the round.
  const std::size_t places = limits_.options().max_connections + kAcceptBatch;
  for (std::size_t i = 0; i < places; ++i) free_.emplace_back(*this);
}

Result<void> TcpServer::listen(const BoundSockets& sockets) {
  Listener& listener = listeners_.emplace_back(sockets);
  if (poller_.add(sockets.tcp.get(), EPOLLIN, listener)) return {};
  return fail("cannot watch a TCP socket: " + std::generic_category().message(errno));
}

void TcpServer::close() {
  for (Connections* open : {&fresh_, &active_}) {
    while (!open->empty()) open->front().close(TcpClose::shutdown);
  }
  reuse_closed();
}

int TcpServer::timeout_ms() const {
  const std::uint64_t first = std::min(idle_look_ms_, resume_at_ms_);
  if (first == kNever) return -1;
  return first > now_ms_ ? static_cast<int>(first - now_ms_) : 0;
}

// Those that are ready come first: a connection that is closed here may be another one's when it is accepted.
void TcpServer::serve() {
  const bool accepting = std::ranges::any_of(listeners_, &Listener::due);
  if (ready_count_ == 0 && !accepting && idle_look_ms_ == kNever && resume_at_ms_ == kNever) return;
  now_ms_ = steady_ms();
  serve_ready();
  for (Listener& listener : listeners_) {
    if (std::exchange(listener.due, false)) accept_some(listener);
  }
  if (now_ms_ >= resume_at_ms_) resume_accepting();
  if (now_ms_ >= idle_look_ms_) close_idle();
}

void TcpServer::serve_ready() {
  const auto ready = std::span(ready_).first(std::exchange(ready_count_, 0));
  if (ready.empty()) return;
  for (TcpConnection* const connection : ready) connection->leave_queue();
  round_.run(ready, *gate_);
  end_round(ready);
}

// Whoever has just connected has often asked already, and is answered before its socket is even watched.
void TcpServer::accept_some(const Listener& listener) {
  const int fd = listener.sockets.tcp.get();
  std::array<TcpConnection*, kAcceptBatch> ready;
  std::size_t accepted = 0;
  bool made_room = false;
  bool paused = false;
  for (std::size_t left = waiting(fd); left > 0 && !free_.empty() && !paused; --left) {
    sockaddr_storage sa;
    socklen_t length = sizeof sa;
    UniqueFd client(::accept4(fd, reinterpret_cast<sockaddr*>(&sa), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client) {
      const Address peer = Address::from_sockaddr(reinterpret_cast<const sockaddr&>(sa));
      TcpConnection* const connection = adopt(std::move(client), peer, listener.sockets);
      if (connection != nullptr) ready[accepted++] = connection;
      made_room = false;
    } else if (errno == EAGAIN) {
      break;
    } else if (errno == EMFILE && !made_room && make_room()) {
      made_room = true;
      ++left;  // for the one that is still there
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // The system's lack, or another thread took the descriptor: closing more of ours would not help.
      paused = true;
    }
    // Any other error is that of the one connection, which has gone.
  }
  const auto some = std::span(ready).first(accepted);
  round_.run(some, *gate_);
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
  connection.active_at_ms = now_ms_;
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
  for (const Listener& listener : listeners_) poller_.remove(listener.sockets.tcp.get());
  resume_at_ms_ = now_ms_ + kAcceptPauseMs;
}

void TcpServer::resume_accepting() {
  resume_at_ms_ = kNever;
  for (Listener& listener : listeners_) {
    // The kernel lacks what that takes as well: later, then. What is watched already needs nothing.
    if (!poller_.add(listener.sockets.tcp.get(), EPOLLIN, listener) && errno != EEXIST) {
      resume_at_ms_ = now_ms_ + kAcceptPauseMs;
    }
  }
}

void TcpServer::touch(TcpConnection& connection) {
  connection.active_at_ms = now_ms_;
  active_.splice(active_.end(), list_of(connection), connection.self);
  connection.proven = true;
}

void TcpServer::closing(TcpConnection& connection, TcpClose reason) {
  counters_.closed_of(reason).add();
  limits_.closed();
  closed_.splice(closed_.end(), list_of(connection), connection.self);
}

void TcpServer::end_round(std::span<TcpConnection* const> ready) {
  for (TcpConnection* const connection : ready) {
    if (connection->is_open()) connection->watch();
  }
  reuse_closed();
}

void TcpServer::reuse_closed() {
  for (TcpConnection& connection : closed_) connection.release();
  free_.splice(free_.begin(), closed_);  // what was used last is in the caches
}

// Progress does not move the look at the first deadline: it then comes early and is put off.
void TcpServer::watch_idle() {
  if (idle_look_ms_ != kNever || (fresh_.empty() && active_.empty())) return;
  const auto idle = limits_.idle_timeout();
  std::uint64_t deadline = now_ms_ + kIdleTickMs;
  if (!active_.empty()) deadline = std::min(deadline, active_.front().active_at_ms + ms(idle));
  if (!fresh_.empty()) {
    const auto patience = std::min(idle, limits_.options().first_query_timeout);
    deadline = std::min(deadline, fresh_.front().active_at_ms + ms(patience));
  }
  idle_look_ms_ = deadline;
}

void TcpServer::close_idle() {
  idle_look_ms_ = kNever;
  // The timeout is read anew for each: every one that goes gives the others more time.
  const auto first_query = limits_.options().first_query_timeout;
  while (!fresh_.empty() &&
         fresh_.front().active_at_ms + ms(std::min(limits_.idle_timeout(), first_query)) <= now_ms_) {
    fresh_.front().close(TcpClose::first_query);
  }
  while (!active_.empty() && active_.front().active_at_ms + ms(limits_.idle_timeout()) <= now_ms_) {
    TcpConnection& idle = active_.front();
    idle.close(idle.blocked() ? TcpClose::slow_reader : TcpClose::idle);
  }
  reuse_closed();
  watch_idle();
}

}  // namespace gslbd::server
