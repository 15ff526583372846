// SPDX-License-Identifier: Apache-2.0
#include "tests/server/answer/reference.h"

#include <algorithm>
#include <set>
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
    const ReferenceZone* zone = zone_to_ask(name);
    if (zone == nullptr) return {5, false, {}, {}, {}};
    visited_.insert(name);
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

  // RFC 4035 §3.1.4.1: DS is the parent's.
  const ReferenceZone* zone_to_ask(const Labels& name) const {
    const ReferenceZone* zone = zone_of(name);
    if (zone == nullptr || type_ != "DS" || zone->apex != name || name.empty()) return zone;
    const ReferenceZone* parent = zone_of(ancestor(name, name.size() - 1));
    return parent != nullptr ? parent : zone;
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
    add_hosts(zone, zone.data.at(cut).at("NS"), true);
  }

  // The addresses of the hosts at the end of each RDATA. What a zone answers for itself comes from there,
  // what lies at or below its cuts or outside from the deepest zone of ours; a referral also takes what glue
  // there is.
  void add_hosts(const ReferenceZone& zone, const std::vector<std::string>& rdata, bool referral) {
    std::set<Labels> hosts;
    for (const auto& r : rdata) hosts.insert(to_labels(r.substr(r.rfind(' ') + 1)));
    for (const Labels& host : hosts) {
      if (ends_in(host, zone.apex)) {
        if (add_host(zone, host)) continue;
        if (referral && has_addresses(zone, host)) {
          add_addresses(zone, host, host);
          continue;
        }
      }
      if (const ReferenceZone* other = zone_of(host)) add_host(*other, host);
    }
  }

  // False: the host lies at or below a cut of the zone.
  bool add_host(const ReferenceZone& zone, const Labels& host) {
    for (std::size_t n = zone.apex.size(); n <= host.size(); ++n) {
      const auto found = zone.data.find(ancestor(host, n));
      if (found == zone.data.end()) continue;
      if (n < host.size() && found->second.count("DNAME") != 0) return true;
      if (n != zone.apex.size() && found->second.count("NS") != 0) return false;
    }
    std::size_t n = host.size();
    while (!exists(zone, ancestor(host, n))) --n;
    Labels source = ancestor(host, n);
    if (n < host.size()) source.insert(source.begin(), "*");
    if (has_addresses(zone, source)) add_addresses(zone, host, source);
    return true;
  }

  static bool has_addresses(const ReferenceZone& zone, const Labels& source) {
    const auto found = zone.data.find(source);
    return found != zone.data.end() && found->second.count("A") + found->second.count("AAAA") != 0;
  }

  void add_addresses(const ReferenceZone& zone, const Labels& owner, const Labels& source) {
    for (const char* t : {"A", "AAAA"}) {
      if (zone.data.at(source).count(t) != 0) add(out_.additional, zone, owner, source, t);
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
    if (dnames_.insert(owner).second) add(out_.answer, zone, owner, owner, "DNAME");
    Labels target(name.begin(), name.end() - static_cast<std::ptrdiff_t>(owner.size()));
    for (const auto& label : to_labels(zone.data.at(owner).at("DNAME").at(0))) target.push_back(label);
    constexpr std::size_t kLongestName = 255;
    if (to_text(target).size() + 1 > kLongestName) {
      out_.rcode = 6;
      return;
    }
    out_.answer.push_back(to_text(name) + " " + std::to_string(zone.ttl) + " IN CNAME " + to_text(target));
    if (type_ != "CNAME") go_on(target, chain);
  }

  void answer(const ReferenceZone& zone, const Labels& name, const Labels& source, int chain) {
    const auto found = zone.data.find(source);
    if (found == zone.data.end()) return negative(zone, 0);  // an empty non-terminal
    if (found->second.count(type_) != 0) {
      if (type_ == "DNAME" && !dnames_.insert(source).second) return;
      add(out_.answer, zone, name, source, type_);
      if (type_ == "NS" || type_ == "MX") add_hosts(zone, found->second.at(type_), false);
      return;
    }
    if (found->second.count("CNAME") == 0) return negative(zone, 0);
    add(out_.answer, zone, name, source, "CNAME");
    go_on(to_labels(found->second.at("CNAME").at(0)), chain);
  }

  // RFC 1034 §4.3.2 step 3a, "go back to step 1"; a name that was there already would only repeat itself.
  void go_on(const Labels& target, int chain) {
    if (chain == kLongestChain || !visited_.insert(target).second) return;
    if (const ReferenceZone* next = zone_to_ask(target)) step(*next, target, chain + 1);
  }

  static constexpr int kLongestChain = 16;
  const std::vector<ReferenceZone>& zones_;
  const std::string type_;
  std::set<Labels> visited_;  // names answered already
  std::set<Labels> dnames_;   // DNAMEs in the answer
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
