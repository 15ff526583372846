// SPDX-License-Identifier: Apache-2.0
// The check type icmp: an echo request and its reply (RFC 792, RFC 4443 §4).
//
// One socket a family serves all targets. An unprivileged ping socket is preferred; where the kernel does not
// allow it (net.ipv4.ping_group_range) a raw socket is tried. Replies are matched by the probe's number and a
// nonce in the payload, and must come from the target's address: nobody who has not seen the request can fake
// one.

#include <fmt/format.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <random>
#include <unordered_map>
#include <vector>

#include "core/log.h"
#include "health/check_type.h"
#include "health/overdue.h"
#include "health/uv_loop.h"

namespace gslbd::health {
namespace {

struct IcmpOptions final : CheckOptions {
  std::uint16_t size = 56;  ///< octets after the ICMP header, as ping counts them
};

constexpr std::size_t kHeaderSize =
    8;  // type, code, checksum, identifier, sequence: the same in both families
constexpr std::size_t kPayloadHead = 16;  // the probe's number and the nonce
constexpr std::size_t kLargestPayload = 1400;
constexpr int kIcmpFilter = 1;  // ICMP_FILTER of linux/icmp.h, which netinet/ip_icmp.h does not tolerate
constexpr int kBatch = 64;      // replies read a wake-up, so that timers get their turn

std::uint16_t internet_checksum(std::span<const std::uint8_t> data) {  // RFC 1071
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < data.size(); i += 2) {
    sum += static_cast<std::uint32_t>(data[i] << 8) + (i + 1 < data.size() ? data[i + 1] : 0U);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

/// The socket of one family.
struct PingSocket {
  int fd = -1;
  bool raw = false;
  int open_error = 0;
  std::unique_ptr<SocketWatch> watch;
};

class IcmpTransport final : public Transport {
 public:
  explicit IcmpTransport(UvLoop& loop);
  ~IcmpTransport() override;

  void start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) override;
  std::optional<Outcome> overdue(ProbeId, const Check& check) override {
    return health::overdue({}, "echo reply", check.timeout);
  }
  void cancel(ProbeId id, const Check&) override { waiting_.erase(id); }

 private:
  struct Waiting {
    Address address;
    ProbeListener* listener;
  };

  PingSocket& socket_for(Family family);
  void open_socket(Family family, PingSocket& s);
  std::span<const std::uint8_t> compose(Family family, ProbeId id, std::size_t payload_size);
  void read_replies(Family family);
  void take_reply(Family family, std::span<const std::uint8_t> packet, const Address& from);

  UvLoop& loop_;
  std::array<PingSocket, 2> sockets_;
  std::uint64_t nonce_;
  std::uint16_t identifier_;
  std::unordered_map<ProbeId, Waiting> waiting_;
  std::array<std::uint8_t, kHeaderSize + kLargestPayload> request_{};
};

IcmpTransport::IcmpTransport(UvLoop& loop) : loop_(loop) {
  std::random_device random;
  nonce_ = (std::uint64_t{random()} << 32) | random();
  identifier_ = static_cast<std::uint16_t>(random());
}

IcmpTransport::~IcmpTransport() {
  for (PingSocket& s : sockets_) {
    s.watch.reset();
    if (s.fd >= 0) close(s.fd);
  }
}

// Opened at the first probe, and tried again at later ones: permission may be granted while we run.
PingSocket& IcmpTransport::socket_for(Family family) {
  PingSocket& s = sockets_[static_cast<std::size_t>(family)];
  if (s.fd >= 0) return s;
  const bool told_before = s.open_error != 0;
  open_socket(family, s);
  if (s.fd < 0 && !told_before) {
    log::warning(
        "icmp checks cannot probe over {}: {} (net.ipv4.ping_group_range or CAP_NET_RAW would allow it); "
        "their targets stay as they are",
        family == Family::v4 ? "IPv4" : "IPv6", std::strerror(s.open_error));
  }
  return s;
}

void IcmpTransport::open_socket(Family family, PingSocket& s) {
  const int domain = family == Family::v4 ? AF_INET : AF_INET6;
  const int protocol =
      family == Family::v4 ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6);
  s.raw = false;
  s.fd = socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (s.fd < 0) {
    s.raw = true;
    s.fd = socket(domain, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  }
  if (s.fd < 0) {
    s.open_error = errno;
    return;
  }
  s.open_error = 0;
  if (s.raw && family == Family::v4) {
    const std::uint32_t all_but_replies = ~(1U << ICMP_ECHOREPLY);
    setsockopt(s.fd, SOL_RAW, kIcmpFilter, &all_but_replies, sizeof all_but_replies);
  } else if (s.raw) {
    icmp6_filter filter;
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    setsockopt(s.fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
  }
  const int buffer = 1 << 20;  // a round of thousands of replies may come at once
  setsockopt(s.fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  s.watch =
      std::make_unique<SocketWatch>(loop_, s.fd, [this, family](bool, bool, int) { read_replies(family); });
  if (s.watch->watch(true, false)) return;
  // A socket that nobody reads would have every target time out, for ever.
  s.watch.reset();
  close(std::exchange(s.fd, -1));
  s.open_error = ENOMEM;
}

void IcmpTransport::start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) {
  const PingSocket& s = socket_for(address.family());
  if (s.fd < 0) return listener.probe_ended(id, outcome_of_errno(s.open_error));
  const auto packet = compose(address.family(), id, check.as<IcmpOptions>().size);
  sockaddr_storage storage{};
  const socklen_t length = Endpoint{address, 0}.to_sockaddr(storage);
  waiting_.emplace(id, Waiting{address, &listener});
  if (sendto(s.fd, packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&storage), length) >= 0)
    return;
  const int error = errno == EAGAIN ? ENOBUFS : errno;
  waiting_.erase(id);
  listener.probe_ended(id, outcome_of_errno(error));
}

std::span<const std::uint8_t> IcmpTransport::compose(Family family, ProbeId id, std::size_t payload_size) {
  const std::span<std::uint8_t> packet(request_.data(), kHeaderSize + payload_size);
  packet[0] = family == Family::v4 ? std::uint8_t{ICMP_ECHO} : std::uint8_t{ICMP6_ECHO_REQUEST};
  std::memset(&packet[1], 0, 3);
  packet[4] = static_cast<std::uint8_t>(identifier_ >> 8);  // a ping socket puts its own here
  packet[5] = static_cast<std::uint8_t>(identifier_);
  packet[6] = static_cast<std::uint8_t>(id >> 8);
  packet[7] = static_cast<std::uint8_t>(id);
  std::memcpy(&packet[kHeaderSize], &id, sizeof id);
  std::memcpy(&packet[kHeaderSize + sizeof id], &nonce_, sizeof nonce_);
  if (family == Family::v4) {  // the kernel computes the one of ICMPv6
    const std::uint16_t checksum = internet_checksum(packet);
    packet[2] = static_cast<std::uint8_t>(checksum >> 8);
    packet[3] = static_cast<std::uint8_t>(checksum);
  }
  return packet;
}

void IcmpTransport::read_replies(Family family) {
  const PingSocket& s = sockets_[static_cast<std::size_t>(family)];
  std::array<std::uint8_t, 2048> buffer;
  for (int i = 0; i < kBatch; ++i) {
    sockaddr_storage from{};
    socklen_t from_length = sizeof from;
    const ssize_t got =
        recvfrom(s.fd, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &from_length);
    if (got < 0) return;
    std::span<const std::uint8_t> packet(buffer.data(), static_cast<std::size_t>(got));
    if (s.raw && family == Family::v4) {  // a raw IPv4 socket delivers the IP header too
      const std::size_t header = packet.empty() ? 0 : static_cast<std::size_t>(packet[0] & 0x0f) * 4;
      if (header < 20 || header > packet.size()) continue;
      packet = packet.subspan(header);
    }
    take_reply(family, packet, Address::from_sockaddr(reinterpret_cast<const sockaddr&>(from)));
  }
}

void IcmpTransport::take_reply(Family family, std::span<const std::uint8_t> packet, const Address& from) {
  const std::uint8_t wanted =
      family == Family::v4 ? std::uint8_t{ICMP_ECHOREPLY} : std::uint8_t{ICMP6_ECHO_REPLY};
  if (packet.size() < kHeaderSize + kPayloadHead || packet[0] != wanted) return;
  ProbeId id = 0;
  std::uint64_t nonce = 0;
  std::memcpy(&id, &packet[kHeaderSize], sizeof id);
  std::memcpy(&nonce, &packet[kHeaderSize + sizeof id], sizeof nonce);
  const auto found = waiting_.find(id);
  if (nonce != nonce_ || found == waiting_.end() || found->second.address != from) return;
  ProbeListener& listener = *found->second.listener;
  waiting_.erase(found);
  listener.probe_ended(id, Outcome{});
}

const Field<Check> kFields[] = {
    {"size", "16 to 1400", "56", "octets of payload in the echo request",
     [](const JsonView& v, Check& c) {
       const auto size = read_integer(v, kPayloadHead, kLargestPayload);
       if (size) c.as<IcmpOptions>().size = static_cast<std::uint16_t>(*size);
     }},
};

}  // namespace

constinit const CheckType kIcmpCheck{
    .name = "icmp",
    .help = "sends an ICMP echo request (ping) and waits for the reply",
    .defaults = default_options<IcmpOptions>,
    .fields = kFields,
    .describe = [](const Check& c,
                   std::string& out) { out += fmt::format(" size={}", c.as<IcmpOptions>().size); },
    .make_transport = make_on_loop<IcmpTransport>,
};

}  // namespace gslbd::health
