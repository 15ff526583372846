// SPDX-License-Identifier: Apache-2.0
#include "bench/load/udp_load.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "bench/load/die.h"
#include "bench/load/segment.h"
#include "bench/load/udp_channel.h"

namespace gslbd::bench {
namespace {

constexpr Time kExpiryInterval = kSecond / 20;

void write_id(std::uint8_t* message, std::uint16_t id) {
  message[0] = static_cast<std::uint8_t>(id >> 8);
  message[1] = static_cast<std::uint8_t>(id);
}

std::uint16_t read_id(std::span<const std::uint8_t> message) {
  return static_cast<std::uint16_t>(message[0] << 8 | message[1]);
}

// The UDP_GRO or UDP_SEGMENT value of a datagram that holds several messages.
struct alignas(cmsghdr) Control {
  std::array<std::byte, CMSG_SPACE(sizeof(int))> bytes;
};

// Puts queries together and sends them: as many datagrams by one call, or as one that the kernel takes apart.
class Sender {
 public:
  Sender(Queries& queries, Tally& tally) : queries_(queries), tally_(tally) {
    for (unsigned i = 0; i < UdpOptions::kMaxBurst; ++i) {
      data_[i].iov_base = &octets_[i * kMaxQuerySize];
      headers_[i].msg_hdr.msg_iov = &data_[i];
      headers_[i].msg_hdr.msg_iovlen = 1;
    }
  }

  // Sends `count` queries, the first due at `since`, the others `step` later each.
  void send(UdpChannel& channel, unsigned count, Time since, Time step = 0) {
    for (unsigned i = 0; i < count; ++i) {
      data_[i].iov_len = stage(channel, i, &octets_[i * kMaxQuerySize], since + Time{i} * step);
    }
    const int sent = ::sendmmsg(channel.fd(), headers_.data(), count, MSG_DONTWAIT);
    account(channel, count, sent > 0 ? static_cast<unsigned>(sent) : 0);
  }

  // Sends the next queries as one burst, at most `most`; false if the kernel refuses.
  bool send_burst(UdpChannel& channel, unsigned most, Time since) {
    const auto count = static_cast<unsigned>(queries_.run(most));
    std::size_t length = 0, each = 0;
    for (unsigned i = 0; i < count; ++i) length += each = stage(channel, i, &octets_[length], since);
    iovec data{octets_.data(), length};
    msghdr header{};
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    Segmented control;
    control.apply(header, each);
    const bool sent = ::sendmsg(channel.fd(), &header, MSG_DONTWAIT) >= 0;
    account(channel, count, sent ? count : 0);
    return sent;
  }

 private:
  std::size_t stage(UdpChannel& channel, unsigned i, std::uint8_t* place, Time since) {
    const Queries::Message query = queries_.next();
    std::memcpy(place, query.data(), query.size());
    ids_[i] = channel.take(since);
    write_id(place, ids_[i]);
    return query.size();
  }

  void account(UdpChannel& channel, unsigned staged, unsigned sent) {
    tally_.sent += sent;
    tally_.refused += staged - sent;
    for (unsigned i = sent; i < staged; ++i) channel.give_back(ids_[i]);
  }

  Queries& queries_;
  Tally& tally_;
  std::array<std::uint8_t, UdpOptions::kMaxBurst * kMaxQuerySize> octets_;
  std::array<iovec, UdpOptions::kMaxBurst> data_{};
  std::array<mmsghdr, UdpOptions::kMaxBurst> headers_{};
  std::array<std::uint16_t, UdpOptions::kMaxBurst> ids_{};
};

// Reads answers in batches; a datagram may hold several of equal length, the last may be shorter (UDP_GRO).
class Receiver {
 public:
  explicit Receiver(Tally& tally)
      : tally_(tally), octets_(std::make_unique_for_overwrite<std::uint8_t[]>(kBatch * kStride)) {
    for (unsigned i = 0; i < kBatch; ++i) {
      data_[i] = {&octets_[i * kStride], kLongest};
      headers_[i].msg_hdr.msg_iov = &data_[i];
      headers_[i].msg_hdr.msg_iovlen = 1;
      headers_[i].msg_hdr.msg_control = &controls_[i];
    }
  }

