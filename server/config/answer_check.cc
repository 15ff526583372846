// SPDX-License-Identifier: Apache-2.0
#include "server/config/answer_check.h"

#include <sys/stat.h>

#include "zones/lookup.h"

namespace gslbd::server {

std::optional<CookieSecrets> load_cookie_secrets(const Config& config, Diagnostics& diagnostics) {
  const CookieConfig& cookies = config.answers.cookies;
  if (!cookies.on || cookies.secret_file.empty()) return std::nullopt;
  const std::string file = config.resolve(cookies.secret_file);
  constexpr const char* kWhere = "/cookies/secret_file";
  const auto text = read_file(file);
  if (!text) {
    diagnostics.error(config.file, kWhere, file + ": " + text.error().message);
    return std::nullopt;
  }
  struct stat status {};
  if (stat(file.c_str(), &status) == 0 && (status.st_mode & S_IRWXO) != 0) {
    diagnostics.warning(
        config.file, kWhere,
        file + " can be read by every user of this host, who can then forge cookies: chmod o=");
  }
  auto secrets = CookieSecrets::parse(*text, file);
  if (!secrets) {
    diagnostics.error(config.file, kWhere, secrets.error().message);
    return std::nullopt;
  }
  return std::move(*secrets);
}

void check_report_agent(const Config& config, const zones::Zone& zone, Diagnostics& diagnostics) {
  if (!config.answers.report_agent) return;
  const zones::Name& agent = *config.answers.report_agent;
  if (!agent.is_within(zone.apex())) return;
  // A report as a resolver would send it (RFC 9567 §6.1.1): _er.TYPE.NAME.ERROR._er.AGENT.
  const auto report = zones::Name::parse("_er.1.example.7._er", agent);
  if (!report) {
    return diagnostics.error(config.file, "/report_agent", "the name leaves no room for reports");
  }
  const zones::QueryName name(*report);
  const auto found = zones::lookup(zone, name);
  if (found.found == zones::Found::referral || found.found == zones::Found::dname) return;
  if (found.found == zones::Found::node && found.node.rrset(zones::type::kTxt)) return;
  diagnostics.warning(config.file, "/report_agent",
                      "the zone " + zone.apex().to_string() +
                          " denies the reports: give it TXT records for \"*._er." + agent.to_string() +
                          "\", or resolvers cease to send them");
}

}  // namespace gslbd::server
