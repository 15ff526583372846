// SPDX-License-Identifier: Apache-2.0
#include "tests/soak/udp_flood.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <memory>

#include "server/net/unique_fd.h"
#include "tests/soak/hostile_packets.h"

namespace gslbd::soak {
namespace {

using server::UniqueFd;

constexpr std::size_t kBatch = 64;
constexpr std::size_t kSockets = 16;
constexpr std::uint64_t kBatchesAPort = 256;
constexpr int kPatienceMs = 1000;

UniqueFd udp_socket() {
  UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int tiny = 1;  // the kernel's least: the answers fall off at once
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &tiny, sizeof tiny);
  return fd;
}

// The messages of one sendmmsg(), each with its own source address.
class Batch {
 public:
  Batch(const sockaddr_storage& to, socklen_t to_length) : to_(to) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      msghdr& m = messages_[i].msg_hdr;
      data_[i].iov_base = octets_[i].data();
      m.msg_name = &to_;
      m.msg_namelen = to_length;
      m.msg_iov = &data_[i];
      m.msg_iovlen = 1;
      m.msg_control = controls_[i].bytes.data();
      m.msg_controllen = controls_[i].bytes.size();
      cmsghdr* const c = CMSG_FIRSTHDR(&m);
      c->cmsg_level = IPPROTO_IP;
      c->cmsg_type = IP_PKTINFO;
      c->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
    }
  }

  void put(std::size_t i, std::span<const std::uint8_t> packet, std::uint32_t source) {
    std::memcpy(octets_[i].data(), packet.data(), packet.size());
    data_[i].iov_len = packet.size();
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(source);
    std::memcpy(CMSG_DATA(CMSG_FIRSTHDR(&messages_[i].msg_hdr)), &info, sizeof info);
  }

  /// How many of the first `count` went out.
  std::size_t send(int fd, std::size_t count) {
    std::size_t done = 0;
    std::size_t refused = 0;
    while (done + refused < count) {
      const std::size_t at = done + refused;
      const int n = ::sendmmsg(fd, &messages_[at], static_cast<unsigned>(count - at), 0);
      if (n > 0) {
        done += static_cast<std::size_t>(n);
      } else {
        ++refused;
      }
    }
    return done;
  }

 private:
  struct alignas(cmsghdr) Control {
    std::array<std::byte, CMSG_SPACE(sizeof(in_pktinfo))> bytes{};
  };
  sockaddr_storage to_;
  std::array<mmsghdr, kBatch> messages_{};
  std::array<iovec, kBatch> data_{};
  std::array<Control, kBatch> controls_{};
  std::array<std::array<std::uint8_t, kMaxPacket>, kBatch> octets_{};
};

// Plain questions from several ports, so that each of the server's workers gets one, most likely.
class Barrier {
 public:
  Barrier(const sockaddr_storage& to, socklen_t length, std::string_view name)
      : query_(plain_query(7, name, 1)) {
    for (UniqueFd& fd : sockets_) {
      fd = UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), length);
    }
  }

  /// False when one stays without an answer.
  bool wait() {
    bool all = true;
    for (const UniqueFd& fd : sockets_) ::send(fd.get(), query_.data(), query_.size(), 0);
    for (const UniqueFd& fd : sockets_) {
      pollfd ready{fd.get(), POLLIN, 0};
      std::array<std::uint8_t, 512> answer;
      if (::poll(&ready, 1, kPatienceMs) <= 0 || ::recv(fd.get(), answer.data(), answer.size(), 0) <= 0)
        all = false;
    }
    return all;
  }

 private:
  std::vector<std::uint8_t> query_;
  std::array<UniqueFd, 6> sockets_;
};

}  // namespace

void run_udp_flood(const UdpFloodOptions& options, UdpFloodResult& result) {
  sockaddr_storage to{};
  const socklen_t to_length = options.server.to_sockaddr(to);
  HostilePackets packets(options.seed, options.names);
  Random random(options.seed + 1);
  const auto batch = std::make_unique<Batch>(to, to_length);
  Barrier barrier(to, to_length, options.names.front());
  std::array<UniqueFd, kSockets> sockets;
  for (UniqueFd& fd : sockets) fd = udp_socket();
  const auto start = std::chrono::steady_clock::now();
  std::uint32_t since_wait = 0;
  std::uint64_t made = 0;
  for (std::uint64_t round = 0; made < options.packets; ++round) {
    const std::size_t count = std::min<std::uint64_t>(kBatch, options.packets - made);
    for (std::size_t i = 0; i < count; ++i) {
      batch->put(i, packets.next(), 0x7f000000U | (1 + random.below(0xfffffe)));
    }
    UniqueFd& fd = sockets[round % kSockets];
    if (round % kBatchesAPort == 0) fd = udp_socket();
    const std::size_t sent = batch->send(fd.get(), count);
    made += count;
    result.sent += sent;
    result.refused += count - sent;
    since_wait += kBatch;
    if (options.window == 0 || since_wait < options.window) continue;
    since_wait = 0;
    ++result.waits;
    if (!barrier.wait()) ++result.waits_in_vain;
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace gslbd::soak
