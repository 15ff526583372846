// SPDX-License-Identifier: Apache-2.0
#include "server/net/tcp_round.h"

#include <cstring>

#include "server/net/tcp.h"

namespace gslbd::server {
namespace {

// Queries answered before other sockets have their turn: as many as of UDP at its own.
constexpr std::size_t kTurn = 256;
// A cache line more than a power of two: the beginnings of all slots, and of all rooms, would otherwise share
// the same few places of the nearest cache.
constexpr std::size_t kSlotStride = kReadSize + 64;
constexpr std::size_t kRoomStride = kMaxMessageSize + 1 + 64;
static_assert(kSlotStride >= kReadSize + kReadAhead);

std::unique_ptr<std::uint8_t[]> scratch(std::size_t octets) {
  return std::make_unique_for_overwrite<std::uint8_t[]>(octets);
}

}  // namespace

TcpRound::TcpRound(TcpServer& server, QueryHandler& handler, NetCounters& counters)
    : server_(server),
      handler_(handler),
      counters_(counters),
      slots_(scratch(kMaxBatch * kSlotStride)),
      rooms_(scratch(kMaxBatch * kRoomStride)),
      staging_(scratch(kMaxBacklog)) {}

std::span<std::uint8_t> TcpRound::slot(std::size_t index) {
  return {slots_.get() + index * kSlotStride, kSlotStride};
}

std::span<std::uint8_t> TcpRound::room(std::size_t index) {
  return {rooms_.get() + index * kRoomStride, kMaxMessageSize};
}

void TcpRound::run(std::span<TcpConnection* const> ready, ReaderGate& gate) {
  std::size_t read = 0;
  const std::uint16_t keepalive = server_.limits().keepalive();
  for (TcpConnection* const connection : ready) {
    if (!connection->is_open()) continue;
    const bool slow = connection->blocked();
    const auto octets = connection->receive(slot(read));
    if (octets.empty()) continue;
    Counter& count = counters_.queries_of(Transport::tcp, connection->asker().address.family());
    inputs_[read++] = {
        .connection = connection, .octets = octets, .count = &count, .keepalive = keepalive, .slow = slow};
  }
  const std::span<Input> inputs(inputs_.data(), read);
  gate.enter();
  for (Input& input : inputs) collect(input);
  answer_batch();
  send_staged();
  gate.quiescent();
  for (Input& input : inputs) finish(input);
}

// Puts the queries of `input` into the batch, which is answered whenever it is full.
void TcpRound::collect(Input& input) {
  Asker asker = input.connection->asker();
  asker.keepalive = input.keepalive;
  auto rest = input.octets;
  for (std::size_t collected = 1; rest.size() >= 2; ++collected) {
    const std::size_t size = frame_size(rest);
    if (size == 2) input.malformed = true;
    if (input.malformed || rest.size() < size) return;
    batch_[batch_size_] = {rest.subspan(2, size - 2), asker, room(batch_size_)};
    askers_[batch_size_++] = &input;
    rest = rest.subspan(size);
    if (answer_now(input, collected) && !input.goes_on()) return;
  }
}

// True when the batch was answered. To a client that is slow no more is composed ahead than a backlog holds:
// the rest would only be thrown away.
bool TcpRound::answer_now(const Input& input, std::size_t collected) {
  constexpr std::size_t kWhole = kMaxBacklog / (2 + kMaxMessageSize);
  static_assert(kWhole > 0);
  const bool enough = input.slow && collected % kWhole == 0;
  if (batch_size_ < kMaxBatch && !enough) return false;
  answer_batch();
  if (enough) send_staged();
  return true;
}

void TcpRound::answer_batch() {
  const std::span<BatchQuery> batch(batch_.data(), batch_size_);
  if (batch.empty()) return;
  handler_.handle_batch(batch);
  for (std::size_t i = 0; i < batch.size(); ++i) stage(*askers_[i], batch[i]);
  since_turn_ += batch_size_;
  batch_size_ = 0;
  if (since_turn_ < kTurn) return;
  since_turn_ = 0;
  if (turn_) turn_();
}

// Behind the other responses to the same connection. What its client leaves no room for is forgotten, and
// answered anew when it reads again: only large responses to a client that is slow come to that.
void TcpRound::stage(Input& input, const BatchQuery& answered) {
  const std::size_t size = answered.length == 0 ? 0 : 2 + answered.length;
  if (staged_for_ != &input || staged_ + size > kMaxBacklog) send_staged();
  if (!input.goes_on()) return;
  staged_for_ = &input;
  input.answered += 2 + answered.query.size();
  input.count->add();  // before its client hears of it
  if (size == 0) return;
  ++input.responses;
  std::uint8_t* const out = staging_.get() + staged_;
  out[0] = static_cast<std::uint8_t>(answered.length >> 8);
  out[1] = static_cast<std::uint8_t>(answered.length);
  std::memcpy(out + 2, answered.response.data(), answered.length);
  staged_ += size;
}

void TcpRound::send_staged() {
  if (staged_ != 0) staged_for_->connection->send({staging_.get(), staged_});
  staged_ = 0;
}

void TcpRound::finish(Input& input) {
  TcpConnection& connection = *input.connection;
  if (!connection.is_open()) return;
  if (input.responses != 0) server_.touch(connection);
  if (input.malformed && !connection.blocked()) return connection.close(TcpClose::malformed);
  connection.keep(input.octets.subspan(input.answered));
}

}  // namespace gslbd::server
