// SPDX-License-Identifier: Apache-2.0
#include "server/app/restart.h"

#include <algorithm>

namespace gslbd::server {
namespace {

// Who may ask changes with a reload; where, and through whom, does not.
bool same_sockets(const ListenConfig& a, const ListenConfig& b) {
  return a.endpoint == b.endpoint && a.proxy_from == b.proxy_from;
}

}  // namespace

std::vector<std::string_view> waiting_for_restart(const Config& started, const Config& next) {
  std::vector<std::string_view> keys;
  if (!std::ranges::equal(started.listen, next.listen, same_sockets)) keys.push_back("listen");
  if (started.tcp != next.tcp) keys.push_back("tcp");
  if (started.workers != next.workers) keys.push_back("workers");
  if (started.admin.listen != next.admin.listen) keys.push_back("admin");
  return keys;
}

}  // namespace gslbd::server
