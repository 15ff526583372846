// SPDX-License-Identifier: Apache-2.0
// What a worker waits for.

#include "server/net/poller.h"

#include <sys/eventfd.h>

#include <array>
#include <cerrno>

#include "tests/support/catch.h"

namespace gslbd::server {
namespace {

/// A descriptor that is ready whenever it is asked to be.
struct Bell final : PollSource {
  Bell() : fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  void on_events(std::uint32_t events) noexcept override {
    ++heard;
    last = events;
  }
  void ring() const { REQUIRE(::eventfd_write(fd.get(), 1) == 0); }
  void silence() const {
    eventfd_t rung = 0;
    REQUIRE(::eventfd_read(fd.get(), &rung) == 0);
  }

  UniqueFd fd;
  int heard = 0;
  std::uint32_t last = 0;
};

TEST_CASE("a source hears of what it waits for, and of nothing else", "[net]") {
  auto poller = Poller::open().value();
  Bell rung, silent;
  REQUIRE(poller.add(rung.fd.get(), EPOLLIN, rung));
  REQUIRE(poller.add(silent.fd.get(), EPOLLIN, silent));
  poller.wait(0);
  CHECK(rung.heard == 0);
  rung.ring();
  poller.wait(-1);
  CHECK(rung.heard == 1);
  CHECK(rung.last == EPOLLIN);
  CHECK(silent.heard == 0);
}

TEST_CASE("what is watched for its edges is heard once, and again when it is asked for anew", "[net]") {
  auto poller = Poller::open().value();
  Bell level, edge;
  REQUIRE(poller.add(level.fd.get(), EPOLLIN, level));
  REQUIRE(poller.add(edge.fd.get(), EPOLLIN | EPOLLET, edge));
  level.ring();
  edge.ring();
  for (int i = 0; i < 3; ++i) poller.wait(0);
  CHECK(level.heard == 3);
  CHECK(edge.heard == 1);
  REQUIRE(poller.modify(edge.fd.get(), EPOLLIN | EPOLLET, edge));
  poller.wait(0);
  CHECK(edge.heard == 2);
}

TEST_CASE("a source that is removed hears nothing more, and may come back", "[net]") {
  auto poller = Poller::open().value();
  Bell bell;
  REQUIRE(poller.add(bell.fd.get(), EPOLLIN, bell));
  CHECK(!poller.add(bell.fd.get(), EPOLLIN, bell));
  CHECK(errno == EEXIST);
  bell.ring();
  poller.remove(bell.fd.get());
  poller.wait(0);
  CHECK(bell.heard == 0);
  REQUIRE(poller.add(bell.fd.get(), EPOLLIN, bell));
  poller.wait(-1);
  CHECK(bell.heard == 1);
  bell.silence();
  poller.wait(0);
  CHECK(bell.heard == 1);
}

TEST_CASE("when more sources are ready than one wait tells of, all have their turn", "[net]") {
  auto poller = Poller::open().value();
  std::array<Bell, Poller::kMaxEvents + 8> bells;
  for (Bell& bell : bells) {
    REQUIRE(poller.add(bell.fd.get(), EPOLLIN, bell));
    bell.ring();
  }
  poller.wait(0);
  poller.wait(0);
  std::size_t told = 0;
  for (const Bell& bell : bells) {
    CHECK(bell.heard >= 1);
    told += static_cast<std::size_t>(bell.heard);
  }
  CHECK(told == 2 * Poller::kMaxEvents);
}

}  // namespace
}  // namespace gslbd::server
