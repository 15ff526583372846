// SPDX-License-Identifier: Apache-2.0
#include "server/hooks/hook.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/log.h"
#include "core/signals_blocked.h"

namespace gslbd::server {
namespace {

constexpr std::size_t kQueueLimit = 50'000;

std::string text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// A pool that nobody has probed yet, or that has gone from the configuration, is in no trouble.
bool is_news(const Entry& entry) {
  if (entry.kind != "verdict" && entry.kind != "pool" && entry.kind != "site") return true;
  const std::string to = text(entry.more, "to");
  return to == "down" || (to == "up" && text(entry.more, "from") == "down");
}

}  // namespace

Hook::Hook(const HookSettings& settings, std::string server)
    : settings_(settings),
      server_(std::move(server)),
      started_ms_(std::chrono::duration_cast<std::chrono::milliseconds>(clock_.wall_now().time_since_epoch())
                      .count()),
      delivery_(make_delivery(settings)),
      queue_(kQueueLimit),
      deadline_(std::numeric_limits<Duration::rep>::max()) {
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
}

Hook::~Hook() {
  queue_.close();
  deadline_ = 0;
  join();
}

void Hook::join() {
  if (thread_.joinable()) thread_.join();
}

// Whatever the hook tells of. An entry that names no family is about both.
void Hook::note_isolation(const Entry& entry) {
  if (entry.kind != "isolated" && entry.kind != "connected") return;
  const std::string family = text(entry.more, "family");
  if (family != "ipv6") isolated_[0] = entry.kind == "isolated";
  if (family != "ipv4") isolated_[1] = entry.kind == "isolated";
}

void Hook::tell(const Entry& entry) {
  note_isolation(entry);
  if (std::ranges::find(settings_.on, entry.kind) == settings_.on.end() || !is_news(entry)) return;
  queue_.put(entry);
}

void Hook::end_by(MonotonicTime deadline) {
  deadline_ = deadline.time_since_epoch().count();
  queue_.close();
}

bool Hook::past_deadline() const {
  return clock_.now().time_since_epoch().count() >= deadline_;
}

HookCounters Hook::counters() const {
  return {settings_.name, delivered_, failed_, retried_, queue_.refused()};
}

Duration Hook::pause_after(std::uint32_t attempt) {
  return std::min<Duration>(std::chrono::seconds(1) * (1U << std::min(attempt, 6U)), std::chrono::minutes(1));
}

void Hook::run() {
  try {
    Grouping grouping(settings_.group, settings_.max_per_minute);
    while (!queue_.closed()) {
      collect(grouping, grouping.due());
      if (const auto message = grouping.take(clock_.now())) deliver(*message, grouping);
    }
    collect(grouping, clock_.now());
    if (const auto message = grouping.flush(clock_.now())) deliver(*message, grouping);
  } catch (const std::exception& e) {  // out of memory, for one
    log::error("hook {} has ended: {}", settings_.name, e.what());
    queue_.close();
  }
  ended_ = true;
}

void Hook::collect(Grouping& grouping, std::optional<MonotonicTime> until) {
  for (const Entry& entry : queue_.take(until)) grouping.add(entry, clock_.now());
  const std::uint64_t dropped = queue_.refused();
  if (dropped == dropped_told_ || queue_.closed()) return;
  log::warning("hook {}: {} events were dropped: it is too slow", settings_.name, dropped - dropped_told_);
  dropped_told_ = dropped;
}

void Hook::deliver(const HookMessage& message, Grouping& grouping) {
  const MessageSender sender{server_, fmt::format("{}-{}-{}", settings_.name, started_ms_, ++messages_)};
  for (std::uint32_t number = 0; attempt(message, sender, number); ++number) {
    // At the end of the program the pause is cut short and followed by the last attempt.
    const MonotonicTime again = clock_.now() + pause_after(number);
    while (clock_.now() < again && !queue_.closed()) collect(grouping, again);
  }
}

bool Hook::attempt(const HookMessage& message, const MessageSender& sender, std::uint32_t number) {
  const bool isolated = isolated_[0] || isolated_[1];
  const bool last = (number >= settings_.retries && !isolated) || queue_.closed();
  Attempt result{Attempt::End::give_up, "the program ends"};
  if (!past_deadline()) result = delivery_->send(message, sender, [this] { return past_deadline(); });
  if (result.end == Attempt::End::delivered) {
    ++delivered_;
    log::debug("hook {}: delivered: {}", settings_.name, headline(message));
    return false;
  }
  if (result.end == Attempt::End::try_again && !last) {
    ++retried_;
    log::debug("hook {}: {}; it is tried again", settings_.name, result.why);
    return true;
  }
  ++failed_;
  log::warning("hook {}: \"{}\" was not delivered after {} attempts: {}", settings_.name, headline(message),
               number + 1, result.why);
  return false;
}

}  // namespace gslbd::server
