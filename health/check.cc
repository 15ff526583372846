// SPDX-License-Identifier: Apache-2.0
#include "health/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "core/json_fields.h"
#include "health/check_type.h"

namespace gslbd::health {
namespace {

using namespace std::chrono_literals;

// Below 50 ms a schedule is a load test; beyond a day nobody waits for it.
constexpr Duration kShortestInterval = 50ms;
constexpr Duration kLongestInterval = 24h;

void read_count(const JsonView& v, std::uint32_t& out) {
  if (const auto count = read_integer(v, 1, 255)) out = static_cast<std::uint32_t>(*count);
}

const Field<DampingRules> kDampingFields[] = {
    {"half_life", "duration, 1s to 1d", "5m", "the time in which the memory of a death halves",
     [](const JsonView& v, DampingRules& d) {
       d.half_life = read_duration(v, 1s, 24h).value_or(d.half_life);
     }},
    {"suppress", "1 to 100", "3", "more deaths than this, remembered at once, hold a target down",
     [](const JsonView& v, DampingRules& d) { d.suppress = read_number(v, 1, 100).value_or(d.suppress); }},
    {"reuse", "0.1 to 99", "1", "when this much of the memory is left, it may come back; below `suppress`",
     [](const JsonView& v, DampingRules& d) { d.reuse = read_number(v, 0.1, 99).value_or(d.reuse); }},
    {"max_hold", "duration, 1s to 1d", "30m", "it is never held down for longer than this",
     [](const JsonView& v, DampingRules& d) { d.max_hold = read_duration(v, 1s, 24h).value_or(d.max_hold); }},
};

void read_damping(const JsonView& v, Check& c) {
  c.damping.reset();
  if (v.json().is_boolean()) {
    if (v.json().get<bool>()) c.damping.emplace();
    return;
  }
  if (!v.json().is_object()) return v.expected("true, false or an object");
  DampingRules& rules = c.damping.emplace();
  read_object<DampingRules>(v, kDampingFields, rules);
  if (rules.reuse >= rules.suppress) {
    v.error("\"reuse\" must be below \"suppress\"");
  } else if (rules.ceiling() <= rules.suppress) {
    v.error("with this \"max_hold\" nothing is ever held: the memory is cut at " +
            fmt::format("{:.1f}", rules.ceiling()) + " deaths, below \"suppress\"");
  }
}

void read_failback(const JsonView& v, Check& c) {
  const Json& value = v.json();
  if (value == "auto" || value == "manual") {
    c.failback = value == "manual" ? Failback::manual : Failback::automatic;
    return;
  }
  if (value.is_string() && !value.get_ref<const std::string&>().empty() &&
      std::isdigit(static_cast<unsigned char>(value.get_ref<const std::string&>().front())) == 0) {
    return v.expected("\"auto\", \"manual\" or a duration");
  }
  if (const auto delay = read_duration(v, 1s, 24h)) {
    c.failback = Failback::delayed;
    c.failback_delay = *delay;
  }
}

const Field<Check> kCommonFields[] = {
    // The type comes first: read_without_type() counts on that.
    {"type", "one of the types below", "required", "what a probe does",
     [](const JsonView& v, Check& c) {
       std::vector<std::string_view> names = check_type_names();
       if (const auto index = read_choice(v, names)) c.type = check_types()[*index];
     }},
    {"interval", "duration, 50ms to 1d", "2s", "time from the start of one probe to the start of the next",
     [](const JsonView& v, Check& c) {
       c.interval = read_duration(v, kShortestInterval, kLongestInterval).value_or(c.interval);
     }},
    {"timeout", "duration, 10ms to 1m", "1s, or the interval if that is shorter",
     "a probe without an outcome after this long has failed",
     [](const JsonView& v, Check& c) { c.timeout = read_duration(v, 10ms, 1min).value_or(c.timeout); }},
    {"confirm_interval", "duration, 10ms to the interval", "250ms, or the interval if that is shorter",
     "the interval while a change of verdict is under way",
     [](const JsonView& v, Check& c) {
       c.confirm_interval = read_duration(v, 10ms, kLongestInterval).value_or(c.confirm_interval);
     }},
    {"rise", "1 to 255", "2", "passes in a row that bring a target back",
     [](const JsonView& v, Check& c) { read_count(v, c.rise); }},
    {"fall", "1 to 255", "3", "failures in a row that take a target down",
     [](const JsonView& v, Check& c) { read_count(v, c.fall); }},
    {"jitter", "0 to 0.5", "0.1", "each interval is stretched or shortened by up to this fraction",
     [](const JsonView& v, Check& c) { c.jitter = read_number(v, 0, 0.5).value_or(c.jitter); }},
    {"max_age", "duration, 1s to 7d", "5 intervals and a timeout, at least 10s",
     "a verdict for which there has been no evidence for this long becomes unknown",
     [](const JsonView& v, Check& c) { c.max_age = read_duration(v, 1s, 7 * 24h).value_or(c.max_age); }},
    {"failback", "auto, manual or duration, 1s to 1d", "auto",
     "how a target that recovered comes back: at once, when an operator says so, or after being well this "
     "long",
     read_failback},
    {"damping", "true, false or object", "false", "hold down for longer what dies too often", read_damping},
};

void append_fields(std::vector<Field<Check>>& out, std::span<const Field<Check>> more) {
  out.insert(out.end(), more.begin(), more.end());
}

// Without a usable type the common options are still read, and no option of any type is called unknown.
void read_without_type(const JsonView& v, const OtherTypes& others, Check& check) {
  std::span<const Field<Check>> fields = kCommonFields;
  std::vector<std::string_view> known(others.keys.begin(), others.keys.end());
  if (v.json().contains("type")) {  // but is none of ours: the message names the caller's too
    std::vector<std::string_view> names = check_type_names();
    names.insert(names.end(), others.names.begin(), others.names.end());
    (void)read_choice(v.member("type"), names);
    known.push_back(fields.front().key);
    fields = fields.subspan(1);
  }
  for (const CheckType* type : check_types()) {
    for (const auto& field : type->fields) known.push_back(field.key);
    for (const auto& field : type->shared_fields) known.push_back(field.key);
  }
  read_object<Check>(v, fields, check, known);
}

void fit_to_interval(const JsonView& v, std::string_view key, Duration& value, Duration interval) {
  const std::string name(key);
  if (!v.json().contains(name)) {
    value = std::min(value, interval);
  } else if (value > interval) {
    v.member(name).error(fmt::format("{} is longer than the interval of {}", format_duration(value),
                                     format_duration(interval)));
  }
}

const CheckType* type_of(const JsonView& v) {
  const auto found = v.json().find("type");
  return found != v.json().end() && found->is_string() ? find_check_type(found->get_ref<const std::string&>())
                                                       : nullptr;
}

}  // namespace

std::optional<Check> read_check(const JsonView& v, std::string name, const OtherTypes& others) {
  const std::size_t errors_before = v.diagnostics().error_count();
  Check check;
  check.name = std::move(name);
  if (!v.json().is_object()) {
    v.expected("an object");
    return std::nullopt;
  }
  check.type = type_of(v);
  if (check.type == nullptr) {
    read_without_type(v, others, check);
    return std::nullopt;
  }
  check.options = check.type->defaults();
  std::vector<Field<Check>> fields;
  append_fields(fields, kCommonFields);
  append_fields(fields, check.type->fields);
  append_fields(fields, check.type->shared_fields);
  read_object<Check>(v, fields, check);
  fit_to_interval(v, "timeout", check.timeout, check.interval);
  fit_to_interval(v, "confirm_interval", check.confirm_interval, check.interval);
  const Duration shortest_age = check.interval + check.timeout;
  if (check.max_age == Duration{0}) {
    check.max_age = std::max<Duration>(10s, 5 * check.interval + check.timeout);
  } else if (check.max_age < shortest_age) {
    v.member("max_age").error(
        fmt::format("{} is shorter than interval and timeout together, {}: every verdict would be too old",
                    format_duration(check.max_age), format_duration(shortest_age)));
  }
  if (check.type->verify != nullptr) check.type->verify(v, check);
  if (v.diagnostics().error_count() != errors_before) return std::nullopt;
  return check;
}

std::string Check::fingerprint() const {
  std::string out = fmt::format(
      "{} interval={} timeout={} confirm={} rise={} fall={} jitter={} age={} failback={}/{} hold={}",
      type->name, interval.count(), timeout.count(), confirm_interval.count(), rise, fall, jitter,
      max_age.count(), static_cast<int>(failback), failback_delay.count(), hold);
  if (damping) {
    out += fmt::format(" damping={}/{}/{}/{}", damping->half_life.count(), damping->suppress, damping->reuse,
                       damping->max_hold.count());
  }
  type->describe(*this, out);
  return out;
}

std::vector<std::string_view> check_type_names() {
  std::vector<std::string_view> names;
  for (const CheckType* type : check_types()) names.push_back(type->name);
  return names;
}

std::vector<FieldDoc> check_field_docs(std::string_view type_name) {
  std::vector<FieldDoc> docs;
  const auto append = [&docs](std::string_view prefix, std::span<const Field<Check>> fields) {
    for (const auto& f : fields) {
      docs.push_back({std::string(prefix) + std::string(f.key), f.type, f.fallback, f.help});
    }
  };
  if (type_name.empty()) {
    append("", kCommonFields);
    for (const auto& f : kDampingFields) {
      docs.push_back({"damping." + std::string(f.key), f.type, f.fallback, f.help});
    }
    return docs;
  }
  const CheckType* type = find_check_type(type_name);
  if (type == nullptr) return docs;
  append("", type->fields);
  append("", type->shared_fields);
  append("expect.", type->expect_fields);
  return docs;
}

}  // namespace gslbd::health
