// SPDX-License-Identifier: Apache-2.0
#include "tests/soak/tcp_abuse.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <list>

#include "server/net/unique_fd.h"
#include "tests/soak/hostile_packets.h"

namespace gslbd::soak {
namespace {

using Clock = std::chrono::steady_clock;
using Octets = std::vector<std::uint8_t>;
using server::UniqueFd;

constexpr std::uint32_t kLongestStayMs = 500;
constexpr std::uint32_t kOneInStaysForever = 256;
/// Far beyond the server's idle timeout of 10 s.
constexpr std::chrono::seconds kThrownOutWithin{60};
constexpr int kTickMs = 2;
constexpr std::size_t kPipeline = 1000;

struct Connection {
  UniqueFd fd;
  Misdeed misdeed = Misdeed::silence;
  Octets out;  // what it will say
  std::size_t said = 0;
  bool connected = false;
  bool stays = false;  // until it is thrown out
  Clock::time_point until;
  std::list<Connection>::iterator self;
};

void frame(Octets& out, std::span<const std::uint8_t> message) {
  out.push_back(static_cast<std::uint8_t>(message.size() >> 8));
  out.push_back(static_cast<std::uint8_t>(message.size()));
  out.insert(out.end(), message.begin(), message.end());
}

class TcpAbuse {
 public:
  TcpAbuse(const TcpAbuseOptions& options, TcpAbuseResult& result)
      : options_(options),
        result_(result),
        random_(options.seed),
        packets_(options.seed + 1, options.names),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    to_length_ = options.server.to_sockaddr(to_);
  }

  void run() {
    const auto start = Clock::now();
    auto next_look = start;
    std::uint64_t started = 0;
    while (started < options_.connections || !active_.empty()) {
      for (; started < options_.connections && active_.size() < options_.at_a_time; ++started) begin();
      listen_to_the_server();
      const auto now = Clock::now();
      if (now < next_look) continue;
      next_look = now + std::chrono::milliseconds(kTickMs);
      for (auto at = active_.begin(); at != active_.end();) {
        Connection& c = *at++;  // step() may end it
        step(c, now);
      }
    }
    result_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  }

