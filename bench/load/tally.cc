// SPDX-License-Identifier: Apache-2.0
#include "bench/load/tally.h"

#include <array>
#include <cstdio>

namespace gslbd::bench {
namespace {

std::string member(const char* name, std::uint64_t value) {
  return "\"" + std::string(name) + "\": " + std::to_string(value) + ", ";
}

std::string member(const char* name, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "\"%s\": %.3f, ", name, value);
  return text.data();
}

// The list without its last comma, in braces.
std::string object(std::string members) {
  if (!members.empty()) members.resize(members.size() - 2);
  return "{" + members + "}";
}

}  // namespace

std::string Tally::json() const {
  const double seconds = static_cast<double>(elapsed) / static_cast<double>(kSecond);
  std::string codes;
  for (std::size_t code = 0; code < rcodes.size(); ++code) {
    if (rcodes[code] != 0) codes += member(std::to_string(code).c_str(), rcodes[code]);
  }
  const auto us = [this](double share) { return static_cast<double>(latency.percentile(share)) / 1e3; };
  const std::string latencies = member("p50", us(0.5)) + member("p90", us(0.9)) + member("p99", us(0.99)) +
                                member("p99.9", us(0.999)) +
                                member("max", static_cast<double>(latency.highest()) / 1e3);
  return object(member("sent", sent) + member("answered", answered) + member("lost", lost) +
                member("stray", stray) + member("refused", refused) + member("connections", connections) +
                member("idle_held", idle_held) + member("truncated", truncated) + member("octets", octets) +
                member("seconds", seconds) +
                member("per_second", seconds > 0 ? static_cast<double>(answered_in_time) / seconds : 0.0) +
                member("idle", elapsed > 0 ? static_cast<double>(idle) / static_cast<double>(elapsed) : 0.0) +
                "\"rcodes\": " + object(codes) + ", \"latency_us\": " + object(latencies) + ", ");
}

}  // namespace gslbd::bench
