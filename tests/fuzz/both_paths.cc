// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/both_paths.h"

#include <algorithm>
#include <cstdlib>

namespace gslbd::fuzz {
namespace {

constexpr std::uint8_t kUnwrittenBySlow = 0x55, kUnwrittenByFast = 0xaa;

std::vector<std::uint64_t> counted(const server::ResponseCounters& c, const server::Serving& serving) {
  std::vector<std::uint64_t> out;
  const auto add = [&](const auto& counters) {
    for (const auto& counter : counters) out.push_back(counter.value());
  };
  add(c.by_rcode);
  add(c.cookies);
  for (const auto* counter : {&c.truncated, &c.dropped, &c.edns, &c.access_refused, &c.rate_limit.exempt}) {
    out.push_back(counter->value());
  }
  for (const auto& by_outcome : c.rate_limit.responses) add(by_outcome);
  add(serving.worker(0).answers);
  const auto& rotation = serving.worker(0).rotation;
  out.insert(out.end(), rotation.begin(), rotation.end());
  return out;
}

std::string to_hex(std::span<const std::uint8_t> octets) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t octet : octets) {
    out += kDigits[octet >> 4];
    out += kDigits[octet & 0xf];
  }
  return out;
}

std::string describe(const Question& question) {
  return (question.asker.transport == server::Transport::tcp ? "TCP from " : "UDP from ") +
         question.asker.address.to_string() + " to listener " + std::to_string(question.asker.listener) +
         ": " + to_hex(question.packet);
}

}  // namespace

BothPaths::BothPaths(const FixtureOptions& options, std::uint64_t seed)
    : slow_(options), fast_(options), random_(seed) {
  const auto make = [](Rooms& rooms) {
    rooms.udp = std::make_unique<std::uint8_t[]>(server::kMaxUdpResponseSize);
    rooms.tcp = std::make_unique<std::uint8_t[]>(server::kMaxMessageSize);
  };
  make(slow_room_);
  for (Rooms& rooms : fast_rooms_) make(rooms);
}

BothPaths::Laid BothPaths::lay_out(std::span<const std::uint8_t> packet) {
  const std::size_t before = random_.below(64);
  const std::size_t size = before + packet.size() + server::kReadAhead;
  Laid out{std::make_unique<std::uint8_t[]>(size), {}};
  std::generate_n(out.memory.get(), size, [&] { return static_cast<std::uint8_t>(random_.next()); });
  std::copy(packet.begin(), packet.end(), out.memory.get() + before);
  out.query = {out.memory.get() + before, packet.size()};
  return out;
}

std::string BothPaths::difference(std::span<const Question> batch) {
  if (batch.size() > server::kMaxBatch) std::abort();
  std::vector<Laid> laid;
  std::vector<server::BatchQuery> fast;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto room = fast_rooms_[i].of(batch[i].asker.transport);
    std::fill(room.begin(), room.end(), kUnwrittenByFast);
    laid.push_back(lay_out(batch[i].packet));
    fast.push_back({laid.back().query, batch[i].asker, room, server::kMaxMessageSize});
  }
  fast_.responder().handle_batch(fast);
  return compare(batch, fast);
}

std::string BothPaths::compare(std::span<const Question> batch, std::span<const server::BatchQuery> fast) {
  std::string out;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto room = slow_room_.of(batch[i].asker.transport);
    std::fill(room.begin(), room.end(), kUnwrittenBySlow);
    const auto slow = room.first(slow_.responder().handle(batch[i].packet, batch[i].asker, room));
    const bool too_long = fast[i].length > fast[i].response.size();
    const auto got = fast[i].response.first(too_long ? 0 : fast[i].length);
    if (!too_long && std::equal(slow.begin(), slow.end(), got.begin(), got.end())) continue;
    out += "query " + std::to_string(i) + " of " + std::to_string(batch.size()) + ", " + describe(batch[i]) +
           "\n  handle():       " + to_hex(slow) +
           "\n  handle_batch(): " + (too_long ? std::to_string(fast[i].length) + " octets" : to_hex(got)) +
           "\n";
  }
  const auto slow = counted(slow_.counters(), slow_.serving());
  const auto quick = counters();
  for (std::size_t i = 0; i < slow.size(); ++i) {
    if (slow[i] == quick[i]) continue;
    out += "counter " + std::to_string(i) + ": handle() " + std::to_string(slow[i]) + ", handle_batch() " +
           std::to_string(quick[i]) + "\n";
  }
  if (out.empty()) return out;
  out += "the batch:\n";
  for (const Question& question : batch) out += "  " + describe(question) + "\n";
  return out;
}

std::vector<std::uint64_t> BothPaths::counters() const {
  return counted(fast_.counters(), fast_.serving());
}

}  // namespace gslbd::fuzz
