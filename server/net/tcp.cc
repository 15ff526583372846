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

}  // namespace

TcpServer::TcpServer(uv_loop_t* loop, const TcpOptions& options, QueryHandler& handler, NetCounters& counters)
    : loop_(loop),
      options_(options),
      handler_(handler),
      counters_(counters),
      scratch_(std::make_unique_for_overwrite<std::uint8_t[]>(kReadSize + kResponseScratchSize)) {
  // Some are still closing while their successors are already accepted.
  for (std::size_t i = 0; i < options_.max_connections + kAcceptBatch; ++i) free_.emplace_back(*this);
  uv_timer_init(loop_, &idle_timer_);
  idle_timer_.data = this;
  uv_timer_init(loop_, &resume_timer_);
  resume_timer_.data = this;
}

TcpServer::~TcpServer() = default;

Result<void> TcpServer::listen(int fd) {
  Listener& listener = listeners_.emplace_back();
  listener.server = this;
  listener.fd = fd;
  listener.handle.data = &listener;
  if (const int error = uv_poll_init(loop_, &listener.handle, fd); error != 0) {
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
  while (!active_.empty()) active_.front().close(TcpClose::shutdown);
}

void TcpServer::accept_some(const Listener& listener) {
  for (unsigned i = 0; i < kAcceptBatch && !free_.empty(); ++i) {
    sockaddr_storage sa;
    socklen_t length = sizeof sa;
    const int fd =
        ::accept4(listener.fd, reinterpret_cast<sockaddr*>(&sa), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      adopt(fd, Address::from_sockaddr(reinterpret_cast<const sockaddr&>(sa)));
    } else if (errno == EAGAIN) {
      return;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      if (!make_room()) return pause_accepting();
    }
    // Any other error is that of the one connection, which has gone.
  }
}

bool TcpServer::adopt(int fd, const Address& peer) {
  if (active_.size() >= options_.max_connections) make_room();
  active_.splice(active_.end(), free_, free_.begin());
  TcpConnection& connection = active_.back();
  connection.self = std::prev(active_.end());
  connection.active_at_ms = uv_now(loop_);
  counters_.tcp_accepted.add();
  watch_idle();
  return connection.open(loop_, fd, peer);
}

bool TcpServer::make_room() {
  if (active_.empty()) return false;
  active_.front().close(TcpClose::limit);
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
  active_.splice(active_.end(), active_, connection.self);
}

void TcpServer::closing(TcpConnection& connection, TcpClose reason) {
  counters_.closed_of(reason).add();
  closing_.splice(closing_.end(), active_, connection.self);
}

void TcpServer::closed(TcpConnection& connection) {
  free_.splice(free_.end(), closing_, connection.self);
}

// The timer runs to the first connection's deadline. Progress does not move it: it then fires early and goes
// on.
void TcpServer::watch_idle() {
  if (active_.empty() || uv_is_active(reinterpret_cast<uv_handle_t*>(&idle_timer_)) != 0) return;
  const auto timeout = static_cast<std::uint64_t>(options_.idle_timeout.count());
  const std::uint64_t deadline = active_.front().active_at_ms + timeout;
  const std::uint64_t now = uv_now(loop_);
  const auto fire = [](uv_timer_t* timer) { static_cast<TcpServer*>(timer->data)->close_idle(); };
  uv_timer_start(&idle_timer_, fire, deadline > now ? deadline - now : 0, 0);
}

void TcpServer::close_idle() {
  const auto timeout = static_cast<std::uint64_t>(options_.idle_timeout.count());
  const std::uint64_t now = uv_now(loop_);
  while (!active_.empty() && active_.front().active_at_ms + timeout <= now) {
    TcpConnection& idle = active_.front();
    idle.close(idle.blocked() ? TcpClose::slow_reader : TcpClose::idle);
  }
  watch_idle();
}

}  // namespace gslbd::server
