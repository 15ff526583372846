// SPDX-License-Identifier: Apache-2.0
#include "zones/zone_file_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "zones/limits.h"
#include "zones/rdata.h"

namespace gslbd::zones {
namespace {

std::uint64_t hash_of(std::span<const std::uint8_t> octets) {
  std::uint64_t hash = octets.size();
  const auto mix = [&](std::uint64_t chunk) {
    hash = (hash ^ chunk) * 0x9e3779b97f4a7c15;  // an odd number of random bits
    hash ^= hash >> 32;
  };
  std::uint64_t chunk = 0;
  for (; octets.size() >= sizeof chunk; octets = octets.subspan(sizeof chunk)) {
    std::memcpy(&chunk, octets.data(), sizeof chunk);
    mix(chunk);
  }
  chunk = 0;
  for (const std::uint8_t octet : octets) chunk = chunk << 8 | octet;
  mix(chunk);
  return hash;
}

// Where the names that end an RDATA begin, for the types whose names compare without their case (RFC 4034
// §6.2 item 3).
std::optional<std::size_t> name_offset(RrType type, std::span<const std::uint8_t> rdata) {
  switch (type) {
    case type::kNs:
    case type::kCname:
    case type::kPtr:
    case type::kDname:
    case type::kRp:
      return 0;
    case type::kMx:
    case type::kAfsdb:
    case type::kRt:
    case type::kPx:
    case type::kKx:
      return 2;
    case type::kSrv:
      return 6;
    case type::kNaptr: {  // two numbers and three character-strings (RFC 3403 §4.1)
      std::size_t at = 4;
      for (int i = 0; i < 3 && at < rdata.size(); ++i) at += 1U + rdata[at];
      return at;
    }
    default:
      return std::nullopt;
  }
}

std::vector<std::uint8_t> comparable(RrType type, std::vector<std::uint8_t> rdata) {
  if (const auto at = name_offset(type, rdata)) {
    std::transform(rdata.begin() + static_cast<std::ptrdiff_t>(std::min(*at, rdata.size())), rdata.end(),
                   rdata.begin() + static_cast<std::ptrdiff_t>(std::min(*at, rdata.size())), to_lower);
  }
  return rdata;
}

// A few records, none like another even without case: so are most RRsets, and comparing all pairs is quick.
bool surely_differ(std::span<const std::vector<std::uint8_t>> rdatas) {
  constexpr std::size_t kFew = 16;
  if (rdatas.size() > kFew) return false;
  const auto same = [](std::uint8_t a, std::uint8_t b) { return to_lower(a) == to_lower(b); };
  for (std::size_t i = 1; i < rdatas.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (std::ranges::equal(rdatas[i], rdatas[k], same)) return false;
    }
  }
  return true;
}

constexpr std::uint64_t kPlaceMask = (std::uint64_t{1} << 40) - 1;

}  // namespace

bool OwnerSet::insert(std::uint64_t owner_at) {
  if (used_ * 2 >= slots_.size()) grow();
  const auto owner = data_.owner(owner_at);
  const std::uint64_t hash = hash_of(owner);
  const std::uint64_t tag = hash & ~kPlaceMask;
  for (std::size_t i = hash & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
    if (slots_[i] == 0) {
      slots_[i] = tag | (owner_at + 1);
      ++used_;
      return true;
    }
    if ((slots_[i] & ~kPlaceMask) != tag) continue;
    const auto other = data_.owner((slots_[i] & kPlaceMask) - 1);
    if (std::equal(owner.begin(), owner.end(), other.begin(), other.end())) return false;
  }
}

void OwnerSet::grow() {
  LargeArray<std::uint64_t> old(slots_.size() * 2);
  std::swap(old, slots_);
  for (const std::uint64_t slot : old) {
    if (slot == 0) continue;
    std::size_t i = hash_of(data_.owner((slot & kPlaceMask) - 1)) & (slots_.size() - 1);
    while (slots_[i] != 0) i = (i + 1) & (slots_.size() - 1);
    slots_[i] = slot;
  }
}

