// SPDX-License-Identifier: Apache-2.0
#include "zones/master_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/json.h"
#include "zones/ldns_ptr.h"
#include "zones/rdata.h"
#include "zones/rdata_scan.h"

namespace gslbd::zones {
namespace {

constexpr std::uint32_t kDefaultTtl = 3600;    // ldns's own
constexpr std::uint32_t kMaxTtl = 0x7fffffff;  // RFC 2181 §8

struct Rrset {
  RrType type;
  std::uint32_t ttl_s;
  std::vector<Bytes> rdatas;
};

struct Owner {
  Name name;
  std::vector<Rrset> rrsets;
};

// A master file's records, by owner in the order of their first appearance.
struct Records {
  std::vector<Owner> owners;
  std::unordered_map<std::string, std::size_t> index;
  std::optional<Name> apex;
  Bytes soa;
  std::uint32_t soa_ttl_s = 0;

  Rrset& rrset(const Name& owner, RrType type, std::uint32_t ttl_s) {
    const Name lower = owner.lowercased();
    const std::string key(reinterpret_cast<const char*>(lower.wire().data()), lower.length());
    const auto [found, added] = index.emplace(key, owners.size());
    if (added) owners.push_back({owner, {}});
    auto& rrsets = owners[found->second].rrsets;
    const auto same =
        std::find_if(rrsets.begin(), rrsets.end(), [&](const Rrset& r) { return r.type == type; });
    if (same == rrsets.end()) return rrsets.emplace_back(Rrset{type, ttl_s, {}});
    same->ttl_s = std::min(same->ttl_s, ttl_s);
    return *same;
  }
};

struct CloseFile {
  void operator()(std::FILE* f) const { std::fclose(f); }
};

// What ldns keeps between records.
struct ParserState {
  std::uint32_t ttl_s = kDefaultTtl;
  ldns_rdf* origin = nullptr;
  ldns_rdf* previous = nullptr;
  int line = 1;

  ParserState() = default;
  ParserState(const ParserState&) = delete;
  ParserState& operator=(const ParserState&) = delete;
  ~ParserState() {
    ldns_rdf_deep_free(origin);
    ldns_rdf_deep_free(previous);
  }
};

tl::unexpected<Error> at_line(std::ptrdiff_t line, std::string_view why) {
  return fail(fmt::format("line {}: {}", line, why));
}

constexpr std::string_view kAtLabel = "a name that begins with the label \"@\" cannot be read";

// Whether a word of the line, outside quotations and comments, begins with an "@" that is a whole label: an
// escaped one, or one that a dot follows. `quoted`: the line begins within a quotation; then what follows
// does.
bool has_at_label(std::string_view line, bool& quoted) {
  constexpr std::string_view kSpace = " \t(";
  constexpr std::string_view kLabelEnd = ". \t\r);";
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') quoted = !quoted;
    if (c == ';' && !quoted) return false;
    const bool starts_word = !quoted && (i == 0 || kSpace.find(line[i - 1]) != std::string_view::npos);
    if (starts_word && line.substr(i).starts_with("@.")) return true;
    if (c != '\\') continue;
    const std::string_view escaped = line.substr(i + 1);
    const std::size_t length = escaped.starts_with("064") ? 3 : escaped.starts_with('@') ? 1 : 0;
    if (length != 0 && starts_word) {
      const std::string_view rest = escaped.substr(length);
      if (rest.empty() || kLabelEnd.find(rest[0]) != std::string_view::npos) return true;
    }
    ++i;  // what is escaped ends neither a quotation nor the line
  }
  return false;
}

// What ldns would read as something else: octets that end its strings, relative $ORIGIN, a label that is "@",
// which it takes for the origin. True when the file names an origin.
Result<bool> find_origin(std::string_view text) {
  bool has_origin = false;
  bool quoted = false;
  std::ptrdiff_t line = 1;
  for (std::size_t at = 0; at < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view content = text.substr(at, end - at);
    if (content.find('\0') != std::string_view::npos) return at_line(line, "it has a NUL");
    if (has_at_label(content, quoted)) return at_line(line, kAtLabel);
    constexpr std::string_view kOrigin = "$ORIGIN";
    if (content.starts_with(kOrigin)) {
      std::string_view name = content.substr(kOrigin.size());
      name = name.substr(0, name.find(';'));
      while (!name.empty() && (name.back() == ' ' || name.back() == '\t' || name.back() == '\r'))
        name.remove_suffix(1);
      if (!name.ends_with('.')) return at_line(line, "$ORIGIN needs a name with a final dot");
      has_origin = true;
    }
    at = end + 1;
  }
  return has_origin;
}

Result<void> add_record(Records& records, const ldns_rr* rr, int line) {
  const auto owner = Name::from_wire({ldns_rdf_data(ldns_rr_owner(rr)), ldns_rdf_size(ldns_rr_owner(rr))});
  if (!owner) return at_line(line, owner.error().message);
  if (owner->length() > 2 && owner->wire()[0] == 1 && owner->wire()[1] == '@') return at_line(line, kAtLabel);
  if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN) return at_line(line, "the class is not IN");
  const auto type = static_cast<RrType>(ldns_rr_get_type(rr));
  if (!type_from_text(fmt::format("TYPE{}", type))) return at_line(line, "the type cannot stand in a zone");
  const std::uint32_t ttl_s = ldns_rr_ttl(rr);
  if (ttl_s > kMaxTtl) return at_line(line, fmt::format("the TTL {} is outside 0 to {}", ttl_s, kMaxTtl));
  Bytes rdata;
  for (std::size_t i = 0; i < ldns_rr_rd_count(rr); ++i) {
    const ldns_rdf* field = ldns_rr_rdf(rr, i);
    rdata.insert(rdata.end(), ldns_rdf_data(field), ldns_rdf_data(field) + ldns_rdf_size(field));
  }
  if (!is_well_formed(type, rdata)) {
    return at_line(line, fmt::format("the RDATA is not well formed for the type {}", type_to_text(type)));
  }
  if (type == type::kSoa) {
    if (records.apex) return at_line(line, "a second SOA");
    records.apex = *owner;
    records.soa = std::move(rdata);
    records.soa_ttl_s = ttl_s;
    return {};
  }
  records.rrset(*owner, type, ttl_s).rdatas.push_back(std::move(rdata));
  return {};
}

