// SPDX-License-Identifier: Apache-2.0
#include "health/types/dns_transport.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <unordered_map>
#include <utility>

#include "core/entropy.h"
#include "core/unique_fd.h"
#include "health/overdue.h"
#include "health/types/datagram.h"
#include "health/types/octets.h"
#include "health/uv_loop.h"

namespace gslbd::health {
namespace {

/// One query and its response on a TCP connection (RFC 1035 §4.2.2). The response is at most 64 KiB by its
/// own length field.
class DnsStream {
 public:
  using OnReply = std::function<void(std::span<const std::uint8_t>)>;
  using OnFailure = std::function<void(Outcome)>;

  DnsStream(UvLoop& loop, OnReply on_reply, OnFailure on_failure)
      : loop_(loop), on_reply_(std::move(on_reply)), on_failure_(std::move(on_failure)) {}

  /// An outcome: it failed at once.
  std::optional<Outcome> start(const Endpoint& peer, const std::vector<std::uint8_t>& query) {
    started_at_ = std::chrono::steady_clock::now();
    outgoing_ = {static_cast<std::uint8_t>(query.size() >> 8),
                 static_cast<std::uint8_t>(query.size() & 0xff)};
    outgoing_.insert(outgoing_.end(), query.begin(), query.end());
    sockaddr_storage storage{};
    const socklen_t length = peer.to_sockaddr(storage);
    socket_ = UniqueFd(socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_) return outcome_of_errno(errno);
    const linger reset_on_close{1, 0};  // as for tcp checks: no ports are left in TIME_WAIT
    setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);
    if (connect(socket_.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0 &&
        errno != EINPROGRESS) {
      return outcome_of_errno(errno);
    }
    watch_ = std::make_unique<SocketWatch>(loop_, socket_.get(), [this](bool, bool, int e) { go_on(e); });
    if (watch_->watch(false, true)) return std::nullopt;
    return Outcome{Reason::resources, "the event loop cannot watch another socket"};
  }
  Outcome overdue(Duration timeout) const {
    if (!outgoing_.empty()) return health::overdue({}, "connection", timeout);
    std::string so_far = "connected " + after(connected_after_);
    if (!incoming_.empty()) so_far += fmt::format(", {} octets of the response", incoming_.size());
    return health::overdue(so_far, incoming_.empty() ? "response" : "end of it", timeout);
  }

 private:
  // The query fits every socket buffer, so that it is sent whole as soon as there is a connection.
  void go_on(int poll_error) {
    int error = poll_error;
    socklen_t length = sizeof error;
    if (getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
    if (error != 0) return end(outcome_of_errno(error));
    if (!outgoing_.empty()) return send_query();
    receive();
  }

  void send_query() {
    if (send(socket_.get(), outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL) < 0) {
      return errno == EAGAIN ? void() : end(outcome_of_errno(errno));
    }
    outgoing_.clear();
    connected_after_ = std::chrono::steady_clock::now() - started_at_;
    if (!watch_->watch(true, false)) end({Reason::resources, "the event loop cannot watch another socket"});
  }

  void receive() {
    std::array<std::uint8_t, 4096> buffer;
    const ssize_t got = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) return errno == EAGAIN ? void() : end(outcome_of_errno(errno));
    if (got == 0) return end({Reason::protocol, "the connection was closed before the response"});
    incoming_.insert(incoming_.end(), buffer.data(), buffer.data() + got);
    if (incoming_.size() < 2) return;
    const std::size_t wanted = static_cast<std::size_t>(incoming_[0]) << 8 | incoming_[1];
    if (incoming_.size() < 2 + wanted) return;
    const auto on_reply = on_reply_;  // this may be gone afterwards
    const std::vector<std::uint8_t> response = std::move(incoming_);
    on_reply(std::span(response).subspan(2, wanted));
  }

  void end(Outcome outcome) {
    watch_.reset();
    const auto on_failure = on_failure_;
    on_failure(std::move(outcome));
  }

  UvLoop& loop_;
  OnReply on_reply_;
  OnFailure on_failure_;
  UniqueFd socket_;
  std::unique_ptr<SocketWatch> watch_;
  std::vector<std::uint8_t> outgoing_;
  std::vector<std::uint8_t> incoming_;
  MonotonicTime started_at_{};
  Duration connected_after_{0};
};

class DnsTransport final : public Transport {
 public:
  explicit DnsTransport(UvLoop& loop) : loop_(loop) {}

