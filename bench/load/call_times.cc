// SPDX-License-Identifier: Apache-2.0
// gslbd_call_times: a library that is put in front of a server's (LD_PRELOAD) and tells how long its UDP
// threads are in the calls that move datagrams, and how long between them: user time to the nanosecond, where
// /proc samples it 250 times a second. Servers that wait by epoll or ppoll and read by recvmmsg can be
// measured.
//
// What it counts stands in the file that GSLBD_CALL_TIMES names with the process's number behind it, for
// bench/batches.py to read while the server runs: kSlots times Slot, one a thread.
//
// Thread: each writes its own slot; a reader may see one that is being written.

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <string>

namespace {

constexpr std::size_t kSlots = 64;

enum Call : std::size_t { kWait, kReceive, kSend, kCalls };

// Nanoseconds and numbers.
struct alignas(64) Slot {
  std::uint64_t between = 0;  ///< from the end of a call to the next one
  std::array<std::uint64_t, kCalls> in{};
  std::array<std::uint64_t, kCalls> calls{};
  std::uint64_t batches = 0;  ///< calls that brought datagrams
  std::uint64_t datagrams = 0;
};
static_assert(sizeof(Slot) == 128);

std::uint64_t now() {
  timespec t;
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec);
}

Slot* open_slots() {
  const char* const prefix = std::getenv("GSLBD_CALL_TIMES");
  if (prefix == nullptr) return nullptr;
  const std::string path = std::string(prefix) + std::to_string(::getpid());
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ::ftruncate(fd, kSlots * sizeof(Slot)) != 0) return nullptr;
  void* const at = ::mmap(nullptr, kSlots * sizeof(Slot), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  return at == MAP_FAILED ? nullptr : static_cast<Slot*>(at);
}

// Where this thread's calls count; null: nowhere.
Slot* own_slot() {
  static Slot* const slots = open_slots();
  static std::atomic<std::size_t> taken = 0;
  thread_local Slot* const own = [] {
    const std::size_t index = taken.fetch_add(1);
    return slots != nullptr && index < kSlots ? slots + index : nullptr;
  }();
  return own;
}

thread_local std::uint64_t last_end = 0;

// Makes the call, and counts it.
template <class F>
auto timed(Call kind, F&& call) {
  Slot* const slot = own_slot();
  const std::uint64_t begin = now();
  const auto result = call();
  const std::uint64_t end = now();
  if (slot != nullptr) {
    if (last_end != 0) slot->between += begin - last_end;
    slot->in[kind] += end - begin;
    ++slot->calls[kind];
    if (kind == kReceive && result > 0) {
      ++slot->batches;
      slot->datagrams += static_cast<std::uint64_t>(result);
    }
  }
  last_end = end;
  return result;
}

// The library's own function of that name.
template <class F>
F* next(const char* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags, timespec* timeout) {
  static auto* const real = next<int(int, mmsghdr*, unsigned, int, timespec*)>("recvmmsg");
  return timed(kReceive, [&] { return real(fd, messages, count, flags, timeout); });
}

int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  static auto* const real = next<int(int, mmsghdr*, unsigned, int)>("sendmmsg");
  return timed(kSend, [&] { return real(fd, messages, count, flags); });
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static auto* const real = next<ssize_t(int, const msghdr*, int)>("sendmsg");
  return timed(kSend, [&] { return real(fd, message, flags); });
}

int epoll_wait(int fd, epoll_event* events, int count, int timeout) {
  static auto* const real = next<int(int, epoll_event*, int, int)>("epoll_wait");
  return timed(kWait, [&] { return real(fd, events, count, timeout); });
}

int ppoll(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask) {
  static auto* const real = next<int(pollfd*, nfds_t, const timespec*, const sigset_t*)>("ppoll");
  return timed(kWait, [&] { return real(fds, count, timeout, mask); });
}

}  // extern "C"
