// SPDX-License-Identifier: Apache-2.0
#include "server/cli/control_commands.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "core/json.h"
#include "server/cli/http_client.h"

namespace gslbd::server {
namespace {

/// What the options of a command say.
struct Request {
  Json body = Json::object();
  std::string token_file;
};

std::string user_name() {
  if (const char* user = std::getenv("USER"); user != nullptr && *user != '\0') return user;
  const passwd* entry = getpwuid(getuid());
  return entry != nullptr ? entry->pw_name : "";
}

int failed(const std::string& message) {
  fmt::print(stderr, "gslbctl: {}\n", message);
  return 1;
}

Result<std::string> read_token(const std::string& file) {
  if (file.empty()) return std::string();
  const auto text = read_file(file);
  if (!text) return fail(file + ": " + text.error().message);
  std::string token = text->substr(0, text->find('\n'));
  while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
  if (token.empty()) return fail(file + ": its first line is empty");
  return token;
}

// The reply of a command that was carried out; every complaint of the server in one error otherwise.
Result<Json> send(const std::string& url, const Request& request) {
  const auto token = read_token(request.token_file);
  if (!token) return tl::unexpected(token.error());
  const auto reply =
      http_post(url, request.body.dump(-1, ' ', false, Json::error_handler_t::replace), *token);
  if (!reply) return tl::unexpected(reply.error());
  const Json body = Json::parse(reply->body, nullptr, false);
  if (!body.is_object()) return fail(fmt::format("{}: HTTP {}: {}", url, reply->status, reply->body));
  if (reply->status == 200) return body;
  std::string message = body.value("error", "refused");
  if (reply->status == 401) message += " (gslbctl: --token-file)";
  for (const Json& each : body.value("errors", Json::array())) {
    if (body["errors"].size() > 1) {
      message += fmt::format("\n  {}: {}", each.value("pointer", ""), each.value("message", ""));
    }
  }
  return fail(message);
}

std::string scope_text(const Json& entry) {
  const auto text = [&](const char* key) { return entry.value(key, std::string()); };
  if (entry.contains("site")) return "site " + text("site");
  if (entry.contains("check")) return fmt::format("check {} on {}", text("check"), text("target"));
  if (entry.contains("member")) return fmt::format("member {} of pool {}", text("member"), text("pool"));
  return "pool " + text("pool");
}

std::string until_text(const Json& entry) {
  return entry.at("until").is_string() ? entry["until"].get<std::string>() : "released";
}

void print_warning(const Json& reply) {
  if (reply.contains("warning"))
    fmt::print(stderr, "gslbctl: warning: {}\n", reply["warning"].get<std::string>());
}

int force(const std::string& url, const Request& request) {
  const auto reply = send(url + "/api/v1/force", request);
  if (!reply) return failed(reply.error().message);
  fmt::print("{}: {} until {} (matches: {})\n", scope_text(*reply), reply->at("state").get<std::string>(),
             until_text(*reply), reply->value("matches", 0));
  if (reply->contains("replaced")) {
    fmt::print("before: {}\n", reply->at("replaced").at("state").get<std::string>());
  }
  print_warning(*reply);
  return 0;
}

int release(const std::string& url, const Request& request) {
  const auto reply = send(url + "/api/v1/release", request);
  if (!reply) return failed(reply.error().message);
  const Json& was = reply->at("released");
  fmt::print("{}: released; it was {} since {}\n", scope_text(*reply), was.at("state").get<std::string>(),
             was.at("since").get<std::string>());
  if (reply->contains("now")) {
    const Json& now = reply->at("now");
    fmt::print("a maintenance window holds it: {} until {}\n", now.at("state").get<std::string>(),
               until_text(now));
  }
  print_warning(*reply);
  return 0;
}

int resume(const std::string& url, const Request& request) {
  const auto reply = send(url + "/api/v1/resume", request);
  if (!reply) return failed(reply.error().message);
  fmt::print("{}: resumed\n", scope_text(*reply));
  return 0;
}

int forced(const std::string& url) {
  const auto text = http_get(url + "/api/v1/forced");
  if (!text) return failed(text.error().message);
  const Json reply = Json::parse(*text);
  fmt::print("{:<40} {:<6} {:<25} {:<12} {}\n", "FORCED", "STATE", "UNTIL", "AUTHOR", "REASON");
  for (const Json& e : reply.at("forced")) {
    const std::string note = e.value("note", "");
    fmt::print("{:<40} {:<6} {:<25} {:<12} {}{}\n", scope_text(e), e.value("state", ""), until_text(e),
               e.value("author", ""), e.value("reason", ""), note.empty() ? "" : " (" + note + ")");
  }
  if (!reply.at("maintenance").empty()) {
    fmt::print("\n{:<40} {:<6} {:<25} {:<25} {}\n", "MAINTENANCE TO COME", "STATE", "FROM", "TO", "REASON");
  }
  for (const Json& e : reply["maintenance"]) {
    fmt::print("{:<40} {:<6} {:<25} {:<25} {}\n", scope_text(e), e.value("state", ""), e.value("from", ""),
               e.value("to", ""), e.value("reason", ""));
  }
  print_warning(reply);
  return 0;
}

// An option whose value goes into the body as it is.
CLI::Option* body_option(CLI::App* command, const std::shared_ptr<Request>& request, const char* option,
                         const char* key, const char* help) {
  return command->add_option_function<std::string>(
      option, [request, key](const std::string& value) { request->body[key] = value; }, help);
}

std::shared_ptr<Request> add_common(CLI::App* command) {
  auto request = std::make_shared<Request>();
  if (const std::string user = user_name(); !user.empty()) request->body["author"] = user;
  body_option(command, request, "--author", "author", "who; you, unless you say otherwise");
  command->add_option("--token-file", request->token_file, "a file whose first line is the server's token")
      ->envname("GSLBCTL_TOKEN_FILE");
  return request;
}

void add_target(CLI::App* command, const std::shared_ptr<Request>& request, CLI::Option* other) {
  CLI::Option* check = body_option(command, request, "--check", "check", "a check, on one target");
  CLI::Option* target = body_option(command, request, "--target", "target", "the address that is checked");
  check->needs(target);
  target->needs(check);
  if (other != nullptr) check->excludes(other);
}

void add_scope(CLI::App* command, const std::shared_ptr<Request>& request) {
  CLI::Option* site = body_option(command, request, "--site", "site", "every member of a site");
  CLI::Option* pool = body_option(command, request, "--pool", "pool", "every member of a pool");
  pool->excludes(site);
  body_option(command, request, "--member", "member", "one member of the pool, by its address")->needs(pool);
  add_target(command, request, site);
}

}  // namespace

void add_control_commands(CLI::App& app, const std::string& url, int& status) {
  CLI::App* set = app.add_subcommand("force", "force a site, pool, member or target up, down or out (drain)");
  const auto force_request = add_common(set);
  set->add_option_function<std::string>(
         "state", [force_request](const std::string& state) { force_request->body["state"] = state; },
         "up, down or drain")
      ->required()
      ->check(CLI::IsMember({"up", "down", "drain"}));
  add_scope(set, force_request);
  body_option(set, force_request, "--reason", "reason", "why; shown wherever the state is");
  body_option(set, force_request, "--for", "for", "how long: 30m, 2h, 1d; until it is released without");
  set->callback([&url, &status, force_request] { status = force(url, *force_request); });

  CLI::App* end = app.add_subcommand("release", "end what force began");
  const auto release_request = add_common(end);
  add_scope(end, release_request);
  end->callback([&url, &status, release_request] { status = release(url, *release_request); });

  CLI::App* back =
      app.add_subcommand("resume", "let a target back that waits for an operator (manual failback)");
  const auto resume_request = add_common(back);
  add_target(back, resume_request, nullptr);
  back->callback([&url, &status, resume_request] { status = resume(url, *resume_request); });

  app.add_subcommand("forced", "what is forced, and the maintenance to come")->callback([&url, &status] {
    status = forced(url);
  });
}

}  // namespace gslbd::server
