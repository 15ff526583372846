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

/// What a heartbeat says.
struct Said {
  bool well = true;
  std::string detail;
};

const Field<Said> kFields[] = {
    {"status", "up or down", "\"up\"", "what the site says of itself",
     [](const JsonView& v, Said& said) {
       if (const auto choice = read_choice(v, {"up", "down"})) said.well = *choice == 0;
     }},
    {"detail", "string", "none", "why",
     [](const JsonView& v, Said& said) {
       if (const auto detail = read_string(v)) said.detail = health::printable(*detail, kLongestDetail);
     }},
};

/// Names of checks may have slashes, addresses have none: the address is what stands behind the last one.
struct Sender {
  std::string check;
  Address address;
};

std::optional<Sender> sender_of(std::string_view path) {
  const std::string_view rest = path.substr(kPrefix.size());
  const auto slash = rest.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = Address::parse(rest.substr(slash + 1));
  if (!address) return std::nullopt;
  return Sender{std::string(rest.substr(0, slash)), *address};
}

/// The check of that target, if it is one of the type push. Thread: main.
std::shared_ptr<const health::Check> find_check(const StatusSource& source, const Sender& sender) {
  const StatusFacts facts = source.facts();
  const auto targets = facts.state.steering().targets();
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

HttpResponse take(health::Monitor& monitor, const Sender& sender, const HttpRequest& request) {
  Said said;
  if (!request.body.empty()) {
    HttpResponse refusal;
    const auto body = json_body(request, refusal);
    if (!body) return refusal;
    static const std::string kFile = "the body";
    Diagnostics diagnostics;
    read_object<Said>(JsonView(*body, kFile, diagnostics), kFields, said);
    if (diagnostics.has_errors()) return json_reply(422, errors_json(diagnostics));
  }
  monitor.heartbeat(sender.check, sender.address, said.well, said.detail);
  return json_reply(200, {{"check", sender.check},
                          {"target", sender.address.to_string()},
                          {"status", said.well ? "up" : "down"}});
}

}  // namespace

Route heartbeat_route(const StatusSource& source, health::Monitor& monitor, Mailbox& main,
                      const Guard& guard) {
  return {"POST", std::string(kPrefix),
          [&source, &monitor, &main, &guard](const HttpRequest& request) {
            const auto sender = sender_of(request.path);
            if (!sender) return json_error(404, "heartbeats go to /api/v1/heartbeat/<check>/<address>");
            const auto check = main.ask([&source, sender] { return find_check(source, *sender); }, kPatience);
            if (!check) return json_error(503, "the server is stopping or busy");
            if (*check == nullptr) {
              return json_error(404, "no check of the type push has that name and a target of that address");
            }
            if (auto refused = guard.refuse(request, own_token(**check))) return std::move(*refused);
            return take(monitor, *sender, request);
          },
          true};
}

}  // namespace gslbd::server
