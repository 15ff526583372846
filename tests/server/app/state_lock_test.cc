// SPDX-License-Identifier: Apache-2.0
#include "server/app/state_lock.h"

#include <unistd.h>

#include "tests/support/catch.h"
#include "tests/support/files.h"

using namespace gslbd;
using namespace gslbd::server;

TEST_CASE("a state directory has one holder at a time") {
  const Files files;
  const std::string directory = files.path().string();
  {
    const auto first = StateLock::take(directory);
    REQUIRE(first.has_value());
    CHECK(first->holds(directory));
    CHECK(first->holds(directory + "/./"));
    CHECK_FALSE(first->holds("/"));
    CHECK(StateLock::take(directory).error().message ==
          "state_dir " + directory + " is in use by another gslbd (process " + std::to_string(getpid()) +
              "); each needs its own");
  }
  CHECK(StateLock::take(directory).has_value());
}

TEST_CASE("a lock that changes hands stays one") {
  const Files files;
  const std::string directory = files.path().string();
  StateLock holder;
  CHECK(holder.holds(""));
  holder = std::move(*StateLock::take(directory));
  CHECK(holder.holds(directory));
  CHECK_FALSE(StateLock::take(directory).has_value());
  holder = StateLock();
  CHECK(StateLock::take(directory).has_value());
}

TEST_CASE("a directory that cannot be written cannot be locked") {
  CHECK(StateLock::take("/nonexistent").error().message ==
        "cannot write /nonexistent/lock: No such file or directory");
  CHECK(StateLock::take("").has_value());
}
