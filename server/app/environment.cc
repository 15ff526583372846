// SPDX-License-Identifier: Apache-2.0
#include "server/app/environment.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/log.h"

namespace gslbd::server {

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
  if (before == limit.rlim_max || setrlimit(RLIMIT_NOFILE, &limit) == 0) return limit.rlim_max;
  log::warning("cannot raise the limit of open files");
  return before;
}

std::string state_dir(const Config& config) {
  return config.state_dir.empty() ? std::string() : config.resolve(config.state_dir);
}

Result<StateLock> take_state_dir(const Config& config) {
  const std::string path = state_dir(config);
  if (path.empty()) return StateLock();
  if (access(path.c_str(), W_OK | X_OK) != 0) {
    return fail("state_dir " + path + " cannot be written: " + std::strerror(errno));
  }
  // Without them a drained site would come back: better not to start than to start forgetful.
  for (const char* name : {"forced.json", "verdicts.json"}) {
    const std::string file = path + "/" + name;
    if (access(file.c_str(), R_OK) != 0 && errno != ENOENT) {
      return fail(file + " cannot be read: " + std::strerror(errno));
    }
  }
  return StateLock::take(path);
}

}  // namespace gslbd::server
