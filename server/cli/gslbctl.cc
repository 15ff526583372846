// SPDX-License-Identifier: Apache-2.0
// The program gslbctl: asks a running gslbd over its admin address.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "core/json.h"
#include "server/app/program.h"
#include "server/app/status_notes.h"
#include "server/cli/control_commands.h"
#include "server/cli/http_client.h"
#include "server/cli/journal_commands.h"

using namespace gslbd;

namespace {

std::string text_of(const Json& j, const char* key) {
  return j.value(key, std::string());
}

// Colours are for terminals; files and pipes get plain words.
constexpr int kRed = 31, kGreen = 32, kYellow = 33;
std::string in_colour(int colour, const std::string& text) {
  return isatty(STDOUT_FILENO) == 0 ? text : fmt::format("\x1b[{}m{}\x1b[0m", colour, text);
}

std::string coloured(const std::string& state) {
  return in_colour(state == "up" ? kGreen : state == "down" ? kRed : kYellow, fmt::format("{:<8}", state));
}

// What is laid over a state, behind it.
std::string forced_text(const Json& of) {
  const std::string note = server::forced_note(of.value("forced", Json()));
  return note.empty() ? note : "  " + note;
}

std::string notes_text(const Json& target) {
  std::string out;
  for (const std::string& note : server::target_notes(target)) out += (out.empty() ? "  " : "; ") + note;
  return out;
}

void print_checks(const Json& checks) {
  fmt::print("\n{:<24} {:<40} {:<8} {:<25} {}\n", "CHECK", "TARGET", "VERDICT", "SINCE", "LAST OUTCOME");
  for (const Json& c : checks) {
    std::string last = "not probed yet";
    if (c.at("last").is_object()) {
      last = text_of(c["last"], "outcome");
      if (const auto detail = text_of(c["last"], "detail"); !detail.empty()) last += ": " + detail;
      last += fmt::format(" ({:.1f} ms)", c["last"].value("duration_seconds", 0.0) * 1e3);
    }
    fmt::print("{:<24} {:<40} {} {:<25} {}{}{}\n",
               text_of(c, "check") + (c.value("canary", false) ? " (canary)" : ""), text_of(c, "target"),
               coloured(text_of(c, "verdict")), text_of(c, "since"), last, forced_text(c), notes_text(c));
  }
}

void print_pools(const Json& pools) {
  fmt::print("\n{:<24} {:<40} {:<8} {}\n", "POOL", "MEMBER", "STATE", "SITE");
  for (const Json& pool : pools) {
    for (const Json& m : pool.at("members")) {
      const bool drained = m.value("drained", false);
      std::string forced = forced_text(m);
      if (!forced.empty()) forced += "; checks say " + text_of(m, "checked");
      fmt::print("{:<24} {:<40} {} {}{}\n", text_of(pool, "name"), text_of(m, "address"),
                 coloured(drained ? "drained" : text_of(m, "state")), text_of(m, "site"), forced);
    }
  }
}

void print_traffic(const Json& t) {
  const auto count = [](const Json& of, const char* key) { return of.value(key, std::uint64_t{0}); };
  const Json& limited = t.at("rate_limited");
  fmt::print("{} queries, {} TCP connections; refused {}, rate limit {}: {} truncated, {} dropped\n",
             count(t, "queries"), count(t, "tcp_connections"), count(t, "access_refused"),
             text_of(t, "rate_limit"), count(limited, "truncated"), count(limited, "dropped"));
}

int status_command(const std::string& server) {
  const auto body = server::http_get(server + "/api/v1/status");
  if (!body) {
    fmt::print(stderr, "gslbctl: {}\n", body.error().message);
    return 1;
  }
  const Json status = Json::parse(*body);
  const Json& reload = status.at("config").at("last_reload");
  fmt::print("{} (gslbd {}), configuration {}, last reload {}\n", text_of(status, "identity"),
             text_of(status, "version"), status["config"].value("generation", 0),
             reload.value("successful", false) ? "good" : "FAILED");
  for (const std::string& alarm : server::alarm_notes(status)) {
    fmt::print("{}\n", in_colour(kRed, "ALARM " + alarm));
  }
  for (const Json& message : reload.at("messages")) fmt::print("  {}\n", message.get<std::string>());
  // A server of an older version does not tell.
  if (status.contains("traffic")) print_traffic(status["traffic"]);
  fmt::print("\n{:<40} {:>10} {:>10}\n", "ZONE", "SERIAL", "NAMES");
  for (const Json& z : status.at("zones")) {
    fmt::print("{:<40} {:>10} {:>10}\n", text_of(z, "name"), z.value("serial", 0U), z.value("names", 0U));
  }
  print_pools(status.at("pools"));
  print_checks(status.at("checks"));
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{"gslbctl: asks a running gslbd"};
  app.set_version_flag("--version", std::string("gslbctl ") + server::version());
  app.require_subcommand(1);
  std::string url = "http://127.0.0.1:9153";
  app.add_option("-s,--server", url, "the server's admin URL")->capture_default_str();
  int status = 0;
  app.add_subcommand("status", "zones, pools, members and checks")->callback([&] {
    status = status_command(url);
  });
  server::add_control_commands(app, url, status);
  server::add_journal_commands(app, url, status);
  CLI11_PARSE(app, argc, argv);
  return status;
} catch (const std::exception& e) {
  std::fprintf(stderr, "gslbctl: %s\n", e.what());
  return 1;
}
