// SPDX-License-Identifier: Apache-2.0
#include "zones/rdata.h"

#include <random>

#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::zones;

namespace {

using Bytes = std::vector<std::uint8_t>;

const Name& origin() {
  static const Name kOrigin = Name::parse("ex.").value();
  return kOrigin;
}

Result<Bytes> read(std::string_view type, std::string_view text) {
  return rdata_from_text(type_from_text(type).value(), text, origin());
}

std::string why(std::string_view type, std::string_view text) {
  const auto read_back = read(type, text);
  return read_back ? "accepted" : read_back.error().message;
}

// What the text becomes when it is read and printed again.
std::string printed(std::string_view type, std::string_view text) {
  const auto rdata = read(type, text);
  if (!rdata) return rdata.error().message;
  return rdata_to_text(type_from_text(type).value(), *rdata);
}

// RDATA of many types as it is printed.
const std::pair<const char*, const char*> kPrinted[] = {
    {"A", "192.0.2.1"},
    {"AAAA", "2001:db8::1"},
    {"NS", "ns1.ex."},
    {"SOA", "ns.ex. hostmaster.ex. 1 3600 600 1209600 5"},
    {"PTR", "a\\.b\\032.ex."},
    {"MX", "10 mail.ex."},
    {"TXT", "\"v=spf1 -all\" \"a\\\"b\\\\c\\000\\255\""},
    {"SRV", "10 5 5060 sip.ex."},
    {"NAPTR", "100 50 \"s\" \"SIP+D2U\" \"!^.*$!sip:x@ex!\" _sip._udp.ex."},
    {"CAA", "0 issue \"ca.example; account=1\""},
    {"TLSA", "3 1 1 d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971"},
    {"SSHFP", "1 1 123456789abcdef67890123456789abcdef67890"},
    {"SVCB", "1 foo.ex. alpn=h2,h3 port=8443"},
    {"HTTPS", "1 . mandatory=alpn alpn=h2 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1"},
    {"HTTPS", "1 . alpn=h2 no-default-alpn ech=AEX+DQ=="},
    {"HTTPS", "0 svc.ex."},
    {"DS", "12345 13 2 49fd46e6c4b45c55d4ac"},
    {"DNSKEY",
     "257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="},
    {"LOC", "52 22 23.000 N 04 53 32.000 E -2m 0.00m 10000m 10m"},
    {"HINFO", "\"PC\" \"Linux\""},
    {"RP", "a.ex. b.ex."},
    {"URI", "10 1 \"ftp://ftp.ex/public\""},
    {"OPENPGPKEY", "AQIDBA=="},
    {"CERT", "PKIX 2 3 AQID"},
    {"APL", "1:192.168.32.0/21 !1:192.168.38.0/28"},
    {"EUI48", "00-00-5e-00-53-2a"},
    {"DNAME", "other."},
    {"SMIMEA", "3 0 0 00"},
    {"CSYNC", "66 3 A NS AAAA"},
    {"NSEC", "b.ex. A MX TYPE1234"},
    {"TYPE65534", "\\# 4 0a000001"},
    {"TYPE65534", "\\# 0"},
};

}  // namespace

TEST_CASE("types are mnemonics in any case or RFC 3597's numbers") {
  CHECK(type_from_text("a") == type::kA);
  CHECK(type_from_text("Https") == type::kHttps);
  CHECK(type_from_text("TYPE65534") == 65534);
  CHECK(type_from_text("type1") == type::kA);
  CHECK(type_to_text(257) == "CAA");
  CHECK(type_to_text(65534) == "TYPE65534");
}

TEST_CASE("what is no type of data is refused (RFC 6895 §3.1)") {
  for (const char* text : {"", "ANY", "AXFR", "IXFR", "OPT", "TSIG", "TKEY", "MAILA", "TYPE0", "TYPE41",
                           "TYPE255", "TYPE65536", "TYPE", "TYPE1x", "TYPE-1", "AA", "MXX", "POOL", "A "}) {
    CAPTURE(text);
    CHECK_FALSE(type_from_text(text).has_value());
  }
}

