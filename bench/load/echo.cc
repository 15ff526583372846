// SPDX-License-Identifier: Apache-2.0
// gslbd_echo: what a machine's sockets allow, as the measure for servers. It reads queries in batches of
// 32 and sends them back with the QR bit set, as soon as any come: recvmmsg() and sendmmsg(), nothing
// between.
//
// `gslbd_echo ADDRESS:PORT [--coalesce] [--size N]`: with --coalesce, replies of one length to one peer in a
// batch leave as one datagram that the kernel takes apart (UDP_SEGMENT); with --size, replies are N octets
// long, as a server's may be. `gslbd_echo ADDRESS:PORT --tcp` does it over TCP (bench/load/tcp_echo.h).
// SIGTERM ends it.

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "bench/load/die.h"
#include "bench/load/segment.h"
#include "bench/load/tcp_echo.h"
#include "core/address.h"
#include "core/unique_fd.h"

namespace gslbd::bench {
namespace {

constexpr unsigned kBatch = 32;
constexpr std::size_t kMaxMessage = 4096;
constexpr std::size_t kStride = kMaxMessage + 64;  // the first lines of all buffers in different cache sets

class Echo {
 public:
  Echo(const Endpoint& endpoint, std::size_t size) : size_(size) {
    sockaddr_storage address{};
    const socklen_t length = endpoint.to_sockaddr(address);
    fd_ = UniqueFd(::socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd_) die("socket");
    if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) die("bind");
    for (unsigned i = 0; i < kBatch; ++i) {
      data_[i].iov_base = &octets_[i * kStride];
      in_[i].msg_hdr.msg_name = &peers_[i];
      in_[i].msg_hdr.msg_iov = &data_[i];
      in_[i].msg_hdr.msg_iovlen = 1;
    }
  }

  // Waits for queries, and sets the QR bit in those that are long enough to have one.
  unsigned receive() {
    for (unsigned i = 0; i < kBatch; ++i) {
      data_[i].iov_len = kMaxMessage;
      in_[i].msg_hdr.msg_namelen = sizeof(sockaddr_in6);
    }
    const int received = ::recvmmsg(fd_.get(), in_.data(), kBatch, MSG_WAITFORONE, nullptr);
    if (received < 0 && errno != EINTR && errno != ECONNREFUSED) die("recvmmsg");
    const unsigned count = received < 0 ? 0 : static_cast<unsigned>(received);
    for (unsigned i = 0; i < count; ++i) {
      data_[i].iov_len = std::max<std::size_t>(in_[i].msg_len, size_);
      octets_[i * kStride + 2] |= 0x80;
    }
    return count;
  }

  void send_each(unsigned count) { send(in_.data(), count); }

  // One datagram for all replies of a length to a peer: the pieces stay where they are.
  void send_coalesced(unsigned count) {
    std::array<bool, kBatch> taken{};
    std::array<iovec, kBatch> pieces;
    std::array<mmsghdr, kBatch> out{};
    std::array<Segmented, kBatch> controls;
    unsigned used = 0, messages = 0;
    for (unsigned i = 0; i < count; ++i) {
      if (taken[i]) continue;
      const unsigned first = used;
      for (unsigned j = i; j < count; ++j) {
        if (taken[j] || data_[j].iov_len != data_[i].iov_len || !same_peer(i, j)) continue;
        taken[j] = true;
        pieces[used++] = data_[j];
      }
      msghdr& header = out[messages].msg_hdr;
      header.msg_name = &peers_[i];
      header.msg_namelen = in_[i].msg_hdr.msg_namelen;
      header.msg_iov = &pieces[first];
      header.msg_iovlen = used - first;
      if (used - first > 1) controls[messages].apply(header, data_[i].iov_len);
      ++messages;
    }
    send(out.data(), messages);
  }

 private:
  bool same_peer(unsigned i, unsigned j) const {
    return std::memcmp(&peers_[i], &peers_[j], in_[i].msg_hdr.msg_namelen) == 0;
  }

  // What the kernel refuses is skipped: its client asks again.
  void send(mmsghdr* messages, unsigned count) {
    for (unsigned done = 0; done < count;) {
      const int sent = ::sendmmsg(fd_.get(), messages + done, count - done, 0);
      done += sent > 0 ? static_cast<unsigned>(sent) : 1;
    }
  }

  const std::size_t size_;
  UniqueFd fd_;
  std::array<sockaddr_in6, kBatch> peers_{};  // large enough for both families
  std::array<iovec, kBatch> data_{};
  std::array<mmsghdr, kBatch> in_{};
  std::array<std::uint8_t, kBatch * kStride> octets_{};
};

int run(const Endpoint& endpoint, bool coalesce, std::size_t size) {
  static Echo* const echo = new Echo(endpoint, size);
  std::printf("listening\n");
  std::fflush(stdout);
  for (;;) {
    const unsigned count = echo->receive();
    if (coalesce) {
      echo->send_coalesced(count);
    } else if (count != 0) {
      echo->send_each(count);
    }
  }
}

}  // namespace
}  // namespace gslbd::bench

int main(int argc, char** argv) {
  using namespace gslbd;
  bool coalesce = false;
  bool tcp = false;
  std::size_t size = 0;
  const auto endpoint = argc > 1 ? Endpoint::parse(argv[1]) : Result<Endpoint>(fail("no address"));
  bool usable = endpoint.has_value();
  for (int i = 2; i < argc && usable; ++i) {
    const std::string_view option = argv[i];
    if (option == "--coalesce") {
      coalesce = true;
    } else if (option == "--tcp") {
      tcp = true;
    } else if (option == "--size" && i + 1 < argc) {
      size = std::strtoul(argv[++i], nullptr, 10);
      usable = size <= bench::kMaxMessage;
    } else {
      usable = false;
    }
  }
  if (!usable || (tcp && (coalesce || size != 0))) {
    return std::fputs("usage: gslbd_echo ADDRESS:PORT [--coalesce] [--size N] | --tcp\n", stderr), 2;
  }
  if (tcp) bench::echo_over_tcp(*endpoint);
  return bench::run(*endpoint, coalesce, size);
}
