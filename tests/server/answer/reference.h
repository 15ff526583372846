// SPDX-License-Identifier: Apache-2.0
#pragma once
// A slow and obvious authoritative server: maps of strings, the text of RFC 1034 §4.3.2 and RFC 4592 step by
// step. It shares no code with the real one; a property test holds the two equal.

#include <map>
#include <string>
#include <vector>

namespace gslbd::test {

using Labels = std::vector<std::string>;  ///< leftmost first, lower case, without the root

struct ReferenceZone {
  Labels apex;
  /// owner -> type -> RDATA as ldns prints it. Types are mnemonics.
  std::map<Labels, std::map<std::string, std::vector<std::string>>> data;
  std::string soa;  ///< the RDATA; the SOA in negative answers has the TTL negative_ttl
  int ttl = 300;
  int negative_ttl = 5;
};

struct ReferenceAnswer {
  int rcode = 0;
  bool aa = true;
  std::vector<std::string> answer, authority, additional;  ///< sorted lines
};

std::string to_text(const Labels& name);
Labels to_labels(const std::string& name);

ReferenceAnswer reference_answer(const std::vector<ReferenceZone>& zones, Labels name,
                                 const std::string& type);

}  // namespace gslbd::test
