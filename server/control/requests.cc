// SPDX-License-Identifier: Apache-2.0
#include "server/control/requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace gslbd::server {
namespace {

using namespace std::chrono_literals;

struct ForceDraft : ScopeDraft {
  ForceRequest request;
};
struct ReleaseDraft : ScopeDraft {
  std::string author;
};

// Those of ASCII, and those that a terminal may heed as well: U+0080 to U+009F.
bool has_controls(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < ' ' || c == 0x7f) return true;
    if (c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

std::string read_author(const JsonView& v) {
  return read_line(v, 100);
}

template <class T, std::size_t N>
std::vector<Field<T>> with_scope(const Field<T> (&own)[N]) {
  constexpr auto kScope = scope_fields<T>();
  std::vector<Field<T>> out(kScope.begin(), kScope.end());
  out.insert(out.end(), std::begin(own), std::end(own));
  return out;
}

const Field<ForceDraft> kForceFields[] = {
    {"state", "up, down or drain", "required", "what is forced",
     [](const JsonView& v, ForceDraft& d) {
       constexpr ForcedState kMeanings[] = {ForcedState::up, ForcedState::down, ForcedState::drain};
       if (const auto choice = read_choice(v, {"up", "down", "drain"})) d.request.state = kMeanings[*choice];
     }},
    {"reason", "text", "none", "why",
     [](const JsonView& v, ForceDraft& d) { d.request.reason = read_line(v, kLongestReason); }},
    {"author", "text", "none", "who",
     [](const JsonView& v, ForceDraft& d) { d.request.author = read_author(v); }},
    {"for", "duration, 1s to 365d", "until it is released", "how long",
     [](const JsonView& v, ForceDraft& d) { d.request.lasting = read_duration(v, 1s, 365 * 24h); }},
};

const Field<ReleaseDraft> kReleaseFields[] = {
    {"author", "text", "none", "who", [](const JsonView& v, ReleaseDraft& d) { d.author = read_author(v); }},
};

const std::vector<Field<ForceDraft>>& force_fields() {
  static const auto fields = with_scope(kForceFields);
  return fields;
}
const std::vector<Field<ReleaseDraft>>& release_fields() {
  static const auto fields = with_scope(kReleaseFields);
  return fields;
}

const std::string kBody = "the body";

}  // namespace

std::string read_line(const JsonView& v, std::size_t longest) {
  auto text = read_string(v);
  if (!text) return {};
  if (text->size() > longest) {
    v.error(fmt::format("{} octets are too many: at most {}", text->size(), longest));
  } else if (has_controls(*text)) {
    v.error("control characters and line ends do not belong here");
  } else {
    return *text;
  }
  return {};
}

std::optional<ForceRequest> read_force(const Json& body, Diagnostics& diagnostics) {
  const JsonView v(body, kBody, diagnostics);
  ForceDraft draft;
  read_object<ForceDraft>(v, force_fields(), draft);
  if (diagnostics.has_errors()) return std::nullopt;
  auto scope = draft.resolve(v);
  if (!scope) return std::nullopt;
  draft.request.scope = std::move(*scope);
  return std::move(draft.request);
}

std::optional<ReleaseRequest> read_release(const Json& body, Diagnostics& diagnostics) {
  const JsonView v(body, kBody, diagnostics);
  ReleaseDraft draft;
  read_object<ReleaseDraft>(v, release_fields(), draft);
  if (diagnostics.has_errors()) return std::nullopt;
  auto scope = draft.resolve(v);
  if (!scope) return std::nullopt;
  return ReleaseRequest{std::move(*scope), std::move(draft.author)};
}

std::optional<ReleaseRequest> read_resume(const Json& body, Diagnostics& diagnostics) {
  auto request = read_release(body, diagnostics);
  if (!request || request->scope.kind == ForcedScope::Kind::target) return request;
  JsonView(body, kBody, diagnostics).error("what is resumed is named by \"check\" and \"target\"");
  return std::nullopt;
}

}  // namespace gslbd::server