RecordsReader::RecordsReader(const ZoneHeader& header, const ZoneFileOptions& options,
                             const std::string& file, ZoneData& data, DiagnosticsBudget& budget)
    : header_(header), options_(options), file_(file), data_(data), budget_(budget), owners_(data) {}

JsonView RecordsReader::place(const Json& value, const std::string& key, const std::string& below) const {
  std::string pointer = "/records/" + escape_pointer_token(*owner_key_);
  if (!key.empty()) pointer += "/" + escape_pointer_token(key);
  return {value, file_, budget_.scratch(), pointer + below};
}

// Only for errors that are still told: a hint costs a comparison with every candidate.
std::string RecordsReader::did_you_mean(std::string_view word,
                                        const std::vector<std::string_view>& candidates) const {
  if (budget_.error_count() >= kMaxReported) return {};
  const std::string_view hint = nearest(word, candidates);
  return hint.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", hint);
}

bool RecordsReader::has(RrType type) const {
  return std::any_of(seen_.begin(), seen_.end(), [&](const SeenType& s) { return s.type == type; });
}

void RecordsReader::read_owner(const std::string& key, const Json& value) {
  owner_key_ = &key;
  const auto name = Name::parse(key, data_.apex());
  if (!name) {
    place(value).error(name.error().message);
  } else if (key.ends_with('.') && !name->is_within(data_.apex())) {  // without a dot it is relative
    place(value).error(fmt::format("\"{}\" is outside the zone {}", key, data_.apex().to_string()));
  } else if (!owners_.insert(data_.begin_owner(*name))) {
    place(value).error(fmt::format("{} stands twice in the records, here as \"{}\"", name->to_string(), key));
  } else if (!value.is_object()) {
    place(value).expected("an object of record types");
  } else {
    owner_ = *name;
    is_apex_ = owner_.length() == data_.apex().length();
    read_members(value);
  }
  budget_.drain();
}

void RecordsReader::read_members(const Json& owner) {
  seen_.clear();
  has_pool_ = false;
  owner_ttl_s_.reset();
  if (const auto ttl = owner.find("ttl"); ttl != owner.end()) owner_ttl_s_ = read_ttl(place(*ttl, "ttl"));
  for (auto member = owner.begin(); member != owner.end(); ++member) {
    if (member.key() == "ttl") continue;
    if (member.key() == "pool") {
      read_pool(*member);
    } else {
      read_rrset(member.key(), *member);
    }
  }
  if (owner.size() == (owner.contains("ttl") ? 1U : 0U))
    place(owner).error("the name has neither records nor a pool");
  if (seen_.size() + (has_pool_ ? 1 : 0) > 1) check_company(owner);
  for (const SeenType& seen : seen_) {
    if (seen.count < 2 || (seen.type != type::kCname && seen.type != type::kDname)) continue;
    place(owner, std::string(seen.key))
        .error(fmt::format("a name has at most one {}, found {}", seen.key, seen.count));
  }
  if (!is_apex_ && (has(type::kNs) || has(type::kDname))) check_redirections(owner);
  if (is_apex_) add_soa();
}

void RecordsReader::read_rrset(const std::string& key, const Json& value) {
  const auto type = type_from_text(key);
  if (!type) {
    std::vector<std::string_view> known = common_types();
    known.insert(known.end(), {"pool", "ttl"});
    return place(value, key)
        .error(fmt::format("\"{}\" is not a record type{}", key, did_you_mean(key, known)));
  }
  if (*type == type::kSoa) {
    return place(value, key).error("a second SOA: the zone's own is written under the key \"soa\"");
  }
  const auto same =
      std::find_if(seen_.begin(), seen_.end(), [&](const SeenType& s) { return s.type == *type; });
  if (same != seen_.end()) {
    return place(value, key)
        .error(fmt::format("the type {} stands twice here, also as \"{}\"", type_to_text(*type), same->key));
  }
  rdatas_.clear();
  seen_.push_back({*type, key, 0});
  std::uint32_t ttl_s = owner_ttl_s_.value_or(header_.ttl_s);
  if (!value.is_object()) {
    read_values(*type, value, key, "");
    return commit(*type, ttl_s, value, key);
  }
  const JsonView here = place(value, key);
  for (auto member = value.begin(); member != value.end(); ++member) {
    if (member.key() == "ttl") {
      ttl_s = read_ttl(here.member("ttl")).value_or(ttl_s);
    } else if (member.key() != "data") {
      here.member(member.key())
          .error(
              fmt::format("unknown key \"{}\"{}", member.key(), did_you_mean(member.key(), {"data", "ttl"})));
    }
  }
  const auto data = value.find("data");
  if (data == value.end()) return here.error("the key \"data\" is missing (string or list of strings)");
  read_values(*type, *data, key, "/data");
  commit(*type, ttl_s, value, key);
}

