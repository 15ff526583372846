// SPDX-License-Identifier: Apache-2.0
#include "server/config/admin_token.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

namespace gslbd::server {

std::string load_admin_token(const Config& config, Diagnostics& diagnostics) {
  if (config.admin.token_file.empty()) return {};
  const std::string file = config.resolve(config.admin.token_file);
  constexpr const char* kWhere = "/admin/token_file";
  const auto text = read_file(file);
  if (!text) {
    diagnostics.error(config.file, kWhere, file + ": " + text.error().message);
    return {};
  }
  struct stat status {};
  if (stat(file.c_str(), &status) == 0 && (status.st_mode & S_IRWXO) != 0) {
    diagnostics.warning(
        config.file, kWhere,
        file + " can be read by every user of this host, who can then give commands: chmod o=");
  }
  std::string token = text->substr(0, text->find('\n'));
  while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
  const bool printable = std::ranges::all_of(token, [](char c) { return c > ' ' && c < 0x7f; });
  if (printable && token.size() >= kShortestToken) return token;
  diagnostics.error(
      config.file, kWhere,
      fmt::format("{}: its first line must be a token: at least {} printable ASCII characters, no blanks",
                  file, kShortestToken));
  return {};
}

}  // namespace gslbd::server
