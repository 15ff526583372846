// SPDX-License-Identifier: Apache-2.0
// Any text as a master file: refused with the line, or it becomes a zone file. One that loads says what the
// master file said: written out and imported again it is the same zone.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "zones/master_file.h"
#include "zones/zone_builder.h"
#include "zones/zone_file.h"

using namespace gslbd;
using namespace gslbd::zones;

namespace {

[[noreturn]] void broken(const char* what, const std::string& first, const std::string& second) {
  std::fprintf(stderr, "broken: %s\n--- first\n%s\n--- second\n%s\n", what, first.c_str(), second.c_str());
  std::abort();
}

std::optional<ZoneData> load(const std::string& json) {
  Diagnostics diagnostics;
  auto file = read_zone_text(json, "fuzz.json", {}, diagnostics);
  if (!file || diagnostics.has_errors()) {
    // JSON that is no JSON, or no zone file, is the importer's fault; a CNAME beside other data is the
    // zone's.
    if (!file) broken("the importer writes zone files", json, diagnostics.all().front().to_string());
    return std::nullopt;
  }
  return std::move(file->data);
}

// ldns reads owner names of up to 254 characters; one with many escapes can be longer.
bool ldns_can_read(const ZoneData& zone) {
  constexpr std::size_t kLongestOwner = 254;
  return std::all_of(zone.entries().begin(), zone.entries().end(), [&](const auto& entry) {
    return Name::from_wire(zone.owner(entry)).value().to_string().size() <= kLongestOwner;
  });
}

// The SOA first, as others want it; sorted, for comparing.
std::string to_master(const ZoneData& zone) {
  std::vector<std::string> lines;
  std::string soa;
  for (const auto& entry : zone.entries()) {
    const Name owner = Name::from_wire(zone.owner(entry)).value();
    zone.for_each_rdata(entry, [&](auto rdata) {
      const std::string line = rr_to_master_line(owner, entry.ttl_s, entry.type, rdata);
      if (entry.type == type::kSoa) {
        soa = line;
      } else {
        lines.push_back(line);
      }
    });
  }
  std::sort(lines.begin(), lines.end());
  for (const std::string& line : lines) soa += line;
  return soa;
}

}  // namespace

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GSLBD_FUZZ_LEAKS
#endif
#endif
#ifdef GSLBD_FUZZ_LEAKS
extern "C" void __lsan_disable();
extern "C" void __lsan_enable();
#else
static void __lsan_disable() {}
static void __lsan_enable() {}
#endif

// ldns leaks the octets of a certificate's type that it refuses: no leak of ours, and nothing to end a run
// for.
static Result<std::string> import(std::string_view text, const Name* origin) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const bool may_leak = lower.find("cert") != std::string::npos || lower.find("type37") != std::string::npos;
  if (may_leak) __lsan_disable();
  auto json = master_to_json(text, origin);
  if (may_leak) __lsan_enable();
  return json;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Name origin = Name::parse("fuzz.test.").value();
  const auto json = import(text, size % 2 == 0 ? &origin : nullptr);
  if (!json) {
    if (json.error().message.empty()) std::abort();
    return 0;
  }
  const auto zone = load(*json);
  if (!zone) return 0;
  (void)build_zone(*zone);
  if (!ldns_can_read(*zone)) return 0;

  const std::string out = to_master(*zone);
  const auto json_again = import(out, &zone->apex());
  if (!json_again) broken("what we write can be imported", out, json_again.error().message);
  const auto zone_again = load(*json_again);
  if (!zone_again) broken("and loads", out, *json_again);
  const std::string out_again = to_master(*zone_again);
  if (out_again != out) broken("and is the same", out, out_again);
  return 0;
}
