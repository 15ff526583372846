// SPDX-License-Identifier: Apache-2.0
// The program gslbd: one verb, its options, and the function that does it.
#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>

#include "server/app/program.h"
#include "server/cli/commands.h"

using namespace gslbd::server;

int main(int argc, char** argv) try {
  CLI::App app{"gslbd: an authoritative DNS server that answers with the sites that are alive"};
  app.set_version_flag("--version", std::string("gslbd ") + version());
  app.require_subcommand(1);

  std::string config;
  std::string file;
  std::string zone;
  std::string origin;
  std::string server;
  std::string loss;
  int status = 0;

  const auto with_config = [&](CLI::App* verb) {
    verb->add_option("-c,--config", config, "the configuration file")->required();
    return verb;
  };
  with_config(app.add_subcommand("run", "serve in the foreground; SIGHUP reloads, SIGTERM stops"))
      ->callback([&] { status = run_program(config); });
  CLI::App* check = with_config(
      app.add_subcommand("check", "load everything, print every error and warning, exit 1 on any error"));
  check->add_option("--probe-loss", loss,
                    "a share such as 1%: tell how often its loss would take healthy targets down");
  check->callback([&] { status = check_command(config, loss); });

  CLI::App* zones = app.add_subcommand("zone", "zones in and out");
  zones->require_subcommand(1);
  CLI::App* import = zones->add_subcommand("import", "turn a master file (RFC 1035) into a zone file");
  import->add_option("file", file, "the master file")->required();
  import->add_option("--origin", origin, "what completes relative names before the first $ORIGIN");
  import->callback([&] { status = zone_import_command(file, origin);
});
CLI::App* exported =
    zones->add_subcommand("export", "print a zone as a master file, pools as their live members");
CLI::Option* from_config = exported->add_option("-c,--config", config, "the configuration file");
exported->add_option("zone", zone, "the zone's name")->required();
exported->add_option("--server", server, "the admin URL of a running server, to print what it answers now")
    ->excludes(from_config);
exported->callback([&] {
  if (config.empty() && server.empty()) throw CLI::RequiredError("-c or --server");
  status = zone_export_command(config, zone, server);
});

app.add_subcommand("schema", "print the tables of all options (Markdown)")->callback([&] {
  status = schema_command();
});

CLI11_PARSE(app, argc, argv);
return status;
}
catch (const std::exception& e) {
  std::fprintf(stderr, "gslbd: %s\n", e.what());
  return 1;
}
