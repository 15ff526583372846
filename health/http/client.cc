// SPDX-License-Identifier: Apache-2.0
#include "health/http/client.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

namespace gslbd::health {
namespace {

constexpr Duration kSweepInterval = std::chrono::seconds(5);

MonotonicTime now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

HttpClient::HttpClient(UvLoop& loop) : loop_(loop), sockets_(loop) {}

HttpClient::~HttpClient() {
  loop_.cancel(sweep_timer_);
}

std::size_t HttpClient::PeerHash::operator()(const Peer& peer) const noexcept {
  return AddressHash{}(peer.address) * 65'537 + peer.port + std::hash<std::string>{}(peer.tls);
}

void HttpClient::start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) {
  const auto& options = check.as<HttpOptions>();
  Peer peer{address, options.port, options.tls_identity};
  SlotPointer slot = options.reuse ? take_idle(peer) : nullptr;
  if (!slot) slot = take_spare();
  slot->id = id;
  slot->listener = &listener;
  slot->peer = std::move(peer);
  slot->interval = check.interval;
  Slot& begun = *slot;
  running_.emplace(id, std::move(slot));
  begun.begin(options, address);
}

std::optional<Outcome> HttpClient::overdue(ProbeId id, const Check& check) {
  const auto found = running_.find(id);
  if (found == running_.end()) return std::nullopt;
  return found->second->overdue(check.timeout);
}

void HttpClient::cancel(ProbeId id, const Check&) {
  auto node = running_.extract(id);
  if (node.empty()) return;
  node.mapped()->abandon();
  spare_.push_back(std::move(node.mapped()));
}

HttpClient::SlotPointer HttpClient::take_idle(const Peer& peer) {
  const auto found = idle_.find(peer);
  if (found == idle_.end()) return nullptr;
  SlotPointer slot = std::move(found->second);
  idle_.erase(found);
  slot->place = {};
  return slot;
}

HttpClient::SlotPointer HttpClient::take_spare() {
  if (spare_.empty())
    return std::make_unique<Slot>(loop_, sockets_, static_cast<HttpConnectionOwner&>(*this));
  SlotPointer slot = std::move(spare_.back());
  spare_.pop_back();
  return slot;
}

// The listener may start and cancel probes: the one that is reported has left our books before.
void HttpClient::exchange_ended(HttpConnection& connection, Outcome outcome) {
  const ProbeId id = static_cast<Slot&>(connection).id;
  auto node = running_.extract(id);
  ProbeListener& listener = *node.mapped()->listener;
  if (auto place =
          connection.is_open() ? loop_.lasting_connections().for_idle() : LastingConnections::Place()) {
    node.mapped()->place = std::move(place);
    keep_idle(std::move(node.mapped()));
  } else {
    connection.abandon();
    spare_.push_back(std::move(node.mapped()));
  }
  listener.probe_ended(id, std::move(outcome));
}

void HttpClient::keep_idle(SlotPointer slot) {
  slot->idle_until = now() + 2 * slot->interval;
  const Peer& peer = slot->peer;
  idle_.emplace(peer, std::move(slot));
  if (sweep_timer_ == TimerId{}) {
    sweep_timer_ = loop_.run_at(now() + kSweepInterval, [this] { close_the_unused(); });
  }
}

void HttpClient::idle_connection_lost(HttpConnection& connection) {
  const auto [first, last] = idle_.equal_range(static_cast<Slot&>(connection).peer);
  const auto found =
      std::find_if(first, last, [&](const auto& entry) { return entry.second.get() == &connection; });
  if (found == last) return;
  found->second->place = {};
  spare_.push_back(std::move(found->second));
  idle_.erase(found);
}

void HttpClient::close_the_unused() {
  const MonotonicTime at = now();
  std::erase_if(idle_, [at](const auto& entry) { return entry.second->idle_until < at; });
  sweep_timer_ = {};
  if (!idle_.empty()) sweep_timer_ = loop_.run_at(at + kSweepInterval, [this] { close_the_unused(); });
}

}  // namespace gslbd::health
