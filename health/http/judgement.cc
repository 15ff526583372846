// SPDX-License-Identifier: Apache-2.0
#include "health/http/judgement.h"

#include <fmt/format.h>

#include "health/types/http_options.h"

namespace gslbd::health {

Outcome judge_answer(const HttpOptions& o, const HttpAnswer& answer) {
  if (!o.wants_status(answer.status)) {
    return {Reason::status, fmt::format("HTTP {}, wanted {}", answer.status, format_status(o.status))};
  }
  if (o.body && !o.body->matches(answer.body)) {
    return {Reason::body,
            fmt::format("no \"{}\" in the first {} octets of the body", o.body->text(), answer.body_size)};
  }
  if (o.json && answer.body_cut) {
    return {Reason::body, fmt::format("the body is larger than {} KiB: too large to be read as JSON",
                                      answer.body_size / 1024)};
  }
  if (o.json) {
    if (auto wrong = o.json->mismatch(answer.body)) return {Reason::body, std::move(*wrong)};
  }
  // Nearly all probes end here, thousands a second.
  static const std::string kOk = "HTTP 200";
  return {Reason::pass, answer.status == 200 ? kOk : fmt::format("HTTP {}", answer.status)};
}

}  // namespace gslbd::health