  void start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) override;
  std::optional<Outcome> overdue(ProbeId id, const Check& check) override {
    const auto found = probes_.find(id);
    if (found == probes_.end()) return std::nullopt;
    if (found->second.stream) return found->second.stream->overdue(check.timeout);
    return health::overdue({}, "response", check.timeout);
  }
  void cancel(ProbeId id, const Check&) override { probes_.erase(id); }

 private:
  struct Probe {
    std::unique_ptr<DatagramExchange> datagram;
    std::unique_ptr<DnsStream> stream;
  };

  std::uint16_t random_id();

  UvLoop& loop_;
  std::unordered_map<ProbeId, Probe> probes_;
  std::array<std::uint8_t, 512> random_{};
  std::size_t random_used_ = sizeof random_;
};

// Numbers that an attacker cannot guess (RFC 5452 §9.2), from the kernel, many at a time.
std::uint16_t DnsTransport::random_id() {
  if (random_used_ == random_.size()) {
    fill_with_entropy(random_);
    random_used_ = 0;
  }
  random_used_ += 2;
  return static_cast<std::uint16_t>(random_[random_used_ - 2] << 8 | random_[random_used_ - 1]);
}

void DnsTransport::start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) {
  const auto& options = check.as<DnsOptions>();
  const std::uint16_t query_id = random_id();
  const auto query = compose_query(query_id, options.question, options.recursion);
  const auto end = [this, id, &listener](Outcome outcome) {
    const auto ended = probes_.extract(id);  // destroyed when the listener has been told
    listener.probe_ended(id, std::move(outcome));
  };
  // Over UDP anything may come: what does not answer our query is not from the server that we asked.
  const auto hear = [end, &options, query_id](std::span<const std::uint8_t> message) {
    if (answers_query(message, query_id, options.question)) return end(outcome_of_response(message, options));
    if (options.tcp) end({Reason::protocol, "the response is to another question"});
  };
  Probe& probe = probes_[id];
  std::optional<Outcome> failed;
  if (options.tcp) {
    probe.stream = std::make_unique<DnsStream>(loop_, hear, end);
    failed = probe.stream->start({address, options.port}, query);
  } else {
    probe.datagram = std::make_unique<DatagramExchange>(loop_);
    failed = probe.datagram->start({address, options.port}, query, {.on_reply = hear, .on_failure = end});
  }
  if (failed) end(std::move(*failed));
}

std::string wanted_rcodes(const DnsOptions& options) {
  std::string names;
  for (const std::uint8_t rcode : options.rcodes)
    names += (names.empty() ? "" : " or ") + dns_rcode_name(rcode);
  return names;
}

}  // namespace

Outcome outcome_of_response(std::span<const std::uint8_t> message, const DnsOptions& options) {
  std::size_t records = 0;
  bool found = false;
  std::string first;
  const auto response = read_response(message, options.question, [&](const std::string& record) {
    if (records++ == 0) first = printable(record, 80);
    found = found || options.any_answer ||
            std::find(options.answers.begin(), options.answers.end(), record) != options.answers.end();
  });
  if (!response) return {Reason::protocol, response.error().message};
  const std::string rcode = dns_rcode_name(response->rcode);
  if (std::find(options.rcodes.begin(), options.rcodes.end(), response->rcode) == options.rcodes.end()) {
    return {Reason::status, fmt::format("{}, wanted {}", rcode, wanted_rcodes(options))};
  }
  if (options.authoritative && !response->authoritative) {
    return {Reason::body, rcode + ", but the answer is not authoritative"};
  }
  if (!options.wants_records() || found) {
    return {Reason::pass, first.empty() ? rcode : rcode + ": " + first};
  }
  if (response->truncated) {
    return {Reason::body, "the response is truncated and what is left of it does not hold the answer"};
  }
  if (records == 0) return {Reason::body, rcode + " without a record of that type"};
  return {Reason::body, fmt::format("the wanted answer is not among {} record{}: {}{}", records,
                                    records == 1 ? "" : "s", first, records == 1 ? "" : ", ...")};
}

std::unique_ptr<Transport> make_dns_transport(UvLoop& loop) {
  return std::make_unique<DnsTransport>(loop);
}

}  // namespace gslbd::health
