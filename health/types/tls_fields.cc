// SPDX-License-Identifier: Apache-2.0
#include "health/types/tls_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

namespace gslbd::health {

void read_tls_host(const JsonView& v, TlsSettings& out) {
  const auto name = read_string(v);
  if (!name) return;
  const auto is_host_char = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-._:[]").find(c) != std::string_view::npos;
  };
  if (name->empty() || name->size() > 255 || !std::all_of(name->begin(), name->end(), is_host_char)) {
    return v.error(fmt::format("{} is no host name", quote(v.json())));
  }
  out.host = *name;
}

void read_tls_ca_file(const JsonView& v, TlsSettings& out) {
  const auto name = read_string(v);
  if (!name) return;
  const std::string path = (std::filesystem::path(v.file()).parent_path() / *name).string();
  auto trust = TlsTrust::load(path);
  if (!trust) return v.error(trust.error().message);
  out.ca_file = path;
  out.trust = std::move(*trust);
}

// Strings are quoted by length, so that no two sets of options share a description.
std::string describe_tls(const TlsSettings& tls) {
  return fmt::format(" verify={} host={}:{} ca={}:{}", tls.verify, tls.host.size(), tls.host,
                     tls.ca_file.size(), tls.ca_file);
}

}  // namespace gslbd::health