void RecordsReader::read_values(RrType type, const Json& data, const std::string& key,
                                const std::string& below) {
  if (data.is_string()) {
    if (const auto error = read_value(type, data)) place(data, key, below).error(error->message);
    return;
  }
  if (!data.is_array())
    return place(data, key, below).expected("a string, a list of strings or {\"data\": ..., \"ttl\": ...}");
  if (data.empty()) return place(data, key, below).error("an empty list: leave the key out");
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto here = [&] { return place(data[i], key, fmt::format("{}/{}", below, i)); };
    if (data[i].is_string()) {
      if (const auto error = read_value(type, data[i])) here().error(error->message);
    } else if (data[i].is_object()) {
      here().error("records of one type have one TTL: write {\"data\": [...], \"ttl\": ...}");
    } else {
      here().expected("a string");
    }
  }
}

std::optional<Error> RecordsReader::read_value(RrType type, const Json& text) {
  auto rdata = rdata_from_text(type, text.get_ref<const std::string&>(), data_.apex());
  if (!rdata) return rdata.error();
  rdatas_.push_back(std::move(*rdata));
  return std::nullopt;
}

void RecordsReader::drop_duplicates(RrType type, const Json& value, const std::string& key) {
  if (surely_differ(rdatas_)) return;
  std::set<std::vector<std::uint8_t>> seen;
  std::erase_if(rdatas_, [&](const std::vector<std::uint8_t>& rdata) {
    if (seen.insert(comparable(type, rdata)).second) return false;
    place(value, key)
        .warning(fmt::format("\"{}\" stands twice and is served once", rdata_to_text(type, rdata)));
    return true;
  });
}

void RecordsReader::commit(RrType type, std::uint32_t ttl_s, const Json& value, const std::string& key) {
  if (rdatas_.size() > 1) drop_duplicates(type, value, key);
  std::size_t octets = 0;
  for (const auto& rdata : rdatas_) octets += kRecordOverhead + rdata.size();
  const bool referral = type == type::kNs && !is_apex_;
  const std::size_t largest = referral ? kLargestReferral : kLargestBlock;
  if (octets > largest) {
    return place(value, key)
        .error(fmt::format("the RRset takes {} octets, {} carries at most {}", octets,
                           referral ? "a referral" : "a message", largest));
  }
  seen_.back().count = rdatas_.size();
  if (rdatas_.empty()) return;
  data_.begin_rrset(type, ttl_s);
  for (const auto& rdata : rdatas_) data_.add_rdata(rdata);
}

void RecordsReader::read_pool(const Json& value) {
  has_pool_ = true;
  const JsonView here = place(value, "pool");
  std::optional<std::string> name;
  std::uint32_t ttl_s = owner_ttl_s_.value_or(ZoneData::kPoolTtl);
  if (value.is_object()) {
    for (auto member = value.begin(); member != value.end(); ++member) {
      if (member.key() == "name") {
        name = read_string(here.member("name"));
      } else if (member.key() == "ttl") {
        ttl_s = read_ttl(here.member("ttl")).value_or(ttl_s);
      } else {
        here.member(member.key())
            .error(fmt::format("unknown key \"{}\"{}", member.key(),
                               did_you_mean(member.key(), {"name", "ttl"})));
      }
    }
    if (!value.contains("name")) here.error("the key \"name\" is missing (a pool's name)");
  } else if (value.is_string()) {
    name = value.get<std::string>();
  } else {
    here.expected("a pool's name or {\"name\": ..., \"ttl\": ...}");
  }
  if (!name) return;
  if (!header_.pools.contains(*name) && !(options_.pool_known && options_.pool_known(*name))) {
    return here.error(fmt::format("there is no pool \"{}\"{}", *name, pool_hint(*name)));
  }
  data_.add_pool(*name, ttl_s);
}