TEST_CASE("common types become the octets of their RFCs") {
  CHECK(read("A", "192.0.2.1").value() == Bytes{192, 0, 2, 1});
  CHECK(read("AAAA", "2001:db8::1").value() == Bytes{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  CHECK(read("NS", "Ns1").value() == Bytes{3, 'N', 's', '1', 2, 'e', 'x', 0});
  CHECK(read("CNAME", "@").value() == Bytes{2, 'e', 'x', 0});
  CHECK(read("MX", "10 mail.").value() == Bytes{0, 10, 4, 'm', 'a', 'i', 'l', 0});
  CHECK(read("SRV", "1 2 443 .").value() == Bytes{0, 1, 0, 2, 1, 187, 0});
  CHECK(read("TXT", "\"a b\" c \"\"").value() == Bytes{3, 'a', ' ', 'b', 1, 'c', 0});
  CHECK(read("TXT", "\\065\\\"\\;").value() == Bytes{3, 'A', '"', ';'});
  CHECK(read("TYPE65534", "\\# 4 0a00 0001").value() == Bytes{10, 0, 0, 1});
  CHECK(read("TYPE65534", "\\# 0").value().empty());
  CHECK(read("A", "\\# 4 0A000001").value() == Bytes{10, 0, 0, 1});
  // SvcParams travel in ascending order of their keys (RFC 9460 §2.2).
  CHECK(read("HTTPS", "1 . port=443 alpn=h2").value() ==
        Bytes{0, 1, 0, 0, 1, 0, 3, 2, 'h', '2', 0, 3, 0, 2, 1, 187});
}

TEST_CASE("every type reads what it prints") {
  for (const auto& [type, text] : kPrinted) CHECK(printed(type, text) == text);
}

TEST_CASE("relative names are completed with the origin in every type that has one") {
  CHECK(printed("NAPTR", "1 2 \"\" \"\" \"\" sip") == "1 2 \"\" \"\" \"\" sip.ex.");
  CHECK(printed("HTTPS", "1 svc alpn=h2") == "1 svc.ex. alpn=h2");
  CHECK(printed("RP", "a @") == "a.ex. ex.");
  CHECK(printed("SOA", "( ns1 hostmaster 1 1h 10m 2w 5 )") == "ns1.ex. hostmaster.ex. 1 3600 600 1209600 5");
}

TEST_CASE("what other readers of zone files take for more than a character is escaped (RFC 1035 §5.1)") {
  CHECK(printed("KX", "48 \\036x.ex.") == "48 \\036x.ex.");
  CHECK(printed("AFSDB", "2 a.\\064.ex.") == "2 a.\\064.ex.");
  CHECK(printed("SVCB", "1 \\036x.ex.") == "1 \\036x.ex.");
  CHECK(printed("NAPTR", "1 1 \"u\" \"a$b@c\" \"\" .") == "1 1 \"u\" \"a$b@c\" \"\" .");
}

TEST_CASE("a label that is an at sign is not the origin") {
  CHECK(printed("RP", "\\064.x.ex. @") == "\\064.x.ex. ex.");
  CHECK(printed("KX", "5 \\@.x.ex.") == "5 \\064.x.ex.");
  CHECK(printed("SVCB", "1 \\064") == "1 \\064.ex.");
  CHECK(printed("HTTPS", "1 \\064.x.ex. alpn=h2 port=443") == "1 \\064.x.ex. alpn=h2 port=443");
}

TEST_CASE("a label that is an at sign is refused where it cannot be told from the origin") {
  const std::string hip = "2 200100107B1A74DF365639CC39F1D578 AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cI ";
  CHECK(why("HIP", hip + "x.ex.") == "accepted");
  CHECK(why("HIP", hip + "\\064.x.ex.").find("the label \"@\"") != std::string::npos);
}

TEST_CASE("an RDATA that does not parse is quoted with what was expected") {
  CHECK(why("A", "192.0.2") == "\"192.0.2\" is not an IPv4 address");
  CHECK(why("A", "192.0.2.1 ") == "\"192.0.2.1 \" is not an IPv4 address");
  CHECK(why("AAAA", "192.0.2.1") == "\"192.0.2.1\" is not an IPv6 address");
  CHECK(why("NS", "a..b") == "\"a..b\" is not a domain name: it has an empty label");
  CHECK(why("NS", "a b") == "\"a b\" is not a domain name: write \\032 for the octet 32");
  CHECK(why("MX", "10") == "\"10\" is not MX RDATA: expected \"preference exchange\" such as \"10 mail\"");
  CHECK(why("MX", "65536 mail") ==
        "\"65536 mail\" is not MX RDATA: \"65536\" is not a number from 0 to 65535; expected "
        "\"preference exchange\" such as \"10 mail\"");
  CHECK(why("TXT", "\"open") == "\"\"open\" is not TXT RDATA: a quotation mark is missing");
  CHECK(why("TXT", "a;b") ==
        "\"a;b\" is not TXT RDATA: a comment has no place here; quote or escape the semicolon");
  CHECK(why("TXT", std::string(256, 'x')).find("a string has 256 octets, at most 255 fit") !=
        std::string::npos);
  CHECK(why("TLSA", "3 1") ==
        "\"3 1\" is not TLSA RDATA: value expected; expected usage selector matching-type data");
  CHECK(why("TYPE65534", "\\# 4 0a") ==
        "\"\\# 4 0a\" is not TYPE65534 RDATA: 4 octets need 8 hexadecimal digits, found 2");
  CHECK(why("TYPE65534", "x") ==
        "\"x\" is not TYPE65534 RDATA: this type is only read in the form \"\\# octets hexadecimal\" (RFC "
        "3597)");
  CHECK(why("A", "\\# 3 0a0000") ==
        "\"\\# 3 0a0000\" is not A RDATA: the octets are not well formed for this type");
}

TEST_CASE(
    "what other parsers let pass is refused: leftovers, wrapped numbers, compressed names, bad SvcParams") {
  const std::pair<const char*, const char*> cases[] = {{"MX", "10 a b"},
                                                       {"SRV", "1 2 3"},
                                                       {"MX", "-1 a"},
                                                       {"DS", "99999 13 2 00"},
                                                       {"TLSA", "256 1 1 00"},
                                                       {"SSHFP", "1 1 0"},
                                                       {"URI", "70000 1 \"x\""},
                                                       {"DS", "1 13 2 0g"},
                                                       {"CAA", "256 issue \"x\""},
                                                       {"MX", "\\# 4 000ac000"},
                                                       {"NS", "\\# 2 c000"},
                                                       {"NS", "\\# 3 0161"},
                                                       {"HTTPS", "1 . alpn=h2 alpn=h3"},
                                                       {"HTTPS", "1 . mandatory=port alpn=h2"},
                                                       {"HTTPS", "x . alpn=h2"},
                                                       {"HTTPS", "\\# 11 0001000003000001bb"},
                                                       {"TXT", ""},
                                                       {"TXT", "a\\"},
                                                       {"TXT", "\\999"},
                                                       {"HTTPS", "1 . port=99999"},
                                                       {"NAPTR", "1 2 \"\" \"\" \"\""},
                                                       {"TXT", "\"a\nb\""},
                                                       {"TXT", "\\# 2 0561"},
                                                       {"SOA", "a b 1 2 3 4"},
                                                       {"A", ""},
                                                       {"HTTPS", "1 . ipv4hint=1.2.3"}};
  for (const auto& [type, text] : cases) {
    CAPTURE(type, text);
    CHECK_FALSE(read(type, text).has_value());
  }
}

TEST_CASE("RDATA that ends too early is refused, also where it ends between two fields") {
  const std::pair<const char*, const char*> cases[] = {{"MX", "\\# 2 000a"},
                                                       {"SRV", "\\# 6 000000000001"},
                                                       {"SOA", "\\# 1 00"},
                                                       {"SOA", "\\# 2 0000"},
                                                       {"SOA", "\\# 6 000000000001"},
                                                       {"A", "\\# 3 010203"},
                                                       {"CAA", "\\# 1 00"},
                                                       {"DS", "\\# 4 3039 0d02"},
                                                       {"NAPTR", "\\# 4 0001 0002"},
                                                       {"TLSA", "\\# 3 030101"},
                                                       {"RP", "\\# 1 00"},
                                                       {"URI", "\\# 4 000a0001"},
                                                       {"HTTPS", "\\# 2 0001"}};
  for (const auto& [type, text] : cases) CHECK_FALSE(read(type, text).has_value());
}

TEST_CASE("RDATA without octets is refused for every type that has a field") {
  for (const char* type :
       {"A",     "NS",    "MD",      "MF",         "CNAME", "SOA",        "MB",       "MG",
        "MR",    "PTR",   "HINFO",   "MINFO",      "MX",    "TXT",        "RP",       "AFSDB",
        "X25",   "ISDN",  "RT",      "NSAP",       "SIG",   "KEY",        "PX",       "AAAA",
        "LOC",   "SRV",   "NAPTR",   "KX",         "CERT",  "DNAME",      "DS",       "SSHFP",
        "RRSIG", "NSEC",  "DNSKEY",  "DHCID",      "NSEC3", "NSEC3PARAM", "TLSA",     "SMIMEA",
        "HIP",   "CDS",   "CDNSKEY", "OPENPGPKEY", "CSYNC", "SVCB",       "HTTPS",    "SPF",
        "EUI48", "EUI64", "URI",     "CAA",        "DLV",   "TYPE1",      "IPSECKEY", "ZONEMD"}) {
    CAPTURE(type);
    CHECK_FALSE(read(type, "\\# 0").has_value());
  }
  CHECK(read("APL", "\\# 0").has_value());  // an empty list of prefixes (RFC 3123 §4)
}

TEST_CASE("RDATA whose last field may be empty is accepted without it") {
  CHECK(read("MX", "\\# 3 000a00").has_value());
  CHECK(printed("CAA", "\\# 7 00056973737565") == "0 issue \"\"");
  CHECK(read("HTTPS", "\\# 3 000100").has_value());
  // Every type can be owned by a name without types: an empty non-terminal (RFC 5155 §7.1).
  CHECK(read("NSEC3", "1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr").has_value());
}

TEST_CASE("the tag of a CAA has letters and digits (RFC 8659 §4.1)") {
  CHECK_FALSE(read("CAA", "0 aa?aa \"x\"").has_value());
  CHECK_FALSE(read("CAA", "\\# 8 0005 61613f6161 78").has_value());
  CHECK(rdata_to_text(257, Bytes{0, 5, 'a', 'a', '?', 'a', 'a', 'x'}) == "\\# 8 000561613f616178");
}

TEST_CASE("malformed octets are printed in the form of RFC 3597") {
  const Bytes three = {1, 2, 3};
  CHECK(rdata_to_text(type::kA, three) == "\\# 3 010203");
  CHECK(rdata_to_text(type::kMx, three) == "\\# 3 010203");
  CHECK(rdata_to_text(type::kTxt, Bytes{9, 'a'}) == "\\# 2 0961");
  CHECK(rdata_to_text(type::kHttps, Bytes{0}) == "\\# 1 00");
}

TEST_CASE("whatever is accepted prints and reads back, however the text was damaged") {
  std::mt19937 random(1);
  const std::string alphabet = "0159azAZ.\\\"\"  ()=,:;#-+@*\x01\x7f\xff/!";
  for (const auto& [type_text, text] : kPrinted) {
    const RrType type = type_from_text(type_text).value();
    for (int i = 0; i < 300; ++i) {
      std::string damaged = text;
      for (auto edits = 1 + random() % 3; edits > 0 && !damaged.empty(); --edits) {
        const std::size_t at = random() % damaged.size();
        const char c = alphabet[random() % alphabet.size()];
        switch (random() % 4) {
          case 0:
            damaged[at] = c;
            break;
          case 1:
            damaged.insert(at, 1, c);
            break;
          case 2:
            damaged.erase(at, 1 + random() % 4);
            break;
          default:
            damaged.resize(at);
            break;
        }
      }
      CAPTURE(type_text, damaged);
      const auto rdata = rdata_from_text(type, damaged, origin());
      if (!rdata) continue;
      const auto back = rdata_from_text(type, rdata_to_text(type, *rdata), Name());
      if (!back) FAIL(back.error().message);
      if (*back != *rdata) FAIL(rdata_to_text(type, *rdata));
    }
  }
}

TEST_CASE("any octets print to something that reads back or is refused, for every type") {
  std::mt19937 random(2);
  for (unsigned type = 1; type < 300; ++type) {
    for (int i = 0; i < 20; ++i) {
      Bytes octets(random() % 40);
      for (auto& octet : octets)
        octet = static_cast<std::uint8_t>(random() % 4 == 0 ? random() : random() % 8);
      const std::string text = rdata_to_text(static_cast<RrType>(type), octets);
      CAPTURE(type, text);
      const auto back = rdata_from_text(static_cast<RrType>(type), text, Name());
      if (back && *back != octets) FAIL("reads back as something else");
    }
  }
}
