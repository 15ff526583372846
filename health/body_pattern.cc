// SPDX-License-Identifier: Apache-2.0
#include "health/body_pattern.h"

#include <re2/re2.h>

namespace gslbd::health {
namespace {

class Re2Pattern final : public BodyPattern {
 public:
  Re2Pattern(const std::string& pattern, const RE2::Options& options)
      : text_(pattern), re2_(pattern, options) {}
  const std::string& text() const override { return text_; }
  bool matches(std::string_view body) const override {
    return RE2::PartialMatch(re2::StringPiece(body.data(), body.size()), re2_);
  }
  const RE2& re2() const { return re2_; }

 private:
  std::string text_;
  RE2 re2_;
};

}  // namespace

Result<std::shared_ptr<const BodyPattern>> BodyPattern::compile(const std::string& pattern, Over over) {
  RE2::Options options(RE2::Quiet);
  if (over == Over::octets) options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_never_capture(true);
  options.set_max_mem(1 << 20);  // a pattern that needs more than this is a mistake
  auto compiled = std::make_shared<const Re2Pattern>(pattern, options);
  if (!compiled->re2().ok()) return fail("the pattern is not valid: " + compiled->re2().error());
  return std::shared_ptr<const BodyPattern>(std::move(compiled));
}

}  // namespace gslbd::health
