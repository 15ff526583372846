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

Result<void> check_state_dir(const Config& config) {
  if (config.state_dir.empty()) return {};
  const std::string path = state_dir(config);
  if (access(path.c_str(), W_OK | X_OK) == 0) return {};
  return fail("state_dir " + path + " cannot be written: " + std::strerror(errno));
}

}  // namespace gslbd::server
