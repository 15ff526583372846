// SPDX-License-Identifier: Apache-2.0
#include "tests/support/ldns_message.h"

#include <ldns/ldns.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace gslbd::test {
namespace {

std::string take(char* text) {
  std::string out = text == nullptr ? "" : text;
  std::free(text);
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  std::replace(out.begin(), out.end(), '\t', ' ');
  return out;
}

std::vector<std::string> lines(const ldns_rr_list* list) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(list); ++i)
    out.push_back(take(ldns_rr2str(ldns_rr_list_rr(list, i))));
  return out;
}

std::vector<std::string> sorted(std::vector<std::string> v) {
  std::sort(v.begin(), v.end());
  return v;
}

void put16(std::vector<std::uint8_t>& out, unsigned v) {
  out.push_back(static_cast<std::uint8_t>(v >> 8));
  out.push_back(static_cast<std::uint8_t>(v & 0xff));
}

std::vector<EdnsOption> options_of(std::span<const std::uint8_t> rdata) {
  std::vector<EdnsOption> out;
  while (rdata.size() >= 4) {
    EdnsOption option;
    option.code = static_cast<std::uint16_t>(rdata[0] << 8 | rdata[1]);
    const std::size_t length = static_cast<std::size_t>(rdata[2] << 8 | rdata[3]);
    rdata = rdata.subspan(4);
    if (length > rdata.size()) break;
    option.data.assign(rdata.begin(), rdata.begin() + static_cast<std::ptrdiff_t>(length));
    rdata = rdata.subspan(length);
    out.push_back(std::move(option));
  }
  return out;
}

}  // namespace

const EdnsOption* Message::option(std::uint16_t code) const {
  const auto at = std::find_if(options.begin(), options.end(), [&](const auto& o) { return o.code == code; });
  return at == options.end() ? nullptr : &*at;
}

std::vector<std::uint8_t> wire_name(const std::string& name) {
  ldns_rdf* dname = ldns_dname_new_frm_str(name.c_str());
  if (dname == nullptr) return {};
  std::vector<std::uint8_t> out(ldns_rdf_data(dname), ldns_rdf_data(dname) + ldns_rdf_size(dname));
  ldns_rdf_deep_free(dname);
  return out;
}

std::optional<Message> parse_message(std::span<const std::uint8_t> wire) {
  ldns_pkt* raw = nullptr;
  if (ldns_wire2pkt(&raw, wire.data(), wire.size()) != LDNS_STATUS_OK) return std::nullopt;
  const std::unique_ptr<ldns_pkt, decltype(&ldns_pkt_free)> pkt(raw, &ldns_pkt_free);
  Message m;
  m.size = wire.size();
  m.wire.assign(wire.begin(), wire.end());
  m.z = (wire[3] & 0x40) != 0;
  m.id = ldns_pkt_id(raw);
  m.rcode = static_cast<int>(ldns_pkt_get_rcode(raw)) | ldns_pkt_edns_extended_rcode(raw) << 4;
  m.opcode = static_cast<int>(ldns_pkt_get_opcode(raw));
  m.qr = ldns_pkt_qr(raw);
  m.aa = ldns_pkt_aa(raw);
  m.tc = ldns_pkt_tc(raw);
  m.rd = ldns_pkt_rd(raw);
  m.ra = ldns_pkt_ra(raw);
  m.ad = ldns_pkt_ad(raw);
  m.cd = ldns_pkt_cd(raw);
  m.question_count = ldns_rr_list_rr_count(ldns_pkt_question(raw));
  if (m.question_count == 1) {
    const ldns_rr* q = ldns_rr_list_rr(ldns_pkt_question(raw), 0);
    m.qname = take(ldns_rdf2str(ldns_rr_owner(q)));
    m.qtype = static_cast<std::uint16_t>(ldns_rr_get_type(q));
    m.qclass = static_cast<std::uint16_t>(ldns_rr_get_class(q));
  }
  m.answer_in_order = lines(ldns_pkt_answer(raw));
  m.answer = sorted(m.answer_in_order);
  m.authority = sorted(lines(ldns_pkt_authority(raw)));
  m.additional = sorted(lines(ldns_pkt_additional(raw)));
  m.edns = ldns_pkt_edns(raw);
  m.dnssec_ok = ldns_pkt_edns_do(raw);
  m.udp_payload = ldns_pkt_edns_udp_size(raw);
  m.edns_version = ldns_pkt_edns_version(raw);
  m.edns_flags = ldns_pkt_edns_z(raw);
  if (const ldns_rdf* data = ldns_pkt_edns_data(raw); data != nullptr) {
    m.options = options_of({ldns_rdf_data(data), ldns_rdf_size(data)});
  }
  return m;
}

std::vector<std::uint8_t> make_query(const std::string& name, std::uint16_t qtype,
                                     const QueryOptions& options) {
  const bool edns = options.edns || !options.options.empty();
  std::vector<std::uint8_t> out;
  put16(out, options.id);
  put16(out, options.flags | (options.rd ? 0x0100U : 0U));
  put16(out, 1);
  put16(out, 0);
  put16(out, 0);
  put16(out, edns ? 1 : 0);
  const auto qname = wire_name(name);
  out.insert(out.end(), qname.begin(), qname.end());
  put16(out, qtype);
  put16(out, options.qclass);
  if (!edns) return out;
  out.push_back(0);
  put16(out, 41);
  put16(out, options.udp_payload);
  out.push_back(0);
  out.push_back(options.edns_version);
  put16(out, options.edns_flags | (options.dnssec_ok ? 0x8000U : 0U));
  std::vector<std::uint8_t> rdata;
  for (const EdnsOption& o : options.options) {
    put16(rdata, o.code);
    put16(rdata, static_cast<unsigned>(o.data.size()));
    rdata.insert(rdata.end(), o.data.begin(), o.data.end());
  }
  put16(out, static_cast<unsigned>(rdata.size()));
  out.insert(out.end(), rdata.begin(), rdata.end());
  return out;
}

}  // namespace gslbd::test
