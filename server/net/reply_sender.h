// SPDX-License-Identifier: Apache-2.0
#pragma once
// ReplySender: sends a batch of replies over one UDP socket, each to where its query came from and from the
// address that was asked, with as few messages as may be: replies to one peer leave together
// (server/net/reply_groups.h). On the wire they are the datagrams that they would have been anyway.
//
// What the kernel does not take at once is dropped: the client asks again, and a queue would only grow stale.
// A message with several replies that it refuses is sent again one by one, as only then it is known whether
// their destination is at fault or their being together: some paths cannot cut (a device without checksums, a
// small MTU, IPsec). Where being together was at fault time and again, the replies go one by one for a while.
// All of it is counted, in datagrams.
//
// Thread: one worker's.

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "server/net/counters.h"
#include "server/net/reply_groups.h"
#include "server/query_handler.h"

namespace gslbd::server {

/// Room for what the kernel says about a datagram, or is told: our address, as IP_PKTINFO or IPV6_PKTINFO.
struct alignas(cmsghdr) UdpControl {
  std::array<std::byte, CMSG_SPACE(sizeof(in6_pktinfo))> bytes;
};

/// What tells the kernel at which size to cut a message, and our address behind it where that is said.
class SegmentControl {
 public:
  SegmentControl() noexcept;
  /// Makes this the message's control data.
  void set(msghdr& message, std::size_t size) noexcept;
  /// The same, with what the message has: no more than a UdpControl.
  void add(msghdr& message, std::size_t size) noexcept;
  /// Leaves the message what it had before set() or add().
  static void remove(msghdr& message) noexcept;

 private:
  static constexpr std::size_t kOwnSize = CMSG_SPACE(sizeof(std::uint16_t));
  alignas(cmsghdr) std::array<std::byte, kOwnSize + sizeof(UdpControl)> bytes_{};
};

class ReplySender {
 public:
  /// For the UDP socket `fd`, bound to `ours`, and what it is read into: headers whose control data are
  /// UdpControls. Both stay as long as this lives.
  ReplySender(int fd, const Address& ours, std::span<const mmsghdr> received, NetCounters& counters) noexcept;
  ReplySender(const ReplySender&) = delete;
  ReplySender& operator=(const ReplySender&) = delete;

  /// Sends the responses of a batch. That to batch[k], if it has one, goes where the datagram with the header
  /// received[k] came from. Where the socket is bound to no address, what that says in its control data
  /// becomes the one to send from.
  void send(std::span<const BatchQuery> batch) noexcept;

 private:
  template <class TagOf, class SamePeer>
  void find_groups(std::span<const BatchQuery> batch, TagOf tag_of, SamePeer same_peer) noexcept;
  bool same_peer(const msghdr& a, const msghdr& b) const noexcept;
  bool may_group() noexcept;
  std::span<mmsghdr> separately(std::span<const BatchQuery> batch) noexcept;
  std::span<mmsghdr> together(std::span<const BatchQuery> batch) noexcept;
  void send(std::span<mmsghdr> messages) noexcept;
  void note_sent(std::size_t replies, std::size_t messages) noexcept;
  void give_up(const msghdr& refused) noexcept;
  bool send_separately(const msghdr& group) noexcept;

  const int fd_;
  const bool is_v4_;
  const bool wildcard_;
  const std::span<const mmsghdr> received_;
  const bool kernel_cuts_;  ///< it knows UDP_SEGMENT
  NetCounters& counters_;
  unsigned refusals_ = 0;  ///< messages in a row that were refused because their replies were together
  unsigned resting_ = 0;   ///< batches until replies are sent together again
  ReplyGroups groups_;
  std::array<iovec, kMaxBatch> replies_{};     ///< in the order in which they leave
  std::array<mmsghdr, kMaxBatch> separate_{};  ///< replies_[k] as a message of its own, for each k
  // What is sent instead where some leave together:
  std::array<mmsghdr, kMaxBatch> together_{};
  std::array<SegmentControl, kMaxBatch> cut_{};
};

}  // namespace gslbd::server
