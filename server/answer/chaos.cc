// SPDX-License-Identifier: Apache-2.0
#include "server/answer/chaos.h"

#include <algorithm>

#include "server/answer/message.h"
#include "zones/node.h"

namespace gslbd::server {

void ChaosNames::add(std::string_view name, std::string_view text) {
  text = text.substr(0, 255);  // one character-string (RFC 1035 §3.3)
  Entry entry{zones::Name::parse(name, {}).value_or(zones::Name()), {}};
  auto& r = entry.record;
  r.resize(zones::kRrDataAt + 1);
  zones::store_be16(&r[0], 0xc000 | kHeaderSize);
  zones::store_be16(&r[2], zones::type::kTxt);
  zones::store_be16(&r[4], zones::kClassChaos);
  zones::store_be32(&r[zones::kRrTtlAt], 0);  // not to be cached: it tells of this server at this moment
  zones::store_be16(&r[zones::kRrLengthAt], text.size() + 1);
  r[zones::kRrDataAt] = static_cast<std::uint8_t>(text.size());
  r.insert(r.end(), text.begin(), text.end());
  entries_.push_back(std::move(entry));
}

std::span<const std::uint8_t> ChaosNames::find(const zones::QueryName& name) const noexcept {
  const auto want = name.wire();
  for (const Entry& e : entries_) {
    const auto have = e.name.wire();
    if (std::equal(have.begin(), have.end(), want.begin(), want.end())) return e.record;
  }
  return {};
}

}  // namespace gslbd::server
