// SPDX-License-Identifier: Apache-2.0
#include "server/journal/plan_watch.h"

#include "tests/support/catch.h"

using namespace gslbd;
using namespace gslbd::server;
using health::Verdict;

namespace {

const WallTime kNow{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};

Pool pool(const std::string& name, const std::vector<std::string>& sites) {
  Pool p;
  p.name = name;
  std::uint8_t last = 1;
  for (const std::string& site : sites) {
    Member m{*Address::parse("192.0.2." + std::to_string(last++)), site};
    p.members.push_back(std::move(m));
  }
  return p;
}

std::vector<std::string> told(const std::vector<Entry>& entries) {
  std::vector<std::string> out;
  for (const Entry& e : entries) {
    out.push_back(e.kind + " " + (e.kind == "pool" ? e.more["pool"].get<std::string>() : e.site) + " " +
                  e.more.value("from", "") + ">" + e.more.value("to", ""));
  }
  return out;
}

using Told = std::vector<std::string>;

std::vector<Entry> installed(PlanWatch& watch,
                             const std::vector<std::pair<Pool, std::vector<Verdict>>>& pools) {
  watch.begin();
  std::vector<Entry> out;
  for (const auto& [p, members] : pools) {
    for (Entry& e : watch.pool(p, members, kNow)) out.push_back(std::move(e));
  }
  for (Entry& e : watch.end(kNow)) out.push_back(std::move(e));
  return out;
}

}  // namespace

TEST_CASE("a site is up while a member of any pool at it is") {
  PlanWatch watch;
  const Pool www = pool("www", {"fra", "fra", "nyc"});
  const Pool api = pool("api", {"fra"});
  const auto u = Verdict::up;
  const auto d = Verdict::down;
  CHECK(told(installed(watch, {{www, {u, u, u}}, {api, {u}}})) ==
        Told{"pool www unknown>up", "pool api unknown>up", "site fra unknown>up", "site nyc unknown>up"});
  CHECK(told(watch.pool(www, std::vector{d, u, u}, kNow)).empty());
  CHECK(told(watch.pool(www, std::vector{d, d, u}, kNow)).empty());  // api is at fra too
  CHECK(told(watch.pool(api, std::vector{d}, kNow)) == Told{"pool api up>down", "site fra up>down"});
  CHECK(told(watch.pool(www, std::vector{u, d, u}, kNow)) == Told{"site fra down>up"});
}

TEST_CASE("a reload tells what it changed, and only that") {
  PlanWatch watch;
  const auto u = Verdict::up;
  const auto d = Verdict::down;
  installed(watch, {{pool("www", {"fra", "nyc"}), {u, d}}});
  CHECK(installed(watch, {{pool("www", {"fra", "nyc"}), {u, d}}}).empty());
  CHECK(told(installed(watch, {{pool("www", {"fra"}), {u}}})) == Told{"site nyc down>unknown"});
  CHECK(told(installed(watch, {{pool("api", {"nyc"}), {u}}})) ==
        Told{"pool api unknown>up", "site fra up>unknown", "site nyc unknown>up"});
}

TEST_CASE("members nobody has judged make a site unknown, not down") {
  PlanWatch watch;
  const auto told_first =
      told(installed(watch, {{pool("www", {"fra", "fra"}), {Verdict::down, Verdict::unknown}}}));
  CHECK(told_first.empty());
  CHECK(told(watch.pool(pool("www", {"fra", "fra"}), std::vector{Verdict::down, Verdict::down}, kNow)) ==
        Told{"pool www unknown>down", "site fra unknown>down"});
}

TEST_CASE("members without a site belong to none") {
  PlanWatch watch;
  CHECK(told(installed(watch, {{pool("www", {""}), {Verdict::down}}})) == Told{"pool www unknown>down"});
}

TEST_CASE("targets that come with a verdict or go are told") {
  PlanWatch watch;
  const auto check = std::make_shared<health::Check>();
  check->name = "web";
  const auto spec = [&](const char* address) {
    return health::TargetSpec{check, *Address::parse(address), "fra"};
  };
  const std::vector targets{spec("192.0.2.1"), spec("192.0.2.2")};
  const std::vector<health::Believed> believed{{1, Verdict::down}, {2, Verdict::unknown}};
  const auto first = watch.plan(targets, believed, kNow);
  REQUIRE(first.size() == 1);
  CHECK(first[0].kind == "joined");
  CHECK(first[0].target == "192.0.2.1");
  CHECK(first[0].site == "fra");
  CHECK(first[0].more["to"] == "down");
  CHECK(watch.plan(targets, believed, kNow).empty());
  const auto second = watch.plan(std::span(targets).first(1), std::span(believed).first(1), kNow);
  REQUIRE(second.size() == 1);
  CHECK(second[0].kind == "left");
  CHECK(second[0].target == "192.0.2.2");
}
