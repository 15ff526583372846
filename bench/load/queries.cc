// SPDX-License-Identifier: Apache-2.0
#include "bench/load/queries.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <sstream>
#include <utility>

namespace gslbd::bench {
namespace {

constexpr std::size_t kHeaderSize = 12;

}  // namespace

Result<Queries> Queries::read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (!file || !(content << file.rdbuf())) return fail(path + ": cannot be read");
  auto queries = parse(content.view());
  if (!queries) return fail(path + ": " + queries.error().message);
  return queries;
}

Result<Queries> Queries::parse(std::string_view octets) {
  if (octets.size() > std::numeric_limits<std::uint32_t>::max()) return fail("longer than 4 GB");
  Queries queries;
  queries.octets_.assign(octets.begin(), octets.end());
  for (std::size_t at = 0; at != queries.octets_.size();) {
    const std::size_t left = queries.octets_.size() - at;
    if (left < 2) return fail("ends within a length");
    const std::size_t length = std::size_t{queries.octets_[at]} << 8 | queries.octets_[at + 1];
    if (length < kHeaderSize || length > kMaxQuerySize) {
      return fail("a message of " + std::to_string(length) + " octets, at octet " + std::to_string(at));
    }
    if (length > left - 2) return fail("ends within a message");
    queries.places_.push_back({static_cast<std::uint32_t>(at + 2), static_cast<std::uint16_t>(length)});
    at += 2 + length;
  }
  if (queries.places_.empty()) return fail("there is no message in it");
  return queries;
}

void Queries::group_by_length(std::size_t longest) {
  std::map<std::uint16_t, std::vector<Place>> by_length;
  for (const Place place : places_) by_length[place.length].push_back(place);
  std::vector<std::span<const Place>> runs;
  for (const auto& [length, places] : by_length) {
    for (std::size_t first = 0; first < places.size(); first += longest) {
      runs.push_back(std::span(places).subspan(first, std::min(longest, places.size() - first)));
    }
  }
  std::shuffle(runs.begin(), runs.end(), std::minstd_rand(1));
  std::vector<Place> grouped;
  grouped.reserve(places_.size());
  for (const auto run : runs) grouped.insert(grouped.end(), run.begin(), run.end());
  places_ = std::move(grouped);
  at_ = 0;
}

std::size_t Queries::run(std::size_t most) const {
  const std::size_t end = std::min(places_.size(), at_ + most);
  std::size_t last = at_ + 1;
  while (last < end && places_[last].length == places_[at_].length) ++last;
  return last - at_;
}

}  // namespace gslbd::bench
