// SPDX-License-Identifier: Apache-2.0
#include "server/app/environment.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/log.h"

namespace gslbd::server {

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) log::warning("cannot raise the limit of open files");
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
