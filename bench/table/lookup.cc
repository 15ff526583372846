// SPDX-License-Identifier: Apache-2.0
// gslbd_lookup: what finding a name in a zone costs, by itself: no sockets, no messages. Random names of a
// zone of NAMES hosts with one address each, a tenth of them not there, read and hashed from wire form,
// looked up, and their record copied; one after the other, and in batches as a worker does it.
//
//   gslbd_lookup [NAMES [small-pages]]     "small-pages": without huge pages, for comparison
//
// Prints nanoseconds of processor time a lookup: the median of several rounds, the ways taking turns.
#include <fmt/format.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "zones/lookup.h"
#include "zones/rr_type.h"
#include "zones/zone_builder.h"

namespace {

using namespace gslbd;
using namespace gslbd::zones;

constexpr std::size_t kBatch = 32;
constexpr std::size_t kQueries = kBatch * 20000;
constexpr std::size_t kRounds = 9;

std::shared_ptr<const Zone> make_zone(const Name& apex, std::size_t names) {
  ZoneData data(apex);
  data.begin_owner(apex);
  data.begin_rrset(type::kNs, 3600);
  data.add_rdata(Name::parse("ns1", apex)->wire());
  data.begin_rrset(type::kSoa, 3600);
  const auto mname = Name::parse("ns1", apex)->wire();
  std::vector<std::uint8_t> soa(mname.begin(), mname.end());
  soa.insert(soa.end(), apex.wire().begin(), apex.wire().end());
  soa.resize(soa.size() + 20);
  data.add_rdata(soa);
  for (std::size_t i = 0; i < names; ++i) {
    data.begin_owner(*Name::parse(fmt::format("n{}", i), apex));
    data.begin_rrset(type::kA, 3600);
    data.add_rdata(std::array<std::uint8_t, 4>{10, static_cast<std::uint8_t>(i >> 16 & 255),
                                               static_cast<std::uint8_t>(i >> 8 & 255),
                                               static_cast<std::uint8_t>(i & 255)});
  }
  return build_zone(data).value();
}

// Questions' names, one behind the other as in packets.
struct Queries {
  Queries(const Name& apex, std::size_t names) {
    std::mt19937 random(1);
    for (std::size_t i = 0; i < kQueries; ++i) {
      const char first = random() % 10 == 0 ? 'x' : 'n';
      const auto name = *Name::parse(fmt::format("{}{}", first, random() % names), apex);
      const auto wire = name.wire();
      at.push_back(static_cast<std::uint32_t>(octets.size()));
      octets.insert(octets.end(), wire.begin(), wire.end());
    }
    octets.resize(octets.size() + 64);  // readers may look ahead
  }
  std::span<const std::uint8_t> operator[](std::size_t i) const { return std::span(octets).subspan(at[i]); }

  std::vector<std::uint8_t> octets;
  std::vector<std::uint32_t> at;
};

struct Answers {
  std::array<std::uint8_t, 512> message;
  std::size_t positive = 0;

  void take(NodeView node) {
    if (!node) return;
    const RrsetView rrset = node.rrset(type::kA);
    std::memcpy(message.data(), rrset.block().data(), rrset.block().size());
    asm volatile("" : : "r"(message.data()) : "memory");
    ++positive;
  }
};

void only_read(const Zone&, const Queries& queries, Answers& answers) {
  static QueryName name;
  for (std::size_t i = 0; i < kQueries; ++i) {
    name.assign(queries[i]);
    answers.positive += name.suffix_hash(0) & 1;
  }
}

void one_by_one(const Zone& zone, const Queries& queries, Answers& answers) {
  static QueryName name;
  for (std::size_t i = 0; i < kQueries; ++i) {
    name.assign(queries[i]);
    answers.take(lookup(zone, name).node);
  }
}

// `ahead` 0: in batches, but nothing is fetched ahead; 1: slots; 2: slots and nodes.
template <int ahead>
void in_batches(const Zone& zone, const Queries& queries, Answers& answers) {
  static std::array<QueryName, kBatch> names;
  static std::array<NameIndex::Place, kBatch> places;
  for (std::size_t i = 0; i < kQueries; i += kBatch) {
    for (std::size_t k = 0; k < kBatch; ++k) {
      names[k].assign(queries[i + k]);
      if (ahead > 0) places[k] = zone.prefetch(names[k].suffix_hash(0));
    }
    if (ahead > 1) {
      for (std::size_t k = 0; k < kBatch; ++k) (void)zone.candidate(places[k], names[k].suffix_hash(0));
    }
    for (const QueryName& name : names) answers.take(lookup(zone, name).node);
  }
}

using Way = void (*)(const Zone&, const Queries&, Answers&);
constexpr std::pair<const char*, Way> kWays[] = {{"read and hashed, not looked up", only_read},
                                                 {"one by one", one_by_one},
                                                 {"batches, nothing ahead", in_batches<0>},
                                                 {"batches, slots ahead", in_batches<1>},
                                                 {"batches, slots and nodes ahead", in_batches<2>}};

double time_ns(Way way, const Zone& zone, const Queries& queries) {
  Answers answers;
  const std::clock_t start = std::clock();
  way(zone, queries, answers);
  const std::clock_t taken = std::clock() - start;
  asm volatile("" : : "r"(answers.positive));
  return static_cast<double>(taken) * (1e9 / CLOCKS_PER_SEC) / kQueries;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t names = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1000000;
  const bool small_pages = argc > 2 && std::string_view(argv[2]) == "small-pages";
  if (small_pages && prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0) return 1;
  const Name apex = *Name::parse("bench.example");
  const auto zone = make_zone(apex, names);
  const Queries queries(apex, names);
  std::array<std::vector<double>, std::size(kWays)> times;
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (std::size_t way = 0; way < std::size(kWays); ++way) {
      times[way].push_back(time_ns(kWays[way].second, *zone, queries));
    }
  }
  fmt::print("{} names, {:.1f} octets each{}\n", names,
             static_cast<double>(zone->memory()) / static_cast<double>(names),
             small_pages ? ", small pages" : "");
  for (std::size_t way = 0; way < std::size(kWays); ++way) {
    std::sort(times[way].begin(), times[way].end());
    fmt::print("  {:<32}{:6.1f} ns a lookup (fastest {:.1f})\n", kWays[way].first, times[way][kRounds / 2],
               times[way][0]);
  }
}
