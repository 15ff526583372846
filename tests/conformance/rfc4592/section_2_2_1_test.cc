// SPDX-License-Identifier: Apache-2.0
// RFC 4592 §2.2.1: the example zone and each of its questions. hostN have pools beside the records that the
// RFC gives them.
#include "tests/conformance/world.h"

namespace gslbd::test {
namespace {

World example() {
  return World(
      {R"({"zone": "example", "ttl": 3600, "soa": {"mname": "ns.example.com.", "rname": "h", "serial": 1,
      "minimum": 5}, "records": {
    "@": {"NS": ["ns.example.com.", "ns.example.net."]},
    "*": {"TXT": "\"this is a wildcard\"", "MX": "10 host1.example."},
    "sub.*": {"TXT": "\"this is not a wildcard\""},
    "host1": {"pool": "one"},
    "_ssh._tcp.host1": {"SRV": "0 0 22 host1"},
    "_ssh._tcp.host2": {"SRV": "0 0 22 host2"},
    "subdel": {"NS": ["ns.example.com.", "ns.example.net."]}}})"},
      {{"one", {"192.0.2.1"}}});
}

const Lines kSoa{"example. 5 IN SOA ns.example.com. h.example. 1 3600 600 1209600 5"};

void check_no_data(const Message& m) {
  CHECK(m.rcode == rcode::kNoError);
  CHECK(m.aa);
  CHECK(m.answer.empty());
  CHECK(m.authority == kSoa);
}

void check_name_error(const Message& m) {
  CHECK(m.rcode == rcode::kNxDomain);
  CHECK(m.aa);
  CHECK(m.answer.empty());
  CHECK(m.authority == kSoa);
}

}  // namespace

TEST_CASE("RFC 4592: host3.example MX is synthesized from the wildcard") {
  auto w = example();
  const auto m = w.ask("host3.example.", type::kMx);
  CHECK(m.aa);
  CHECK(m.answer == Lines{"host3.example. 3600 IN MX 10 host1.example."});
  CHECK(m.additional == Lines{"host1.example. 20 IN A 192.0.2.1"});
}

TEST_CASE("RFC 4592: host3.example A has no data: the wildcard has none of that type") {
  auto w = example();
  check_no_data(w.ask("host3.example.", type::kA));
}

TEST_CASE("RFC 4592: foo.bar.example TXT is synthesized: bar.example does not exist") {
  auto w = example();
  CHECK(w.ask("foo.bar.example.", type::kTxt).answer ==
        Lines{"foo.bar.example. 3600 IN TXT \"this is a wildcard\""});
}

TEST_CASE("RFC 4592: host1.example MX has no data: the name exists") {
  auto w = example();
  check_no_data(w.ask("host1.example.", type::kMx));
}

TEST_CASE("RFC 4592: sub.*.example MX has no data: the name exists") {
  auto w = example();
  check_no_data(w.ask("sub.*.example.", type::kMx));
  CHECK(w.ask("sub.*.example.", type::kTxt).answer ==
        Lines{"sub.*.example. 3600 IN TXT \"this is not a wildcard\""});
}

TEST_CASE(
    "RFC 4592: _telnet._tcp.host1.example SRV is a name error: _tcp.host1.example exists, and has no "
    "wildcard") {
  auto w = example();
  check_name_error(w.ask("_telnet._tcp.host1.example.", type::kSrv));
}

TEST_CASE("RFC 4592: host.subdel.example A is a referral: subdel.example is a zone cut") {
  auto w = example();
  const auto m = w.ask("host.subdel.example.", type::kA);
  CHECK_FALSE(m.aa);
  CHECK(m.answer.empty());
  CHECK(m.authority ==
        Lines{"subdel.example. 3600 IN NS ns.example.com.", "subdel.example. 3600 IN NS ns.example.net."});
}

TEST_CASE("RFC 4592: ghost.*.example MX is a name error: *.example exists, and *.*.example does not") {
  auto w = example();
  check_name_error(w.ask("ghost.*.example.", type::kMx));
}

TEST_CASE("RFC 4592: the wildcard itself is a name like any other (§2.1.1)") {
  auto w = example();
  CHECK(w.ask("*.example.", type::kMx).answer == Lines{"*.example. 3600 IN MX 10 host1.example."});
}

}  // namespace gslbd::test