 private:
  void begin() {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    // Half of them come from four addresses: a limit for each client is met, and not met.
    from.sin_addr.s_addr = htonl(random_.below(2) == 0 ? 0x7f420001U + random_.below(4)
                                                       : 0x7f000000U | (1 + random_.below(0xfffffe)));
    ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to_), to_length_) != 0 &&
        errno != EINPROGRESS) {
      ++result_.refused;
      return;
    }
    Connection& c = active_.emplace_back();
    c.self = std::prev(active_.end());
    c.fd = std::move(fd);
    c.misdeed = static_cast<Misdeed>(random_.below(kMisdeedNames.size()));
    c.stays = c.misdeed <= Misdeed::drip && random_.below(kOneInStaysForever) == 0;
    c.until = Clock::now() + (c.stays ? std::chrono::milliseconds(kThrownOutWithin)
                                      : std::chrono::milliseconds(1 + random_.below(kLongestStayMs)));
    c.out = speech(c.misdeed);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLOUT | EPOLLET;
    event.data.ptr = &c;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, c.fd.get(), &event);
    ++result_.by_misdeed[static_cast<std::size_t>(c.misdeed)];
  }

  Octets speech(Misdeed misdeed) {
    Octets out;
    const Octets query = plain_query(1, options_.names.front(), 1);
    switch (misdeed) {
      case Misdeed::silence:
      case Misdeed::leave_at_once:
        break;
      case Misdeed::half_prefix:
        out.push_back(0);
        break;
      case Misdeed::drip:
        frame(out, query);
        if (!out.empty()) out.pop_back();  // and never the last one
        break;
      case Misdeed::never_read:
      case Misdeed::vanish: {
        const Octets wordy = plain_query(2, options_.long_answer, 16);
        for (std::size_t i = 0; i < kPipeline; ++i) frame(out, wordy);
        if (misdeed == Misdeed::vanish) out.resize(random_.below(static_cast<std::uint32_t>(out.size())));
        break;
      }
      case Misdeed::reset_midway:
        frame(out, query);
        out.resize(out.size() / 2);
        break;
      case Misdeed::length_zero:
        out = {0, 0};
        frame(out, query);
        break;
      case Misdeed::length_lie:
        out = {0xff, 0xff};
        for (int i = 0; i < 100; ++i) out.push_back(static_cast<std::uint8_t>(random_.next()));
        break;
      case Misdeed::garbage:
        for (std::uint32_t i = random_.below(3000); i > 0; --i)
          out.push_back(static_cast<std::uint8_t>(random_.next()));
        break;
      case Misdeed::hostile_stream:
        for (std::uint32_t i = random_.below(200); i > 0; --i) frame(out, packets_.next());
        break;
      case Misdeed::half_close:
        for (std::uint32_t i = random_.below(20); i > 0; --i) frame(out, query);
        break;
    }
    return out;
  }

  void listen_to_the_server() {
    std::array<epoll_event, 256> events;
    const int n = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), kTickMs);
    for (int i = 0; i < n; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      Connection& c = *static_cast<Connection*>(event.data.ptr);
      if ((event.events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0) {
        hung_up(c);
        continue;
      }
      if ((event.events & EPOLLOUT) != 0 && !c.connected) {
        c.connected = true;
        ++result_.opened;
      }
      if ((event.events & EPOLLIN) != 0) read(c);
    }
  }

  // The server may be so quick that we hear of the end before the beginning.
  void hung_up(Connection& c) {
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(c.fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    if (!c.connected && error != 0 && error != ECONNRESET && error != EPIPE) {
      ++result_.refused;
    } else {
      if (!c.connected) ++result_.opened;
      ++result_.closed_by_server;
    }
    end(c, false);
  }

  void read(Connection& c) {
    if (c.misdeed != Misdeed::hostile_stream && c.misdeed != Misdeed::half_close) return;
    while (::recv(c.fd.get(), scratch_.data(), scratch_.size(), 0) > 0) {
    }
  }

  void step(Connection& c, Clock::time_point now) {
    if (c.connected && c.said < c.out.size()) {
      const std::size_t most = c.misdeed == Misdeed::drip ? 1 : c.out.size() - c.said;
      const ssize_t n = ::send(c.fd.get(), &c.out[c.said], most, MSG_NOSIGNAL);
      if (n > 0) c.said += static_cast<std::size_t>(n);
      if (c.said == c.out.size() && c.misdeed == Misdeed::half_close) ::shutdown(c.fd.get(), SHUT_WR);
    }
    if (c.connected && c.misdeed == Misdeed::leave_at_once) return end(c, false);
    if (c.misdeed == Misdeed::reset_midway && c.said != 0) return end(c, true);
    if (now < c.until) return;
    if (c.stays) ++result_.outstayed;
    if (!c.connected) ++result_.refused;
    end(c, random_.below(2) == 0);
  }

  void end(Connection& c, bool with_reset) {
    if (c.misdeed == Misdeed::vanish) {
      // In repair mode closing sends nothing: to the server we are a client whose host lost its power.
      const int on = 1;
      ::setsockopt(c.fd.get(), IPPROTO_TCP, TCP_REPAIR, &on, sizeof on);
    } else if (with_reset) {
      const linger now{1, 0};
      ::setsockopt(c.fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    active_.erase(c.self);
  }

  const TcpAbuseOptions& options_;
  TcpAbuseResult& result_;
  Random random_;
  HostilePackets packets_;
  UniqueFd epoll_;
  sockaddr_storage to_{};
  socklen_t to_length_;
  std::list<Connection> active_;
  std::array<std::uint8_t, 65536> scratch_;
};

}  // namespace

void run_tcp_abuse(const TcpAbuseOptions& options, TcpAbuseResult& result) {
  TcpAbuse(options, result).run();
}

}  // namespace gslbd::soak
