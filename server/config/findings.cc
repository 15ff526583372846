// SPDX-License-Identifier: Apache-2.0
#include "server/config/findings.h"

namespace gslbd::server {
namespace {

ZoneFiles zone_files_of(const Config& config, const Findings* earlier, const Changes& since, WallTime at) {
  if (earlier == nullptr) return find_zone_files(config, nullptr, at);
  if (!since.anything && config.zones == earlier->config.zones) {
    if (auto found = look_again(config, earlier->zone_files, since.paths, at)) return std::move(*found);
  }
  return find_zone_files(config, &earlier->zone_files, at);
}

}  // namespace

bool Findings::same_as(const Findings& earlier) const {
  return contents_hash == earlier.contents_hash && other_files == earlier.other_files &&
         zone_files.same_as(earlier.zone_files);
}

Findings find(const std::string& file, const Findings* earlier, const Changes& since) {
  const WallTime at = SystemClock().wall_now();
  Findings out;
  out.other_files.push_back(file);
  const auto text = read_file(file);
  std::string contents = text ? *text : text.error().message;
  if (!text) out.diagnostics.error(file, "", text.error().message);
  auto config = text ? read_config(*text, file, out.diagnostics) : std::nullopt;
  out.readable = config.has_value();
  if (config) {
    out.config = std::move(*config);
  } else if (earlier != nullptr) {
    out.config = earlier->config;
  }
  for (std::string& other : out.config.other_files()) {
    const auto other_text = read_file(other);
    contents += '\0' + (other_text ? *other_text : other_text.error().message);
    out.other_files.push_back(std::move(other));
  }
  out.zone_files = zone_files_of(out.config, earlier, since, at);
  out.contents_hash = text_hash(contents);
  return out;
}

}  // namespace gslbd::server
