// SPDX-License-Identifier: Apache-2.0
#include "health/hold/connection_holder.h"

#include <algorithm>
#include <utility>

#include "core/log.h"
#include "health/check_type.h"
#include "health/hold/held_connection.h"

namespace gslbd::health {
namespace {

using namespace std::chrono_literals;

constexpr Duration kShortestWait = 100ms;    // after a connection that lived long, or the first failure
constexpr std::uint32_t kMostDoublings = 8;  // then 25.6 s
constexpr Duration kConnectTimeout = 3s;
constexpr Duration kLongEnough = 5s;  // a connection that lives this long ends a series of failures

MonotonicTime now() {
  return std::chrono::steady_clock::now();
}

Duration scaled(Duration d, double factor) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(d.count()) * factor));
}

}  // namespace

/// One target's connection and what is planned for it.
class ConnectionHolder::Connection final : private HeldConnection::Events {
 public:
  Connection(ConnectionHolder& holder, TargetId id, const HeldConnection::Peer& peer, HoldListener& listener)
      : holder_(holder), id_(id), peer_(peer), listener_(listener), socket_(holder.sockets_, *this) {
    const MonotonicTime asked = now();
    wait(holder_.turns_.take(asked) - asked);
  }
  ~Connection() {
    holder_.loop_.cancel(timer_);
    give_up_socket();
  }

  /// False when there is no place for it.
  bool take_place() {
    place_ = holder_.loop_.lasting_connections().for_held();
    return static_cast<bool>(place_);
  }
  /// Its turn to connect has come, and it has a place.
  void connect() {
    state_ = State::connecting;
    ++holder_.connecting_;
    ++holder_.attempts_;
    set_timer(kConnectTimeout, [this] { attempt_failed(); });
    if (!socket_.connect(peer_)) attempt_failed();
  }
  bool wants_to_connect() const { return state_ == State::queued; }
  void queue() { state_ = State::queued; }
  void take_turn() { wait(Duration{0}); }
  /// Tries again later, with longer waits each time.
  void back_off() {
    failures_ = std::min(failures_ + 1, kMostDoublings);
    wait_a_while();
  }

 private:
  enum class State : std::uint8_t { waiting, queued, connecting, held };

  void held_connected() override;
  void held_failed() override { attempt_failed(); }
  void held_ended(HeldConnection::End end, const std::string& why) override;

  void set_timer(Duration after, Scheduler::Callback callback) {
    holder_.loop_.cancel(timer_);
    timer_ = holder_.loop_.run_at(now() + after, std::move(callback));
  }
  void wait(Duration how_long) {
    state_ = State::waiting;
    set_timer(how_long, [this] { holder_.connect_or_wait(id_); });
  }
  // Half as long to one and a half times as long: those who failed together do not come back together.
  void wait_a_while() {
    wait(scaled(kShortestWait * (std::int64_t{1} << failures_), 0.5 + holder_.random_.unit()));
  }
  void attempt_failed() {
    give_up_socket();
    back_off();
  }
  void give_up_socket();

  ConnectionHolder& holder_;
  TargetId id_;
  HeldConnection::Peer peer_;
  HoldListener& listener_;
  HeldConnection socket_;
  State state_ = State::waiting;
  TimerId timer_;
  std::uint32_t failures_ = 0;
  MonotonicTime held_since_{};
  IdleLimit idle_limit_;
  LastingConnections::Place place_;
};

void ConnectionHolder::Connection::give_up_socket() {
  socket_.close();
  place_ = {};
  const State was = std::exchange(state_, State::waiting);
  if (was == State::held) --holder_.held_;
  if (was == State::connecting) holder_.connecting_over();
}

void ConnectionHolder::Connection::held_connected() {
  state_ = State::held;
  ++holder_.held_;
  held_since_ = now();
  holder_.loop_.cancel(timer_);
  if (const auto renew_after = idle_limit_.renew_after()) {
    set_timer(*renew_after, [this] {
      give_up_socket();
      holder_.connect_or_wait(id_);
    });
  }
  holder_.connecting_over();
}

void ConnectionHolder::Connection::held_ended(HeldConnection::End end, const std::string& why) {
  const Duration lived = now() - held_since_;
  give_up_socket();
  failures_ = lived >= kLongEnough ? 0 : std::min(failures_ + 1, kMostDoublings);
  if (end == HeldConnection::End::flooded) failures_ = kMostDoublings;
  if (end == HeldConnection::End::closed) idle_limit_.closed_after(lived);
  wait_a_while();
  if (end != HeldConnection::End::flooded) listener_.hold_lost(id_, why);  // last: it may release this hold
}

ConnectionHolder::ConnectionHolder(UvLoop& loop, const Options& options)
    : loop_(loop),
      sockets_(loop),
      max_connecting_(std::max<std::size_t>(options.max_connecting, 1)),
      random_(options.seed) {}

ConnectionHolder::~ConnectionHolder() {
  waiting_.clear();
  while (!connections_.empty()) release(connections_.begin()->first);
}

void ConnectionHolder::hold(TargetId id, const Check& check, const Address& address, HoldListener& listener) {
  release(id);
  const auto port = check.type->hold_port != nullptr ? check.type->hold_port(check) : std::nullopt;
  if (!port) return;
  const HeldConnection::Peer peer{{address, *port}, check.interval};
  connections_.emplace(id, std::make_unique<Connection>(*this, id, peer, listener));
  loop_.lasting_connections().want_held(connections_.size());
}

void ConnectionHolder::release(TargetId id) {
  const auto gone = connections_.extract(id);  // destroyed when nobody can find it any more
  loop_.lasting_connections().want_held(connections_.size());
}

void ConnectionHolder::connect_or_wait(TargetId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = *found->second;
  if (connecting_ >= max_connecting_) {
    connection.queue();
    return waiting_.push_back(id);
  }
  if (!connection.take_place()) {
    if (!std::exchange(told_full_, true)) {
      log::warning("{} connections are held, which is as many as may be; other targets are probed without",
                   held_ + connecting_);
    }
    connection.back_off();
    return call_next();
  }
  connection.connect();
}

void ConnectionHolder::connecting_over() {
  --connecting_;
  call_next();
}

// The next in line gets its turn from the loop, not from here: a row of attempts that fail at once would
// otherwise nest.
void ConnectionHolder::call_next() {
  while (!waiting_.empty()) {
    const TargetId id = waiting_.front();
    waiting_.pop_front();
    const auto found = connections_.find(id);
    if (found == connections_.end() || !found->second->wants_to_connect()) continue;
    found->second->take_turn();
    return;
  }
}

}  // namespace gslbd::health