Result<Records> read_records(std::string_view text, const Name* origin) {
  Records records;
  if (text.empty()) return records;
  std::string copy(text);
  const std::unique_ptr<std::FILE, CloseFile> file(fmemopen(copy.data(), copy.size(), "r"));
  if (!file) return fail("out of memory");
  ParserState state;
  const Name start = origin != nullptr ? *origin : Name();
  state.origin = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, start.length(), start.wire().data());
  while (std::feof(file.get()) == 0) {
    const int line = state.line;
    ldns_rr* rr = nullptr;
    const ldns_status status =
        ldns_rr_new_frm_fp_l(&rr, file.get(), &state.ttl_s, &state.origin, &state.previous, &state.line);
    const LdnsRr owned(rr);
    switch (status) {
      case LDNS_STATUS_OK: {
        if (auto added = add_record(records, rr, line); !added) return tl::unexpected(added.error());
        break;
      }
      case LDNS_STATUS_SYNTAX_EMPTY:
      case LDNS_STATUS_SYNTAX_TTL:
      case LDNS_STATUS_SYNTAX_ORIGIN:
        break;  // an empty line, or a directive that was obeyed
      case LDNS_STATUS_SYNTAX_INCLUDE:
        return at_line(line, "$INCLUDE is not supported: put the files together first");
      default:
        return at_line(line, ldns_get_errorstr_by_id(status));
    }
  }
  return records;
}

