// SPDX-License-Identifier: Apache-2.0
#include "tests/soak/good_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>

#include "server/net/unique_fd.h"
#include "tests/soak/hostile_packets.h"

namespace gslbd::soak {
namespace {

using Clock = std::chrono::steady_clock;
using Message = std::vector<std::uint8_t>;
using server::UniqueFd;

constexpr int kTryMs = 1000;
constexpr int kTries = 5;
constexpr int kPauseMs = 1;  // between two rounds: a client, not a flood

class GoodClient {
 public:
  GoodClient(const GoodClientOptions& options, GoodClientResult& result)
      : options_(options), result_(result) {
    to_length_ = options.server.to_sockaddr(to_);
  }

  void ask_all() {
    ask(result_.udp, "udp", [&](const Message& query, int tries) {
      if (tries > 0 || !udp_) udp_ = connect(SOCK_DGRAM);
      return over_udp(query);
    });
    ask(result_.tcp_kept, "tcp, kept", [&](const Message& query, int tries) {
      if (tries > 0 || !kept_) kept_ = connect(SOCK_STREAM);
      return over_tcp(kept_.get(), query);
    });
    ask(result_.tcp_fresh, "tcp, fresh", [&](const Message& query, int) {
      const UniqueFd fresh = connect(SOCK_STREAM);
      return over_tcp(fresh.get(), query);
    });
  }

 private:
  template <class Exchange>
  void ask(Tally& tally, const char* way, Exchange&& exchange) {
    const Message query = plain_query(++id_, options_.name, 1);
    const auto start = Clock::now();
    for (int tries = 0; tries < kTries; ++tries) {
      if (tries > 0) ++tally.again;
      const std::optional<Message> answer = exchange(query, tries);
      if (!answer) continue;
      const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
      if (is_right(query, *answer)) {
        ++tally.right;
        tally.latency_us.push_back(static_cast<std::uint32_t>(took.count()));
      } else {
        ++tally.wrong;
        complain(way, "a wrong answer");
      }
      return;
    }
    ++tally.lost;
    complain(way, "no answer");
  }

  void complain(const char* way, const char* what) {
    if (result_.first_complaint.empty()) result_.first_complaint = std::string(way) + ": " + what;
  }

  // The question back, NOERROR and AA, one A record with the address.
  bool is_right(const Message& query, const Message& answer) const {
    const auto address = options_.address.bytes();
    if (answer.size() < query.size() + 16 || (answer[2] & 0x86) != 0x84 || (answer[3] & 0xf) != 0)
      return false;
    if (answer[0] != query[0] || answer[1] != query[1] || answer[5] != 1 || answer[7] != 1) return false;
    if (!std::equal(query.begin() + 12, query.end(), answer.begin() + 12)) return false;
    const auto data = answer.begin() + static_cast<std::ptrdiff_t>(query.size() + 12);
    return std::equal(address.begin(), address.end(), data);
  }

  UniqueFd connect(int type) const {
    UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    const int on = 1;
    if (type == SOCK_STREAM) ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to_), to_length_) != 0) return {};
    return fd;
  }

  std::optional<Message> over_udp(const Message& query) const {
    if (::send(udp_.get(), query.data(), query.size(), 0) < 0) return std::nullopt;
    Message answer(4096);
    pollfd ready{udp_.get(), POLLIN, 0};
    if (::poll(&ready, 1, kTryMs) <= 0) return std::nullopt;
    const ssize_t n = ::recv(udp_.get(), answer.data(), answer.size(), 0);
    if (n <= 0) return std::nullopt;
    answer.resize(static_cast<std::size_t>(n));
    return answer;
  }

  static bool read_exactly(int fd, std::span<std::uint8_t> out) {
    while (!out.empty()) {
      pollfd ready{fd, POLLIN, 0};
      if (::poll(&ready, 1, kTryMs * kTries) <= 0) return false;
      const ssize_t n = ::recv(fd, out.data(), out.size(), 0);
      if (n <= 0) return false;
      out = out.subspan(static_cast<std::size_t>(n));
    }
    return true;
  }

  static std::optional<Message> over_tcp(int fd, const Message& query) {
    Message frame{static_cast<std::uint8_t>(query.size() >> 8), static_cast<std::uint8_t>(query.size())};
    frame.insert(frame.end(), query.begin(), query.end());
    if (::send(fd, frame.data(), frame.size(), MSG_NOSIGNAL) < 0) return std::nullopt;
    std::array<std::uint8_t, 2> length;
    if (!read_exactly(fd, length)) return std::nullopt;
    Message answer(std::size_t{length[0]} << 8 | length[1]);
    if (!read_exactly(fd, answer)) return std::nullopt;
    return answer;
  }

  const GoodClientOptions& options_;
  GoodClientResult& result_;
  sockaddr_storage to_{};
  socklen_t to_length_;
  std::uint16_t id_ = 0;
  UniqueFd udp_;
  UniqueFd kept_;
};

}  // namespace

void run_good_client(const GoodClientOptions& options, const std::atomic<bool>& stop,
                     GoodClientResult& result) {
  GoodClient client(options, result);
  while (!stop.load()) {
    client.ask_all();
    ::poll(nullptr, 0, kPauseMs);
  }
  client.ask_all();
}

}  // namespace gslbd::soak
