// SPDX-License-Identifier: Apache-2.0
#include "health/outcome.h"

#include <cerrno>
#include <utility>

#include "tests/support/catch.h"

using namespace gslbd::health;

TEST_CASE("what the kernel says is put down to whoever it is about") {
  const std::pair<int, Reason> kTable[] = {
      // The target's host, or a peer on it.
      {ECONNREFUSED, Reason::refused},
      {ECONNRESET, Reason::reset},
      {EPIPE, Reason::reset},
      {ECONNABORTED, Reason::reset},
      // Silence on the way.
      {ETIMEDOUT, Reason::timeout},
      {EHOSTUNREACH, Reason::unreachable},
      {ENETUNREACH, Reason::unreachable},
      {EHOSTDOWN, Reason::unreachable},
      {ENETDOWN, Reason::unreachable},
      // This machine: descriptors of the process and of the system, memory, buffers, ports.
      {EMFILE, Reason::resources},
      {ENFILE, Reason::resources},
      {ENOMEM, Reason::resources},
      {ENOBUFS, Reason::resources},
      {EADDRNOTAVAIL, Reason::resources},
      {EPERM, Reason::not_permitted},
      {EACCES, Reason::not_permitted},
      // Nobody can tell: a fault of ours.
      {EBADF, Reason::internal},
      {EINVAL, Reason::internal},
  };
  for (const auto& [error, reason] : kTable) {
    INFO("errno " << error);
    const Outcome outcome = outcome_of_errno(error);
    CHECK(reason_name(outcome.reason) == reason_name(reason));
    CHECK_FALSE(outcome.detail.empty());
  }
}

TEST_CASE("trouble of this machine is no evidence, whatever it is") {
  for (const int error : {EMFILE, ENFILE, ENOMEM, ENOBUFS, EADDRNOTAVAIL, EPERM, EACCES, EBADF}) {
    INFO("errno " << error);
    CHECK(is_local_trouble(outcome_of_errno(error).reason));
  }
  for (const int error : {ECONNREFUSED, ECONNRESET, ETIMEDOUT, EHOSTUNREACH}) {
    INFO("errno " << error);
    CHECK_FALSE(is_local_trouble(outcome_of_errno(error).reason));
  }
}
