// SPDX-License-Identifier: Apache-2.0
// Any octets as an HTTP/1.1 response: cut into any pieces it stays the same response, nothing is kept beyond
// the limits, and an end is an end. The first octet says how it is cut and what was asked for; the JSON in
// the body is looked into, and a redirect resolved.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "health/http/json_expectation.h"
#include "health/http/redirect.h"
#include "health/http/response_parser.h"
#include "health/types/grpc_message.h"
#include "health/types/http_options.h"

using namespace gslbd;
using namespace gslbd::health;
using State = ResponseParser::State;

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

void check_limits(const ResponseParser& parser) {
  must(parser.body().size() <= ResponseParser::kBodyLimit && parser.body().size() <= parser.body_size());
  must(parser.location().size() <= 2048);
  must((parser.state() == State::failed) == !parser.error().empty());
  if (parser.state() == State::done) must(parser.status() >= 101 && parser.status() <= 999);
}

/// Feeds pieces of that size, each a copy of just that length: the address sanitizer sees an octet too many.
ResponseParser fed(std::string_view octets, std::size_t piece, bool head_request) {
  ResponseParser parser;
  parser.reset(head_request, true);
  while (!octets.empty()) {
    const std::size_t size = std::min(piece, octets.size());
    const std::unique_ptr<char[]> exact(new char[size]);
    octets.copy(exact.get(), size);
    const State before = parser.state();
    const State after = parser.feed({exact.get(), size});
    if (before == State::done || before == State::failed) must(after == before);
    octets.remove_prefix(size);
  }
  return parser;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool head_request = (data[0] & 0x80) != 0;
  const std::size_t piece = (data[0] & 0x7fU) + 1;
  const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  ResponseParser whole = fed(octets, std::max<std::size_t>(octets.size(), 1), head_request);
  ResponseParser pieces = fed(octets, piece, head_request);
  check_limits(whole);
  check_limits(pieces);
  must(whole.state() == pieces.state() && whole.status() == pieces.status() && whole.body() == pieces.body());
  must(whole.location() == pieces.location());
  must(whole.end() == pieces.end());
  must(whole.state() == State::done || whole.state() == State::failed);

  static const auto expectation = *JsonExpectation::compile("/status", "ok");
  (void)expectation->mismatch(whole.body());
  static const HttpOptions options;
  if (const auto path = resolve_redirect(options, Address(), "/a/b?c", whole.location())) {
    must(!path->empty() && path->front() == '/' && path->find_first_of(" \r\n") == std::string::npos);
  }
  (void)judge_grpc("", {"0", "", octets});
  return 0;
}
