// SPDX-License-Identifier: Apache-2.0
#pragma once
// Segmented: the control message by which the kernel cuts what is sent into datagrams of one size
// (UDP_SEGMENT, udp(7)). Must stay where it is until the message is sent.
//
// Thread: its owner's.

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace gslbd::bench {

class alignas(cmsghdr) Segmented {
 public:
  /// What `header` sends leaves as datagrams of `octets`; the last may be shorter.
  void apply(msghdr& header, std::size_t octets) {
    header.msg_control = &control_;
    header.msg_controllen = sizeof control_;
    cmsghdr* const message = CMSG_FIRSTHDR(&header);
    message->cmsg_level = IPPROTO_UDP;
    message->cmsg_type = UDP_SEGMENT;
    message->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
    const auto size = static_cast<std::uint16_t>(octets);
    std::memcpy(CMSG_DATA(message), &size, sizeof size);
  }

 private:
  std::array<std::byte, CMSG_SPACE(sizeof(std::uint16_t))> control_;
};

}  // namespace gslbd::bench