std::string json_string(std::string_view text) {
  return Json(std::string(text)).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string json_ttl(std::uint32_t ttl_s) {
  return json_string(format_duration(std::chrono::seconds(ttl_s)));
}

// The common types with their name relative to the zone, as people write them; others as they print.
std::string relative_text(RrType type, const Bytes& rdata, const Name& apex) {
  std::size_t numbers = 0;
  switch (type) {
    case type::kNs:
    case type::kCname:
    case type::kPtr:
    case type::kDname:
      break;
    case type::kMx:
      numbers = 1;
      break;
    case type::kSrv:
      numbers = 3;
      break;
    default:
      return rdata_to_text(type, rdata);
  }
  if (rdata.size() < 2 * numbers) return rdata_to_text(type, rdata);
  const auto name = Name::from_wire(std::span(rdata).subspan(2 * numbers));
  if (!name) return rdata_to_text(type, rdata);
  std::string out;
  for (std::size_t i = 0; i < numbers; ++i) out += fmt::format("{} ", rdata[2 * i] << 8 | rdata[2 * i + 1]);
  return out + name->relative_to(apex);
}

std::string json_rrset(const Rrset& rrset, const Name& apex, bool with_ttl) {
  std::string data;
  for (const Bytes& rdata : rrset.rdatas) {
    data +=
        fmt::format("{}{}", data.empty() ? "" : ", ", json_string(relative_text(rrset.type, rdata, apex)));
  }
  if (rrset.rdatas.size() > 1) data = "[" + data + "]";
  if (with_ttl) data = fmt::format("{{\"data\": {}, \"ttl\": {}}}", data, json_ttl(rrset.ttl_s));
  return fmt::format("{}: {}", json_string(type_to_text(rrset.type)), data);
}

std::string json_owner(const Owner& owner, const Name& apex, std::uint32_t zone_ttl_s) {
  const std::uint32_t first = owner.rrsets.front().ttl_s;
  const bool one_ttl =
      std::all_of(owner.rrsets.begin(), owner.rrsets.end(), [&](const Rrset& r) { return r.ttl_s == first; });
  std::string out;
  for (const Rrset& rrset : owner.rrsets) {
    out += out.empty() ? "" : ", ";
    out += json_rrset(rrset, apex, !one_ttl && rrset.ttl_s != zone_ttl_s);
  }
  if (one_ttl && first != zone_ttl_s) out += fmt::format(", \"ttl\": {}", json_ttl(first));
  return fmt::format("    {}: {{{}}}", json_string(owner.name.relative_to(apex)), out);
}

std::uint32_t most_common_ttl(const Records& records) {
  std::map<std::uint32_t, std::size_t> counts;
  for (const Owner& owner : records.owners) {
    for (const Rrset& rrset : owner.rrsets) ++counts[rrset.ttl_s];
  }
  const auto most =
      std::max_element(counts.begin(), counts.end(), [](auto& a, auto& b) { return a.second < b.second; });
  return most == counts.end() ? kDefaultTtl : most->first;
}

struct SoaFields {
  Name mname;
  Name rname;
  std::uint32_t serial = 0;
  std::uint32_t seconds[4] = {};  // refresh, retry, expire, minimum
};

// The fields of a well-formed SOA.
SoaFields soa_fields(std::span<const std::uint8_t> rdata) {
  SoaFields soa;
  for (Name* name : {&soa.mname, &soa.rname}) {
    *name = leading_name(rdata).value_or(Name());
    rdata = rdata.subspan(name->length());
  }
  for (std::uint32_t* number :
       {&soa.serial, &soa.seconds[0], &soa.seconds[1], &soa.seconds[2], &soa.seconds[3]}) {
    for (const std::uint8_t octet : rdata.first(4)) *number = *number << 8 | octet;
    rdata = rdata.subspan(4);
  }
  return soa;
}

// A zone file's durations end at 2^31-1 s; the fields have 32 bits (RFC 1035 §3.3.13). Larger ones are
// written in the form of one string, which has no place for a TTL: then the SOA's TTL is the zone's.
bool soa_needs_string(const SoaFields& soa) {
  return std::any_of(std::begin(soa.seconds), std::end(soa.seconds),
                     [](std::uint32_t s) { return s > kMaxTtl; });
}

std::string json_soa(const SoaFields& soa, const Name& apex, std::uint32_t soa_ttl_s,
                     std::uint32_t zone_ttl_s) {
  const std::string mname = soa.mname.relative_to(apex);
  const std::string rname = soa.rname.relative_to(apex);
  const auto& [refresh_s, retry_s, expire_s, minimum_s] = soa.seconds;
  if (soa_needs_string(soa)) {
    return json_string(fmt::format("{} {} {} {} {} {} {}", mname, rname, soa.serial, refresh_s, retry_s,
                                   expire_s, minimum_s));
  }
  const std::string ttl =
      soa_ttl_s == zone_ttl_s ? std::string() : fmt::format(", \"ttl\": {}", json_ttl(soa_ttl_s));
  return fmt::format(
      "{{\"mname\": {}, \"rname\": {}, \"serial\": {}, \"refresh\": {}, \"retry\": {}, \"expire\": {}, "
      "\"minimum\": {}{}}}",
      json_string(mname), json_string(rname), soa.serial, json_ttl(refresh_s), json_ttl(retry_s),
      json_ttl(expire_s), json_ttl(minimum_s), ttl);
}

std::string to_json(const Records& records) {
  const Name& apex = *records.apex;
  const SoaFields soa = soa_fields(records.soa);
  const std::uint32_t ttl_s = soa_needs_string(soa) ? records.soa_ttl_s : most_common_ttl(records);
  std::string zone = apex.to_string();
  if (!apex.is_root()) zone.pop_back();
  std::string out =
      fmt::format("{{\n  \"zone\": {},\n  \"ttl\": {},\n  \"soa\": {},\n  \"records\": {{", json_string(zone),
                  json_ttl(ttl_s), json_soa(soa, apex, records.soa_ttl_s, ttl_s));
  const char* separator = "\n";
  for (const Owner& owner : records.owners) {
    out += separator + json_owner(owner, apex, ttl_s);
    separator = ",\n";
  }
  return out + "\n  }\n}\n";
}

}  // namespace

Result<std::string> master_to_json(std::string_view text, const Name* origin) {
  const auto has_origin = find_origin(text);
  if (!has_origin) return tl::unexpected(has_origin.error());
  const auto records = read_records(text, origin);
  if (!records) return tl::unexpected(records.error());
  if (!records->apex) return fail("there is no SOA: it names the zone");
  if (records->apex->is_root() && origin == nullptr && !*has_origin) {
    return fail("there is no $ORIGIN: give the zone's name");
  }
  for (const Owner& owner : records->owners) {
    if (owner.name.is_within(*records->apex)) continue;
    return fail(fmt::format("{} is outside the zone {}", owner.name.to_string(), records->apex->to_string()));
  }
  return to_json(*records);
}

std::string rr_to_master_line(const Name& owner, std::uint32_t ttl_s, RrType type,
                              std::span<const std::uint8_t> rdata) {
  return fmt::format("{}\t{}\tIN\t{}\t{}\n", owner.to_string(), ttl_s, type_to_text(type),
                     rdata_to_text(type, rdata));
}

}  // namespace gslbd::zones