  // Reads what has come, at most a batch; whether there was anything.
  bool receive(UdpChannel& channel) {
    for (unsigned i = 0; i < kBatch; ++i) headers_[i].msg_hdr.msg_controllen = sizeof(Control);
    const int received = ::recvmmsg(channel.fd(), headers_.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (received <= 0) return false;
    const Time at = now();
    for (unsigned i = 0; i < static_cast<unsigned>(received); ++i) {
      const std::span<const std::uint8_t> datagram(&octets_[i * kStride], headers_[i].msg_len);
      const std::size_t each = segment_size(headers_[i].msg_hdr, datagram.size());
      for (std::size_t first = 0; first < datagram.size(); first += each) {
        take(channel, datagram.subspan(first, std::min(each, datagram.size() - first)), at);
      }
    }
    return true;
  }

 private:
  static constexpr unsigned kBatch = 32;
  static constexpr std::size_t kLongest = 65536;
  static constexpr std::size_t kStride = kLongest + 4096 + 64;  // not all in the same cache sets

  static std::size_t segment_size(msghdr& header, std::size_t whole) {
    cmsghdr* const control = CMSG_FIRSTHDR(&header);
    if (control == nullptr || control->cmsg_level != IPPROTO_UDP || control->cmsg_type != UDP_GRO)
      return whole;
    int size = 0;
    std::memcpy(&size, CMSG_DATA(control), sizeof size);
    return size > 0 ? static_cast<std::size_t>(size) : whole;
  }

  void take(UdpChannel& channel, std::span<const std::uint8_t> message, Time at) {
    const auto since = Tally::is_answer(message) ? channel.settle(read_id(message)) : std::nullopt;
    if (since) {
      tally_.add_answer(message, *since, at);
    } else {
      ++tally_.stray;
    }
  }

  Tally& tally_;
  std::unique_ptr<std::uint8_t[]> octets_;
  std::array<iovec, kBatch> data_{};
  std::array<Control, kBatch> controls_{};
  std::array<mmsghdr, kBatch> headers_{};
};

class UdpLoad {
 public:
  UdpLoad(const UdpOptions& options, Queries& queries)
      : options_(options), sender_(queries, tally_), receiver_(tally_) {
    for (unsigned i = 0; i < options.sockets; ++i) channels_.emplace_back(options.target, options.window);
  }

  Tally run() {
    const Time start = now();
    const Time end = start + options_.extent.duration;
    Time at = start;
    for (; at < end && !done(); at = now()) round(start, at, true);
    tally_.answered_in_time = tally_.answered;
    tally_.elapsed = at - start;
    const Time last = at + options_.timeout + kExpiryInterval;
    for (; at < last && !quiet(); at = now()) round(start, at, false);
    for (UdpChannel& channel : channels_) tally_.lost += channel.expire(at);
    return tally_;
  }

 private:
  bool quiet() const { return std::ranges::all_of(channels_, &UdpChannel::quiet); }
  bool exhausted() const { return left() == 0; }
  bool done() const { return exhausted() && quiet(); }
  std::uint64_t left() const { return options_.extent.count - std::min(options_.extent.count, tally_.sent); }

  void round(Time start, Time at, bool sending) {
    bool busy = false;
    for (UdpChannel& channel : channels_) {
      busy |= receiver_.receive(channel);
      if (sending && options_.rate <= 0) busy |= refill(channel, at);
    }
    if (sending && options_.rate > 0) busy |= send_due(start, at);
    if (at >= next_expiry_) {
      next_expiry_ = at + kExpiryInterval;
      for (UdpChannel& channel : channels_) tally_.lost += channel.expire(at - options_.timeout);
    }
    if (busy) return;
    ::sched_yield();  // where the server has to share our core
    if (sending) tally_.idle += now() - at;
  }

  bool refill(UdpChannel& channel, Time at) {
    unsigned room = room_of(channel);
    if (!enough(room)) return false;
    if (!options_.bursts) {
      sender_.send(channel, room, at);
      return true;
    }
    while (enough(room) && sender_.send_burst(channel, std::min(room, options_.burst), at)) {
      room = room_of(channel);
    }
    return true;
  }

  // Whether it is worth a system call: a whole burst, or the last one.
  bool enough(unsigned room) const {
    return room != 0 && (room >= options_.burst || left() < options_.burst);
  }

  // How many queries may go out on the channel now, by one call.
  unsigned room_of(const UdpChannel& channel) const {
    return static_cast<unsigned>(std::min<std::uint64_t>({channel.free(), UdpOptions::kMaxBurst, left()}));
  }

  // Sends what is due by now, a channel after the other. What finds no room stays due.
  bool send_due(Time start, Time at) {
    const double step = static_cast<double>(kSecond) / options_.rate;
    const auto due = static_cast<std::uint64_t>(static_cast<double>(at - start) / step) + 1;
    bool busy = false;
    for (std::size_t tries = 0; tries < channels_.size() && scheduled_ < due && !exhausted(); ++tries) {
      UdpChannel& channel = channels_[turn_++ % channels_.size()];
      const auto count = static_cast<unsigned>(std::min<std::uint64_t>(room_of(channel), due - scheduled_));
      if (count == 0) continue;
      const auto since = start + static_cast<Time>(static_cast<double>(scheduled_) * step);
      sender_.send(channel, count, since, static_cast<Time>(step));
      scheduled_ += count;
      busy = true;
    }
    return busy;
  }

  const UdpOptions& options_;
  Tally tally_;
  Sender sender_;
  Receiver receiver_;
  std::vector<UdpChannel> channels_;
  std::uint64_t scheduled_ = 0;
  std::size_t turn_ = 0;
  Time next_expiry_ = 0;
};

}  // namespace

Tally run_udp(const UdpOptions& options, Queries& queries) {
  if (options.bursts) queries.group_by_length(options.burst);
  return std::make_unique<UdpLoad>(options, queries)->run();
}

}  // namespace gslbd::bench