std::string RecordsReader::pool_hint(const std::string& name) const {
  if (budget_.error_count() >= kMaxReported) return {};  // before the candidates are gathered
  std::vector<std::string_view> known = options_.pool_names;
  for (auto pool = header_.pools.begin(); pool != header_.pools.end(); ++pool) known.push_back(pool.key());
  return did_you_mean(name, known);
}

// RFC 1034 §3.6.2, RFC 2181 §10.1; RRSIG and NSEC are the exceptions (RFC 4034 §2.5).
void RecordsReader::check_company(const Json& owner) const {
  for (const SeenType& seen : seen_) {
    if (has_pool_ && (seen.type == type::kA || seen.type == type::kAaaa || seen.type == type::kCname)) {
      place(owner, "pool")
          .error(fmt::format("a pool gives the name its addresses and cannot stand beside {}", seen.key));
    }
  }
  if (!has(type::kCname)) return;
  for (const SeenType& seen : seen_) {
    if (seen.type == type::kCname || seen.type == type::kRrsig || seen.type == type::kNsec) continue;
    place(owner, "CNAME").error(fmt::format("a CNAME cannot stand beside other data, here {}", seen.key));
  }
}

// What hands the names below an owner to somebody else. At the apex neither is of concern: its NS delegates
// nothing, and it is no source of synthesis (RFC 4592 §4.1).
void RecordsReader::check_redirections(const Json& owner) const {
  const bool wildcard = owner_.is_wildcard();
  for (const SeenType& seen : seen_) {
    const std::string key(seen.key);
    if (seen.type == type::kNs && wildcard) {
      place(owner, key).error("a wildcard cannot be delegated (RFC 4592 §4.2)");
    } else if (seen.type == type::kDname && wildcard) {
      place(owner, key).error("a wildcard cannot be redirected (RFC 6672 §3.3)");
    } else if (seen.type == type::kDname && has(type::kNs)) {
      place(owner, key)
          .error(
              "a DNAME cannot stand beside NS at a zone cut: it belongs into the zone below (RFC 6672 §2.3)");
    }
  }
}

void RecordsReader::add_soa() {
  if (has(type::kCname) && seen_.size() == 1) {
    place(Json(), "CNAME").error("a CNAME cannot stand at the zone's own name, where SOA and NS are");
  }
  Name first_ns;
  const auto entries = data_.entries();
  for (auto entry = entries.rbegin();
       entry != entries.rend() && data_.owner(*entry).size() == owner_.length(); ++entry) {
    if (entry->type != type::kNs) continue;
    apex_has_ns_ = true;
    bool first = true;
    data_.for_each_rdata(*entry, [&](std::span<const std::uint8_t> rdata) {
      if (std::exchange(first, false)) first_ns = Name::from_wire(rdata).value_or(Name());
    });
    break;
  }
  if (!apex_has_ns_ && !has(type::kNs)) {
    place(Json()).error(
        "the zone's own name has no NS: name its servers, such as \"NS\": [\"ns1\", \"ns2\"]");
  }
  apex_has_ns_ = true;  // or reported
  data_.begin_rrset(type::kSoa, header_.soa.ttl_s.value_or(header_.ttl_s));
  data_.add_rdata(soa_rdata(header_.soa, first_ns, options_.default_serial));
}

void RecordsReader::finish() {
  if (apex_has_ns_) return;
  budget_.scratch().error(file_, "/records",
                          "the zone's own name \"@\" is missing: it needs at least \"NS\"");
  budget_.drain();
}

}  // namespace gslbd::zones
