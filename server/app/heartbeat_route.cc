// SPDX-License-Identifier: Apache-2.0
#include "server/app/heartbeat_route.h"

#include <algorithm>

#include "core/log.h"
#include "health/check_type.h"
#include "health/types/octets.h"
#include "health/types/push_check.h"
#include "server/control/replies.h"

namespace gslbd::server {
namespace {

constexpr std::string_view kPrefix = "/api/v1/heartbeat/";
constexpr std::chrono::milliseconds kPatience{5000};
constexpr std::size_t kLongestDetail = 200;

const Field<Heartbeat> kFields[] = {
    {"status", "up or down", "\"up\"", "what the site says of itself",
     [](const JsonView& v, Heartbeat& said) {
       if (const auto choice = read_choice(v, {"up", "down"})) said.well = *choice == 0;
     }},
    {"detail", "string", "none", "why",
     [](const JsonView& v, Heartbeat& said) {
       if (const auto detail = read_string(v)) said.detail = health::printable(*detail, kLongestDetail);
     }},
};

/// The check of that target, if it is one of the type push. Thread: main.
std::shared_ptr<const health::Check> find_check(const State& state, const HeartbeatSender& sender) {
  const auto targets = state.steering().targets();
  const auto found = std::ranges::find_if(targets, [&sender](const health::TargetSpec& target) {
    return target.address == sender.address && target.check->name == sender.check &&
           target.check->type == &health::kPushCheck;
  });
  return found == targets.end() ? nullptr : found->check;
}

// A token that cannot be read must not leave the door open: then a line feed is wanted, which no header
// holds.
std::string own_token(const health::Check& check) {
  const std::string& file = check.as<health::PushOptions>().token_file;
  if (file.empty()) return {};
  auto token = health::read_push_token(file);
  if (token) return std::move(*token);
  log::warning("heartbeats of check {} are refused: {}", check.name, token.error().message);
  return "\n";
}

}  // namespace

// Names of checks may have slashes, addresses have none: the address is what stands behind the last one.
std::optional<HeartbeatSender> heartbeat_sender(std::string_view rest) {
  const auto slash = rest.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = Address::parse(rest.substr(slash + 1));
  if (!address) return std::nullopt;
  return HeartbeatSender{std::string(rest.substr(0, slash)), *address};
}

std::optional<Heartbeat> read_heartbeat(const HttpRequest& request, HttpResponse& refusal) {
  Heartbeat said;
  if (request.body.empty()) return said;
  const auto body = json_body(request, refusal);
  if (!body) return std::nullopt;
  static const std::string kFile = "the body";
  Diagnostics diagnostics;
  read_object<Heartbeat>(JsonView(*body, kFile, diagnostics), kFields, said);
  if (!diagnostics.has_errors()) return said;
  refusal = json_reply(422, errors_json(diagnostics));
  return std::nullopt;
}

Route heartbeat_route(const State& state, health::Monitor& monitor, Mailbox& main, const Guard& guard) {
  return {"POST", std::string(kPrefix),
          [&state, &monitor, &main, &guard](const HttpRequest& request) {
            const auto sender = heartbeat_sender(std::string_view(request.path).substr(kPrefix.size()));
            if (!sender) return json_error(404, "heartbeats go to /api/v1/heartbeat/<check>/<address>");
            const auto check = main.ask([&state, sender] { return find_check(state, *sender); }, kPatience);
            if (!check) return json_error(503, "the server is stopping or busy");
            if (*check == nullptr) {
              return json_error(404, "no check of the type push has that name and a target of that address");
            }
            if (auto refused = guard.refuse(request, own_token(**check))) return std::move(*refused);
            HttpResponse refusal;
            const auto said = read_heartbeat(request, refusal);
            if (!said) return refusal;
            monitor.heartbeat(sender->check, sender->address, said->well, said->detail);
            return json_reply(200, {{"check", sender->check},
                                    {"target", sender->address.to_string()},
                                    {"status", said->well ? "up" : "down"}});
          },
          true};
}

}  // namespace gslbd::server
