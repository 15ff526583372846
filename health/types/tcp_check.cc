// SPDX-License-Identifier: Apache-2.0
// The check type tcp: a connection that is accepted is a pass.
//
// Sockets are closed with a reset (SO_LINGER 0): nothing was said on the connection, so nothing can be lost,
// and thousands of probes a second leave no ports behind in TIME_WAIT on either side.

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <unordered_map>

#include "health/check_type.h"
#include "health/types/tcp_options.h"
#include "health/uv_loop.h"

namespace gslbd::health {
namespace {

class TcpTransport final : public Transport {
 public:
  explicit TcpTransport(UvLoop& loop) : loop_(loop) {}
  ~TcpTransport() override {
    while (!probes_.empty()) close_probe(probes_.begin()->first);
  }

  void start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) override;
  void cancel(ProbeId id, const Check&) override { close_probe(id); }

 private:
  struct Probe {
    int socket = -1;
    std::unique_ptr<SocketWatch> watch;
    ProbeListener* listener = nullptr;
  };

  void connected_or_failed(ProbeId id, int poll_error);
  void close_probe(ProbeId id);

  UvLoop& loop_;
  std::unordered_map<ProbeId, Probe> probes_;
};

void TcpTransport::start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) {
  const Endpoint peer{address, check.as<TcpOptions>().port};
  sockaddr_storage storage{};
  const socklen_t length = peer.to_sockaddr(storage);
  const int socket = ::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return listener.probe_ended(id, outcome_of_errno(errno));
  const linger reset_on_close{1, 0};
  setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);
  const int error = connect(socket, reinterpret_cast<const sockaddr*>(&storage), length) == 0 ? 0 : errno;
  if (error != EINPROGRESS) {  // known at once: no route, no permission, no port left
    close(socket);
    return listener.probe_ended(id, error == 0 ? Outcome{} : outcome_of_errno(error));
  }
  auto watch = std::make_unique<SocketWatch>(
      loop_, socket, [this, id](bool, bool, int poll_error) { connected_or_failed(id, poll_error); });
  if (!watch->watch(false, true)) {
    watch.reset();
    close(socket);
    return listener.probe_ended(id, {Reason::resources, "the event loop cannot watch another socket"});
  }
  probes_.emplace(id, Probe{socket, std::move(watch), &listener});
}

void TcpTransport::connected_or_failed(ProbeId id, int poll_error) {
  const Probe& probe = probes_.at(id);
  int error = poll_error;
  socklen_t length = sizeof error;
  if (getsockopt(probe.socket, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  ProbeListener& listener = *probe.listener;
  close_probe(id);
  listener.probe_ended(id, error == 0 ? Outcome{} : outcome_of_errno(error));
}

void TcpTransport::close_probe(ProbeId id) {
  const auto found = probes_.find(id);
  if (found == probes_.end()) return;
  found->second.watch.reset();
  close(found->second.socket);
  probes_.erase(found);
}

const Field<Check> kFields[] = {
    {"port", "1 to 65535", "required", "the TCP port",
     [](const JsonView& v, Check& c) {
       const auto port = read_integer(v, 1, 65535);
       if (port) c.as<TcpOptions>().port = static_cast<std::uint16_t>(*port);
     }},
};

}  // namespace

constinit const CheckType kTcpCheck{
    .name = "tcp",
    .help = "connects to a port",
    .defaults = []() -> std::shared_ptr<CheckOptions> { return std::make_shared<TcpOptions>(); },
    .fields = kFields,
    .shared_fields = {},
    .expect_fields = {},
    .verify = nullptr,
    .describe = [](const Check& c,
                   std::string& out) { out += fmt::format(" port={}", c.as<TcpOptions>().port); },
    .make_transport = [](const ProbeContext& context) -> std::unique_ptr<Transport> {
      return std::make_unique<TcpTransport>(context.loop);
    },
};

}  // namespace gslbd::health
