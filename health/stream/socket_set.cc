// SPDX-License-Identifier: Apache-2.0
#include "health/stream/socket_set.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>

namespace gslbd::health {
namespace {

constexpr std::uint32_t kEverything = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
constexpr int kBatch = 256;  // events a turn of the loop, so that timers get theirs

constexpr SocketSet::Token token_of(std::size_t slot, std::uint32_t generation) {
  return (SocketSet::Token{generation} << 32) | static_cast<std::uint32_t>(slot);
}

}  // namespace

SocketSet::~SocketSet() {
  watch_.reset();
  if (epoll_ >= 0) close(epoll_);
}

// Made when first needed, and tried again after a failure: descriptors may have been short for a while.
bool SocketSet::open() {
  if (epoll_ >= 0) return true;
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return false;
  watch_ = std::make_unique<SocketWatch>(loop_, epoll_, [this](bool, bool, int) { dispatch(); });
  if (watch_->watch(true, false)) return true;
  watch_.reset();
  close(epoll_);
  epoll_ = -1;
  errno = ENOMEM;
  return false;
}

SocketSet::Token SocketSet::add(int socket, SocketHandler& handler, bool writable) {
  if (!open()) return 0;
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  Slot& slot = slots_[index];
  const Token token = token_of(index, slot.generation);
  epoll_event event{};
  event.events = writable ? kEverything : kEverything & ~static_cast<std::uint32_t>(EPOLLOUT);
  event.data.u64 = token;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) != 0) return 0;
  free_.pop_back();
  slot.handler = &handler;
  return token;
}

void SocketSet::rearm(int socket, Token token) {
  if (find(token) == nullptr) return;
  epoll_event event{};
  event.events = kEverything;
  event.data.u64 = token;
  (void)epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event);
}

void SocketSet::remove(Token token) {
  Slot* slot = find(token);
  if (slot == nullptr) return;
  slot->handler = nullptr;
  if (++slot->generation == 0) slot->generation = 1;
  free_.push_back(static_cast<std::uint32_t>(token));
}

SocketSet::Slot* SocketSet::find(Token token) {
  const std::size_t index = static_cast<std::uint32_t>(token);
  if (index >= slots_.size()) return nullptr;
  Slot& slot = slots_[index];
  return slot.handler != nullptr && slot.generation == token >> 32 ? &slot : nullptr;
}

void SocketSet::dispatch() {
  std::array<epoll_event, kBatch> events;
  const int count = epoll_wait(epoll_, events.data(), kBatch, 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    const Slot* slot = find(event.data.u64);
    if (slot != nullptr) slot->handler->socket_ready(event.events);
  }
}

}  // namespace gslbd::health
