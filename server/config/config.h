// SPDX-License-Identifier: Apache-2.0
#pragma once
// The configuration file (gslbd.json), read: what the program is told, before zones and pools are resolved.
//
// Thread: plain data.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/json.h"
#include "core/json_fields.h"
#include "core/time.h"
#include "server/config/answer_config.h"
#include "server/config/isolation_config.h"
#include "server/config/listen_config.h"
#include "server/config/maintenance_config.h"
#include "server/hooks/settings.h"
#include "server/journal/settings.h"
#include "server/net/tcp_options.h"

namespace gslbd::server {

struct Site {
  std::optional<std::pair<double, double>> location;  ///< latitude and longitude, degrees
  std::map<std::string, std::string> fault_domains;   ///< "carrier" -> "he"
};

struct AdminConfig {
  std::optional<Endpoint> listen = Endpoint{*Address::parse("127.0.0.1"), 9153};  ///< none: no admin address
  std::string token_file;
};

struct Config {
  std::string file;  ///< as given on the command line; messages name it
  std::vector<ListenConfig> listen;
  TcpOptions tcp;
  AnswerConfig answers;
  std::uint32_t workers = 0;       ///< 0: one a processor
  std::vector<std::string> zones;  ///< file name patterns (glob), relative to the file
  AdminConfig admin;
  std::string state_dir;
  JournalSettings journal;
  std::vector<HookSettings> hooks;
  std::string identity;  ///< empty: the host's name; see name()
  Duration start_grace = std::chrono::seconds(5);
  bool watch = true;
  Duration reload_debounce = std::chrono::milliseconds(200);
  std::string log_level = "info";
  Json sites = Json::object();  ///< resolved by the loader, like those of zone files
  Json checks = Json::object();
  Json pools = Json::object();
  std::vector<MaintenanceConfig> maintenance;
  IsolationConfig isolation;

  /// `path` relative to the directory of the configuration file.
  std::string resolve(const std::string& path) const;
  /// The name of this server: its identity, or the host's name.
  std::string name() const;
  /// Files beside the zones that the configuration is made of, resolved.
  std::vector<std::string> other_files() const;
};

/// The options of the top level and of "admin", for the reader and the reference page.
std::span<const Field<Config>> config_fields();
std::span<const Field<AdminConfig>> admin_fields();
std::span<const Field<Site>> site_fields();

/// Reads `text`. Every mistake is reported; nullopt only when the text is no JSON object.
std::optional<Config> read_config(std::string_view text, const std::string& file, Diagnostics& diagnostics);

}  // namespace gslbd::server
