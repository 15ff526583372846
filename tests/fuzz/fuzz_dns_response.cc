// SPDX-License-Identifier: Apache-2.0
// Any octets as the response to a query of a dns check: read without harm, and the text of each record is
// such that a setting can be compared with it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "health/types/dns_message.h"

using namespace gslbd::health;

namespace {

constexpr std::uint16_t kId = 0x1234;
constexpr std::uint16_t kText = 16;
constexpr const char* kQuestions[] = {"example.com A",   "example.com AAAA", "example.com CNAME",
                                      "example.com MX",  "example.com SRV",  "example.com SOA",
                                      "example.com TXT", "example.com CAA"};

void read(std::span<const std::uint8_t> message, const DnsQuestion& question) {
  if (!answers_query(message, kId, question)) return;
  (void)read_response(message, question, [&question](const std::string& record) {
    if (record.size() > 4 * 65536) std::abort();
    if (question.type == kText) return;
    const auto normal = normalize_rdata(question.type, record);
    if (!normal || *normal != record) std::abort();
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const DnsQuestion question = *parse_question(kQuestions[data[0] % std::size(kQuestions)]);
  const std::span octets(data + 1, size - 1);
  // A copy of just that length: the address sanitizer sees an octet too many.
  read(std::vector<std::uint8_t>(octets.begin(), octets.end()), question);
  // And behind a head that fits the query, so that the records are reached.
  std::vector<std::uint8_t> message = compose_query(kId, question, true);
  message[2] |= 0x80;
  message[7] = static_cast<std::uint8_t>(1 + size % 7);
  message.insert(message.end(), octets.begin(), octets.end());
  read(message, question);
  return 0;
}
