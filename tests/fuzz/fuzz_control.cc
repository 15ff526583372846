// SPDX-License-Identifier: Apache-2.0
// What comes to the admin address as a command or a heartbeat, and what a start reads from the state
// directory: the first octet says what the rest is. A command is refused with a reason or does what it says,
// and what is forced afterwards is kept and read back as it was; a file is refused with a reason or means the
// same when it is written again.
#include <uv.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/log.h"
#include "server/app/heartbeat_route.h"
#include "server/app/verdict_store.h"
#include "server/control/control.h"
#include "server/control/replies.h"

using namespace gslbd;
using namespace gslbd::server;

namespace {

const WallTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 12 / 1);

void must(bool rule) {
  if (!rule) std::abort();
}

Catalogue catalogue() {
  std::vector<Pool> pools(1);
  pools[0].name = "www";
  for (const char* address : {"192.0.2.1", "2001:db8::1"}) {
    Member member;
    member.address = *Address::parse(address);
    member.site = "fra";
    pools[0].members.push_back(member);
  }
  auto check = std::make_shared<health::Check>();
  check->name = "web";
  pools[0].checks = {check};
  return Catalogue(pools, {});
}

/// One for all inputs: what they force adds up. Its loop never turns.
Control& control() {
  static uv_loop_t loop;
  static const ManualClock clock;
  static Control* const one = [] {
    log::set_level(log::Level::off);
    uv_loop_init(&loop);
    auto* c =
        new Control(loop, "", clock, {[] {}, {}, [](const std::string&, const Address&) { return true; }});
    c->installed({"", "", {}, std::make_shared<const Catalogue>(catalogue())});
    return c;
  }();
  return *one;
}

HttpRequest request_with(std::string_view body) {
  HttpRequest request;
  request.method = "POST";
  request.body = body;
  request.headers = {{"Content-Type", "application/json"}};
  return request;
}

void check_refusal(const HttpResponse& refusal) {
  must(refusal.status >= 400 && refusal.status < 500);
  must(!Json::parse(refusal.body).at("error").get_ref<const std::string&>().empty());
}

void check_forced_file(std::string_view text) {
  const auto entries = ForcedStore::parse(text);
  if (!entries) return must(!entries.error().message.empty());
  const auto again = ForcedStore::parse(ForcedStore::serialize(*entries, kNow));
  must(again && *again == *entries);
}

void check_command(std::string_view text, Control::Reply (Control::*command)(const Json&)) {
  HttpResponse refusal;
  const auto body = json_body(request_with(text), refusal);
  if (!body) return check_refusal(refusal);
  const HttpResponse reply = control().keep((control().*command)(*body));
  if (reply.status != 200) return check_refusal(reply);
  must(Json::parse(reply.body).is_object());
  const auto forced = control().forced().by_operators();
  must(forced.size() <= ForcedStates::kMost);
  const auto kept = ForcedStore::parse(ForcedStore::serialize(forced, kNow));
  must(kept && *kept == forced);
}

void check_heartbeat(std::string_view text) {
  HttpResponse refusal;
  const auto said = read_heartbeat(request_with(text), refusal);
  if (!said) return check_refusal(refusal);
  for (const char c : said->detail) must(static_cast<unsigned char>(c) >= ' ' && c != 0x7f);
}

void check_path(std::string_view text) {
  const auto sender = heartbeat_sender(text);
  if (sender) must(Address::parse(sender->address.to_string()) == sender->address);
}

void check_verdict_file(std::string_view text) {
  const auto content = VerdictStore::parse(text);
  if (!content) return must(!content.error().message.empty());
  for (const health::RememberedVerdict& v : content->verdicts) {
    must(v.verdict != health::Verdict::unknown && v.as_of == content->written);
    must(std::isfinite(v.flap_penalty) && v.flap_penalty >= 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 7) {
    case 0:
      check_command(text, &Control::force);
      break;
    case 1:
      check_command(text, &Control::release);
      break;
    case 2:
      check_command(text, &Control::resume);
      break;
    case 3:
      check_heartbeat(text);
      break;
    case 4:
      check_path(text);
      break;
    case 5:
      check_forced_file(text);
      break;
    default:
      check_verdict_file(text);
  }
  return 0;
}
