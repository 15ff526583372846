// SPDX-License-Identifier: Apache-2.0
// `gslbd schema`: the option tables of the code, as Markdown. A test holds docs/reference equal to this.
#include <fmt/format.h>

#include "health/check.h"
#include "server/cli/commands.h"
#include "server/config/combined_check.h"
#include "server/config/config.h"
#include "server/config/hooks_config.h"
#include "server/config/journal_config.h"
#include "server/config/pool_reader.h"
#include "server/config/rate_limit_config.h"
#include "server/config/tcp_config.h"
#include "zones/zone_file.h"

namespace gslbd::server {
namespace {

void row(std::string_view key, std::string_view type, std::string_view fallback, std::string_view help) {
  fmt::print("| `{}` | {} | {} | {} |\n", key, type, fallback, help);
}

void head(std::string_view title) {
  fmt::print("\n### {}\n\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n", title);
}

template <class T>
void table(std::string_view title, std::span<const Field<T>> fields) {
  head(title);
  for (const auto& f : fields) row(f.key, f.type, f.fallback, f.help);
}

template <class Docs>
void doc_table(std::string_view title, const Docs& docs) {
  head(title);
  for (const auto& d : docs) row(d.key, d.type, d.fallback, d.help);
}

}  // namespace

int schema_command() {
  table("Top level", config_fields());
  table("An element of listen", listen_fields());
  table("tcp", tcp_fields());
  table("chaos", chaos_fields());
  table("cookies", cookie_fields());
  table("rate_limit", rate_limit_fields());
  table("admin", admin_fields());
  table("isolation", isolation_fields());
  table("A canary", canary_fields());
  table("An element of maintenance", maintenance_fields());
  table("journal", journal_fields());
  table("A hook", hook_fields());
  table("A hook of type webhook", webhook_fields());
  table("A hook of type exec", exec_hook_fields());
  table("A hook of type mail", mail_hook_fields());
  table("A site", site_fields());
  table("A pool", pool_fields());
  table("A member", member_fields());
  doc_table("Every check", health::check_field_docs(""));
  for (const auto type : health::check_type_names()) {
    doc_table(fmt::format("A check of type {}", type), health::check_field_docs(type));
  }
  table("A combined check", combined_check_fields());
  doc_table("A zone file", zones::zone_field_docs());
  doc_table("soa", zones::soa_field_docs());
  return 0;
}

}  // namespace gslbd::server
