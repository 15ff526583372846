// SPDX-License-Identifier: Apache-2.0
#pragma once
// The health thread's event loop: timers, sockets that become ready, and work posted from other threads.
// uv_loop.cc is the only file in this folder that knows libuv.
//
// Thread: everything from the loop's own thread (the one that calls run()), but post() and stop() from any.
// Before run() the thread that made the loop may use it.

#include <functional>
#include <memory>

#include "core/time.h"
#include "health/scheduler.h"

namespace gslbd::health {

class LastingConnections;
class SideWork;

class UvLoop final : public Scheduler {
 public:
  UvLoop();
  ~UvLoop() override;
  UvLoop(const UvLoop&) = delete;
  UvLoop& operator=(const UvLoop&) = delete;

  /// Runs until stop().
  void run();
  void stop();
  /// Runs `work` on the loop's thread soon. Work posted after the loop has stopped is destroyed unrun.
  void post(std::function<void()> work);

  /// For calls that may block.
  SideWork& side_work();
  /// For connections that outlast a probe.
  LastingConnections& lasting_connections();

  TimerId run_at(MonotonicTime when, Callback callback) override;
  void cancel(TimerId timer) override;

 private:
  friend class SocketWatch;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Tells when a socket can be read or written. Destroy it, or watch nothing, before the socket is closed.
class SocketWatch {
 public:
  /// `error` is an errno value, 0 when there is none. The watch may be destroyed from inside the call.
  using Callback = std::function<void(bool readable, bool writable, int error)>;

  SocketWatch(UvLoop& loop, int socket, Callback callback);
  ~SocketWatch();
  SocketWatch(const SocketWatch&) = delete;
  SocketWatch& operator=(const SocketWatch&) = delete;

  /// False when the kernel would not take the socket (out of memory or watches).
  bool watch(bool readable, bool writable);

 private:
  struct Handle;
  Handle* handle_;  // closed asynchronously: it deletes itself when libuv lets go of it
};

}  // namespace gslbd::health
