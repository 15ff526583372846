// SPDX-License-Identifier: Apache-2.0
// The check type push: nobody is asked. The site sends heartbeats (an HTTP POST to the admin address) and
// says in them how it is; a probe only looks at when the last one came. For what cannot be reached from here,
// and for what a site knows best itself.

#include "health/types/push_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <unordered_map>

#include "health/check_type.h"

namespace gslbd::health {
namespace {

/// A span of time as people say it: "420ms", "12s".
std::string spoken(Duration d) {
  using std::chrono::round, std::chrono::milliseconds, std::chrono::seconds;
  return format_duration(d < seconds(10) ? Duration(round<milliseconds>(d)) : Duration(round<seconds>(d)));
}

class PushTransport final : public Transport {
 public:
  explicit PushTransport(const Heartbeats& heartbeats) : heartbeats_(heartbeats) {}

  void start(ProbeId id, const Check& check, const Address& address, ProbeListener& listener) override {
    const MonotonicTime now = clock_.now();
    Asked& asked = asked_.try_emplace(address.to_string() + " " + check.name, Asked{now, now}).first->second;
    // Left the plan, and came back: meanwhile its heartbeats were refused.
    if (now - asked.last > 2 * check.interval + kLeft) asked.since = now;
    asked.last = now;
    const Heartbeat* last = heartbeats_.find(check.name, address);
    listener.probe_ended(id, judge_heartbeat(last, asked.since, now, check.as<PushOptions>().within));
  }
  void cancel(ProbeId, const Check&) override {}

 private:
  /// When a target was looked at.
  struct Asked {
    MonotonicTime since{};
    MonotonicTime last{};
  };
  static constexpr std::chrono::seconds kLeft{10};

  const Heartbeats& heartbeats_;
  const SystemClock clock_;
  std::unordered_map<std::string, Asked> asked_;  ///< an entry for each target there ever was
};

void read_token_file(const JsonView& v, Check& c) {
  const auto name = read_string(v);
  if (!name) return;
  const std::string path = (std::filesystem::path(v.file()).parent_path() / *name).string();
  if (const auto token = read_push_token(path); !token) return v.error(token.error().message);
  c.as<PushOptions>().token_file = path;
}

const Field<Check> kFields[] = {
    {"within", "duration, 1s to 30d", "30s",
     "how long a heartbeat lasts: the target fails when none came for longer",
     [](const JsonView& v, Check& c) {
       using std::chrono::hours, std::chrono::seconds;
       auto& within = c.as<PushOptions>().within;
       within = read_duration(v, seconds(1), hours(24 * 30)).value_or(within);
     }},
    {"token_file", "file name", "none",
     "a file whose first line is a token that may send heartbeats of this check, and nothing else; read at "
     "each "
     "heartbeat",
     read_token_file},
};

}  // namespace

Result<std::string> read_push_token(const std::string& file) {
  constexpr std::size_t kShortest = 16;  // shorter ones can be guessed
  const auto text = read_file(file);
  if (!text) return fail(fmt::format("{}: {}", file, text.error().message));
  std::string token = text->substr(0, text->find('\n'));
  while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
  const bool clean = std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (clean && token.size() >= kShortest) return token;
  return fail(fmt::format("{}: its first line must be a token: at least {} printable ASCII characters", file,
                          kShortest));
}

Outcome judge_heartbeat(const Heartbeat* last, MonotonicTime asked_since, MonotonicTime now,
                        Duration within) {
  if (last == nullptr) {
    const std::string never = "no heartbeat since the start, " + spoken(now - asked_since) + " ago";
    return {now - asked_since <= within ? Reason::unheard : Reason::silent, never};
  }
  const Duration age = now - last->at;
  if (age > within) {
    const bool just_begun = last->at < asked_since && now - asked_since <= within;
    return {just_begun ? Reason::unheard : Reason::silent, "silent for " + spoken(age)};
  }
  if (last->well) return {Reason::pass, last->detail};
  return {Reason::reported, "it says that it is down" + (last->detail.empty() ? "" : ": " + last->detail)};
}

constinit const CheckType kPushCheck{
    .name = "push",
    .help = "waits for heartbeats that the site sends itself",
    .defaults = default_options<PushOptions>,
    .fields = kFields,
    .describe =
        [](const Check& c, std::string& out) {
          const auto& o = c.as<PushOptions>();
          // Heartbeats are sent to the check by its name: checks of other names hear others.
          out += fmt::format(" name={}:{} within={} token={}:{}", c.name.size(), c.name, o.within.count(),
                             o.token_file.size(), o.token_file);
        },
    .make_transport = [](const ProbeContext& context) -> std::unique_ptr<Transport> {
      return std::make_unique<PushTransport>(context.heartbeats);
    },
    .crosses_network = false,
};

}  // namespace gslbd::health
