// SPDX-License-Identifier: Apache-2.0
#include "zones/zone_file_header.h"

#include <chrono>

#include "core/json_fields.h"
#include "zones/rdata.h"
#include "zones/zone_file.h"

namespace gslbd::zones {
namespace {

constexpr std::uint32_t kMaxTtl = 0x7fffffff;  // RFC 2181 §8

void read_name(const JsonView& v, const Name& origin, std::optional<Name>& into) {
  const auto text = read_string(v);
  if (!text) return;
  const auto name = Name::parse(*text, origin);
  if (name) {
    into = *name;
  } else {
    v.error(name.error().message);
  }
}

void read_ttl_into(const JsonView& v, std::uint32_t& into) {
  into = read_ttl(v).value_or(into);
}

const Field<SoaSettings> kSoaFields[] = {
    {"mname", "name", "the first NS of the zone", "The primary name server.",
     [](const JsonView& v, SoaSettings& s) { read_name(v, s.apex, s.mname); }},
    {"rname", "name", "hostmaster", "The mailbox of who is responsible, its @ written as a dot.",
     [](const JsonView& v, SoaSettings& s) { read_name(v, s.apex, s.rname); }},
    {"serial", "0 to 4294967295", "grows with every change", "The version of the zone.",
     [](const JsonView& v, SoaSettings& s) {
       if (const auto n = read_integer(v, 0, UINT32_MAX)) s.serial = static_cast<std::uint32_t>(*n);
     }},
    {"refresh", "duration", "1h", "How often a secondary asks for a new version.",
     [](const JsonView& v, SoaSettings& s) { read_ttl_into(v, s.refresh_s); }},
    {"retry", "duration", "10m", "How soon a secondary asks again after a failure.",
     [](const JsonView& v, SoaSettings& s) { read_ttl_into(v, s.retry_s); }},
    {"expire", "duration", "2w", "After how long without an answer a secondary stops serving the zone.",
     [](const JsonView& v, SoaSettings& s) { read_ttl_into(v, s.expire_s); }},
    {"minimum", "duration", "5s",
     "How long resolvers may keep the answer that there is no such name or data.",
     [](const JsonView& v, SoaSettings& s) { read_ttl_into(v, s.minimum_s); }},
    {"ttl", "duration", "the zone's ttl", "The TTL of the SOA record itself.",
     [](const JsonView& v, SoaSettings& s) { s.ttl_s = read_ttl(v); }},
};

void read_soa(const JsonView& v, SoaSettings& soa) {
  if (v.json().is_object()) return read_object<SoaSettings>(v, kSoaFields, soa);
  if (!v.json().is_string()) return v.expected("an object or a string in presentation format");
  auto rdata = rdata_from_text(type::kSoa, v.json().get_ref<const std::string&>(), soa.apex);
  if (!rdata) return v.error(rdata.error().message);
  soa.rdata = std::move(*rdata);
}

void read_apex(const JsonView& v, ZoneHeader& header) {
  read_name(v, Name(), header.apex);
  if (!header.apex) return;
  header.apex =
      header.apex->lowercased();  // as ZoneData keeps it: names completed with it look alike everywhere
  header.soa.apex = *header.apex;
}

void read_part(const JsonView& v, Json& into) {
  if (!v.json().is_object()) return v.expected("an object");
  into = v.json();
}

// An empty list of those who may ask would read as "nobody" and mean "everybody": it must be said.
void read_allow(const JsonView& v, ZoneHeader& header) {
  if (v.json().is_array() && v.json().empty()) return v.expected("at least one prefix");
  header.allow = read_prefixes(v);
}

// "zone" comes first: names in the other keys are relative to it.
const Field<ZoneHeader> kZoneFields[] = {
    {"zone", "name", "required", "The zone's own name; the final dot may be left out.", read_apex},
    {"ttl", "duration, 0 to 2147483647s", "5m", "The TTL of every RRset that gives none.",
     [](const JsonView& v, ZoneHeader& h) { read_ttl_into(v, h.ttl_s); }},
    {"soa", "object or string", "{}",
     "The start of authority, as an object or as one string in presentation format.",
     [](const JsonView& v, ZoneHeader& h) { read_soa(v, h.soa); }},
    {"records", "object", "required", "Owner names and their records.",
     [](const JsonView& v, ZoneHeader&) {
       if (!v.json().is_object()) v.expected("an object of owner names");
     }},
    {"allow", "prefix, or list of them", "everybody",
     "Who may ask for names of the zone; the longest prefix in `allow` and `deny` that covers the client "
     "decides, and with `allow` all others are refused.",
     read_allow},
    {"deny", "prefix, or list of them", "nobody", "Who may not ask for names of the zone.",
     [](const JsonView& v, ZoneHeader& h) { h.deny = read_prefixes(v); }},
    {"sites", "object", "{}", "Sites that this zone alone sees.",
     [](const JsonView& v, ZoneHeader& h) { read_part(v, h.sites); }},
    {"checks", "object", "{}", "Checks that this zone alone sees.",
     [](const JsonView& v, ZoneHeader& h) { read_part(v, h.checks); }},
    {"pools", "object", "{}", "Pools that this zone alone sees.",
     [](const JsonView& v, ZoneHeader& h) { read_part(v, h.pools); }},
};

template <class T, std::size_t N>
std::vector<FieldDoc> docs_of(const Field<T> (&fields)[N]) {
  std::vector<FieldDoc> docs;
  for (const auto& field : fields)
    docs.push_back({std::string(field.key), field.type, field.fallback, field.help});
  return docs;
}

}  // namespace

std::vector<FieldDoc> zone_field_docs() {
  return docs_of(kZoneFields);
}
std::vector<FieldDoc> soa_field_docs() {
  return docs_of(kSoaFields);
}

std::optional<std::uint32_t> read_ttl(const JsonView& v) {
  const auto ttl = read_duration(v, Duration(0), std::chrono::seconds(kMaxTtl));
  if (!ttl) return std::nullopt;
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(*ttl);
  if (whole != *ttl) {
    v.expected("whole seconds");
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(whole.count());
}

ZoneHeader read_zone_header(const JsonView& document) {
  ZoneHeader header;
  read_object<ZoneHeader>(document, kZoneFields, header);
  return header;
}

std::vector<std::uint8_t> soa_rdata(const SoaSettings& soa, const Name& first_ns,
                                    std::uint32_t default_serial) {
  if (soa.rdata) return *soa.rdata;
  std::vector<std::uint8_t> out;
  // "hostmaster" under an apex of 255 octets has no room; the apex itself always has.
  const Name rname = soa.rname.value_or(Name::parse("hostmaster", soa.apex).value_or(soa.apex));
  for (const Name& name : {soa.mname.value_or(first_ns), rname}) {
    out.insert(out.end(), name.wire().begin(), name.wire().end());
  }
  for (const std::uint32_t number :
       {soa.serial.value_or(default_serial), soa.refresh_s, soa.retry_s, soa.expire_s, soa.minimum_s}) {
    for (const unsigned shift : {24U, 16U, 8U, 0U})
      out.push_back(static_cast<std::uint8_t>(number >> shift & 0xff));
  }
  return out;
}

}  // namespace gslbd::zones
