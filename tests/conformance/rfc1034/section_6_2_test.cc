// SPDX-License-Identifier: Apache-2.0
// RFC 1034 §6.2: the standard queries of its examples, against the part of its zones that they need, served
// as C.ISI.EDU serves them: the root zone and EDU.
#include <algorithm>

#include "tests/conformance/world.h"

namespace gslbd::test {
namespace {

World c_isi_edu() {
  const std::string root = R"({"zone": ".", "ttl": "1d",
    "soa": {"mname": "SRI-NIC.ARPA", "rname": "HOSTMASTER.SRI-NIC.ARPA", "serial": 870611, "refresh": 1800,
            "retry": 300, "expire": 604800, "minimum": 86400},
    "records": {
      "@": {"NS": ["A.ISI.EDU", "C.ISI.EDU", "SRI-NIC.ARPA"]},
      "MIL": {"NS": ["SRI-NIC.ARPA", "A.ISI.EDU"]},
      "EDU": {"NS": ["SRI-NIC.ARPA", "C.ISI.EDU"]},
      "SRI-NIC.ARPA": {"A": ["26.0.0.73", "10.0.0.51"], "MX": "0 SRI-NIC.ARPA", "HINFO": "DEC-2060 TOPS20"},
      "USC-ISIC.ARPA": {"CNAME": "C.ISI.EDU"},
      "A.ISI.EDU": {"A": "26.3.0.103"},
      "C.ISI.EDU": {"A": "10.0.0.52"}}})";
  const std::string edu = R"({"zone": "EDU", "ttl": "1d",
    "soa": {"mname": "SRI-NIC.ARPA.", "rname": "HOSTMASTER.SRI-NIC.ARPA.", "serial": 870729, "refresh": 1800,
            "retry": 300, "expire": 604800, "minimum": 86400},
    "records": {
      "@": {"NS": ["SRI-NIC.ARPA.", "C.ISI"]},
      "ISI": {"NS": ["VAXA.ISI", "A.ISI"]},
      "VAXA.ISI": {"A": ["10.2.0.27", "128.9.0.33"]},
      "A.ISI": {"A": "26.3.0.103"},
      "C.ISI": {"A": "10.0.0.52"}}})";
  return World({root, edu});
}

}  // namespace

TEST_CASE("RFC 1034 §6.2.1: QNAME=SRI-NIC.ARPA, QTYPE=A") {
  auto w = c_isi_edu();
  const auto m = w.ask("SRI-NIC.ARPA.", type::kA);
  CHECK(m.aa);
  CHECK(m.rcode == rcode::kNoError);
  CHECK(m.answer == Lines{"SRI-NIC.ARPA. 86400 IN A 10.0.0.51", "SRI-NIC.ARPA. 86400 IN A 26.0.0.73"});
}

TEST_CASE("RFC 1034 §6.2.3: QNAME=SRI-NIC.ARPA, QTYPE=MX brings the address along") {
  auto w = c_isi_edu();
  const auto m = w.ask("SRI-NIC.ARPA.", type::kMx);
  CHECK(m.aa);
  CHECK(m.answer == Lines{"SRI-NIC.ARPA. 86400 IN MX 0 SRI-NIC.ARPA."});
  CHECK(m.additional == Lines{"SRI-NIC.ARPA. 86400 IN A 10.0.0.51", "SRI-NIC.ARPA. 86400 IN A 26.0.0.73"});
}

TEST_CASE("RFC 1034 §6.2.4: QNAME=SRI-NIC.ARPA, QTYPE=NS: there is no such data") {
  auto w = c_isi_edu();
  const auto m = w.ask("SRI-NIC.ARPA.", type::kNs);
  CHECK(m.aa);
  CHECK(m.rcode == rcode::kNoError);
  CHECK(m.answer.empty());
}

TEST_CASE("RFC 1034 §6.2.5: QNAME=SIR-NIC.ARPA: an authoritative name error with the SOA") {
  auto w = c_isi_edu();
  const auto m = w.ask("SIR-NIC.ARPA.", type::kA);
  CHECK(m.aa);
  CHECK(m.rcode == rcode::kNxDomain);
  REQUIRE(m.authority.size() == 1);
  CHECK(m.authority[0].substr(0, 12) == ". 86400 IN S");
}

TEST_CASE("RFC 1034 §6.2.6: QNAME=BRL.MIL: a referral to the servers of MIL with their addresses") {
  auto w = c_isi_edu();
  const auto m = w.ask("BRL.MIL.", type::kA);
  CHECK_FALSE(m.aa);
  CHECK(m.answer.empty());
  CHECK(m.authority == Lines{"MIL. 86400 IN NS A.ISI.EDU.", "MIL. 86400 IN NS SRI-NIC.ARPA."});
  for (const char* line : {"SRI-NIC.ARPA. 86400 IN A 10.0.0.51", "SRI-NIC.ARPA. 86400 IN A 26.0.0.73",
                           "A.ISI.EDU. 86400 IN A 26.3.0.103"}) {
    INFO(line);
    CHECK(std::count(m.additional.begin(), m.additional.end(), line) == 1);
  }
}

TEST_CASE("RFC 1034 §6.2.7: QNAME=USC-ISIC.ARPA, QTYPE=A: the CNAME, and what is known behind it") {
  auto w = c_isi_edu();
  const auto m = w.ask("USC-ISIC.ARPA.", type::kA);
  REQUIRE_FALSE(m.answer_in_order.empty());
  CHECK(m.answer_in_order[0] == "USC-ISIC.ARPA. 86400 IN CNAME C.ISI.EDU.");
  CHECK(m.rcode == rcode::kNoError);
  // C.ISI.EDU lies below the cut ISI.EDU of the EDU zone that we serve: a referral follows.
  CHECK(m.authority == Lines{"ISI.EDU. 86400 IN NS A.ISI.EDU.", "ISI.EDU. 86400 IN NS VAXA.ISI.EDU."});
}

TEST_CASE("RFC 1034 §6.2.8: QNAME=USC-ISIC.ARPA, QTYPE=CNAME: the CNAME alone") {
  auto w = c_isi_edu();
  const auto m = w.ask("USC-ISIC.ARPA.", type::kCname);
  CHECK(m.aa);
  CHECK(m.answer == Lines{"USC-ISIC.ARPA. 86400 IN CNAME C.ISI.EDU."});
  CHECK(m.authority.empty());
}

}  // namespace gslbd::test
