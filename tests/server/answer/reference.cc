// SPDX-License-Identifier: Apache-2.0
#include "tests/server/answer/reference.h"

#include <algorithm>
#include <sstream>

namespace gslbd::test {
namespace {

bool ends_in(const Labels& name, const Labels& suffix) {
  return name.size() >= suffix.size() && std::equal(suffix.rbegin(), suffix.rend(), name.rbegin());
}

Labels ancestor(const Labels& name, std::size_t labels) {
  return {name.end() - static_cast<std::ptrdiff_t>(labels), name.end()};
}

class Reference {
 public:
  Reference(const std::vector<ReferenceZone>& zones, std::string type)
      : zones_(zones), type_(std::move(type)) {}

  ReferenceAnswer run(const Labels& name) {
    const ReferenceZone* zone = zone_of(name);
    if (zone != nullptr && type_ == "DS" && zone->apex == name && !name.empty()) {
      if (const ReferenceZone* parent = zone_of(ancestor(name, name.size() - 1))) zone = parent;
    }
    if (zone == nullptr) return {5, false, {}, {}, {}};
    step(*zone, name, 0);
    for (auto* section : {&out_.answer, &out_.authority, &out_.additional})
      std::sort(section->begin(), section->end());
    return out_;
  }

 private:
  const ReferenceZone* zone_of(const Labels& name) const {
    const ReferenceZone* best = nullptr;
    for (const auto& zone : zones_) {
      if (ends_in(name, zone.apex) && (best == nullptr || zone.apex.size() > best->apex.size())) best = &zone;
    }
    return best;
  }

  static bool exists(const ReferenceZone& zone, const Labels& name) {
    return std::any_of(zone.data.begin(), zone.data.end(),
                       [&](const auto& owner) { return ends_in(owner.first, name); });
  }

  void add(std::vector<std::string>& section, const ReferenceZone& zone, const Labels& owner,
           const Labels& source, const std::string& type) {
    for (const auto& rdata : zone.data.at(source).at(type)) {
      section.push_back(to_text(owner) + " " + std::to_string(zone.ttl) + " IN " + type + " " + rdata);
    }
  }

  void negative(const ReferenceZone& zone, int rcode) {
    out_.rcode = rcode;
    out_.authority.push_back(to_text(zone.apex) + " " + std::to_string(zone.negative_ttl) + " IN SOA " +
                             zone.soa);
  }

  void refer(const ReferenceZone& zone, const Labels& cut) {
    out_.aa = !out_.answer.empty();
    add(out_.authority, zone, cut, cut, "NS");
    for (const auto& target : zone.data.at(cut).at("NS")) {
      const Labels server = to_labels(target);
      const auto found = zone.data.find(server);
      if (found == zone.data.end()) continue;
      for (const char* t : {"A", "AAAA"}) {
        if (found->second.count(t) != 0) add(out_.additional, zone, server, server, t);
      }
    }
  }

  void step(const ReferenceZone& zone, const Labels& name, int chain) {
    // From the apex down to the name: a DNAME above it sends us elsewhere, a cut at or above it to somebody
    // else.
    for (std::size_t n = zone.apex.size(); n <= name.size(); ++n) {
      const Labels here = ancestor(name, n);
      const auto found = zone.data.find(here);
      if (found == zone.data.end()) continue;
      if (n < name.size() && found->second.count("DNAME") != 0) return synthesize(zone, name, here, chain);
      if (n == zone.apex.size() || found->second.count("NS") == 0) continue;
      if (n == name.size() && type_ == "DS") break;
      return refer(zone, here);
    }
    if (exists(zone, name)) return answer(zone, name, name, chain);
    std::size_t n = name.size();
    while (!exists(zone, ancestor(name, n))) --n;
    Labels wildcard = ancestor(name, n);
    wildcard.insert(wildcard.begin(), "*");
    if (exists(zone, wildcard)) return answer(zone, name, wildcard, chain);
    negative(zone, 3);
  }

  // RFC 6672 §3.2.
  void synthesize(const ReferenceZone& zone, const Labels& name, const Labels& owner, int chain) {
    add(out_.answer, zone, owner, owner, "DNAME");
    Labels target(name.begin(), name.end() - static_cast<std::ptrdiff_t>(owner.size()));
    for (const auto& label : to_labels(zone.data.at(owner).at("DNAME").at(0))) target.push_back(label);
    constexpr std::size_t kLongestName = 255;
    if (to_text(target).size() + 1 > kLongestName) {
      out_.rcode = 6;
      return;
    }
    out_.answer.push_back(to_text(name) + " " + std::to_string(zone.ttl) + " IN CNAME " + to_text(target));
    if (type_ == "CNAME" || chain == kLongestChain) return;
    if (const ReferenceZone* next = zone_of(target)) step(*next, target, chain + 1);
  }

  void answer(const ReferenceZone& zone, const Labels& name, const Labels& source, int chain) {
    const auto found = zone.data.find(source);
    if (found == zone.data.end()) return negative(zone, 0);  // an empty non-terminal
    if (found->second.count(type_) != 0) return add(out_.answer, zone, name, source, type_);
    if (found->second.count("CNAME") == 0) return negative(zone, 0);
    add(out_.answer, zone, name, source, "CNAME");
    if (chain == kLongestChain) return;
    const Labels target = to_labels(found->second.at("CNAME").at(0));
    if (const ReferenceZone* next = zone_of(target)) step(*next, target, chain + 1);
  }

  static constexpr int kLongestChain = 16;
  const std::vector<ReferenceZone>& zones_;
  const std::string type_;
  ReferenceAnswer out_;
};

}  // namespace

std::string to_text(const Labels& name) {
  std::string out;
  for (const auto& label : name) out += label + ".";
  return out.empty() ? "." : out;
}

Labels to_labels(const std::string& name) {
  Labels out;
  std::istringstream in(name);
  for (std::string label; std::getline(in, label, '.');) out.push_back(label);
  return out;
}

ReferenceAnswer reference_answer(const std::vector<ReferenceZone>& zones, Labels name,
                                 const std::string& type) {
  return Reference(zones, type).run(name);
}

}  // namespace gslbd::test
