// Exact sums of groups, lists of their values, and sets of their texts.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <host/events/aggregates.hpp>
#include <host/events/key_table.hpp>
#include <host/io/printable.hpp>
#include <prorata/quantile_rule.hpp>
#include <prorata/total_order.hpp>
#include <unordered_map>

namespace prorata::events {

namespace {

void write_count(std::uint64_t count, std::string& to) {
  char digits[20];
  auto const [end, error] = std::to_chars(std::begin(digits), std::end(digits), count);
  to.append(digits, end);
}

/// Counts, sums, squares and extremes. Values of one band of exponents are in one state; the rare group whose values
/// lie in several has more of them aside.
template <class State>
class moment_states : public column_states {
 public:
  explicit moment_states(std::size_t column) : column_(column) {}

  void resize(std::size_t slots) override { states_.resize(slots, State::none()); }

  void add(row_batch const& rows, index_t begin, index_t end, std::uint32_t const* slots) override {
    double const* const values = rows.numbers[column_].data();
    for (index_t i = begin; i < end; ++i) {
      auto const word = std::bit_cast<std::uint64_t>(values[i]);
      if (word == missing_bits) continue;
      State& state = states_[slots[i - begin]];
      std::int32_t const unit = State::unit_of(word, 0);
      if (unit == state.unit || unit == State::no_unit) [[likely]]
        state.deposit(word);
      else if (state.unit == State::no_unit)
        state.unit = unit, state.deposit(word);
      else
        of_unit(slots[i - begin], unit).deposit(word);
    }
  }

  void merge(std::uint32_t slot, column_states const& other, std::uint32_t from) override {
    auto const& theirs = static_cast<moment_states const&>(other);
    merge_state(slot, theirs.states_[from]);
    auto const found = theirs.more_.find(from);
    if (found == theirs.more_.end()) return;
    for (State const& state : found->second) merge_state(slot, state);
  }

  void clear(std::uint32_t slot) override {
    states_[slot] = State::none();
    more_.erase(slot);
  }

  void save(byte_writer& to) const override {
    to.put_list(states_);
    to.put(more_.size());
    for (auto const& [slot, list] : more_) to.put(slot), to.put_list(list);
  }
  void load(byte_reader& from, std::size_t slots) override {
    from.get_list(states_);
    for (auto left = from.get<std::size_t>(); left > 0; --left)
      from.get_list(more_[from.get<std::uint32_t>()]);
    if (states_.size() != slots) byte_reader::damaged();
  }

  void answer(std::uint32_t slot, aggregate const& what, std::string& to) override {
    auto const more = more_.find(slot);
    index_t const bands = more == more_.end() ? 1 : 1 + std::ssize(more->second);
    auto const at = [&](index_t k) -> State const& {
      return k == 0 ? states_[slot] : more->second[static_cast<std::size_t>(k - 1)];
    };
    group_answer const found = finished_group<State>(at, bands, 0);
    if (found.count == 0) return;
    switch (what.kind) {
      case aggregate_kind::sum:
        return write_number(std::bit_cast<double>(found.sum), to);
      case aggregate_kind::mean:
        return write_number(found.mean, to);
      case aggregate_kind::variance:
        return write_number(found.variance, to);
      case aggregate_kind::deviation:
        return write_number(std::sqrt(found.variance), to);
      case aggregate_kind::minimum:
        return write_number(std::bit_cast<double>(found.least), to);
      default:
        return write_number(std::bit_cast<double>(found.greatest), to);
    }
  }

 private:
  State& of_unit(std::uint32_t slot, std::int32_t unit) {
    auto& list = more_[slot];
    for (State& state : list)
      if (state.unit == unit) return state;
    list.push_back(State::none());
    list.back().unit = unit;
    return list.back();
  }
  void merge_state(std::uint32_t slot, State const& state) {
    if (states_[slot].meets(state))
      states_[slot].merge(state);
    else
      of_unit(slot, state.unit).merge(state);
  }

  std::size_t column_;
  std::vector<State> states_;
  std::unordered_map<std::uint32_t, std::vector<State>> more_;
};

/// All values, for quantiles and the largest ones.
class value_states : public column_states {
 public:
  explicit value_states(std::size_t column) : column_(column) {}
  void resize(std::size_t slots) override { values_.resize(slots); }
  void add(row_batch const& rows, index_t begin, index_t end, std::uint32_t const* slots) override {
    auto const& column = rows.numbers[column_];
    for (index_t i = begin; i < end; ++i) {
      double const x = column[static_cast<std::size_t>(i)];
      if (!is_missing(x)) values_[slots[i - begin]].push_back(x);
    }
  }
  void merge(std::uint32_t slot, column_states const& other, std::uint32_t from) override {
    auto const& theirs = static_cast<value_states const&>(other).values_[from];
    values_[slot].insert(values_[slot].end(), theirs.begin(), theirs.end());
  }
  void clear(std::uint32_t slot) override { values_[slot] = {}; }

  void save(byte_writer& to) const override {
    for (auto const& values : values_) to.put_list(values);
  }
  void load(byte_reader& from, std::size_t slots) override {
    values_.resize(slots);
    for (auto& values : values_) from.get_list(values);
  }

  void answer(std::uint32_t slot, aggregate const& what, std::string& to) override {
    auto& values = values_[slot];
    if (values.empty()) return;
    auto const n = std::ssize(values);
    if (what.kind == aggregate_kind::quantile) {
      quantile_plan const plan(n, {what.q}, quantile_method::linear);
      std::vector<double> found;
      for (index_t const place : plan.places()) {
        auto const at = values.begin() + place;
        std::nth_element(values.begin(), at, values.end(), total_order<double>());
        found.push_back(*at);
      }
      return write_number(plan.finish(found).front(), to);
    }
    auto const end = values.begin() + std::min(what.k, n);
    std::partial_sort(values.begin(), end, values.end(), total_order<double>(direction::descending));
    for (auto value = values.begin(); value != end; ++value) {
      if (value != values.begin()) to += ';';
      write_number(*value, to);
    }
  }

 private:
  std::size_t column_;
  std::vector<std::vector<double>> values_;
};

/// How many fields are not empty.
class filled_states : public column_states {
 public:
  explicit filled_states(std::size_t column) : column_(column) {}
  void resize(std::size_t slots) override { counts_.resize(slots); }
  void add(row_batch const& rows, index_t begin, index_t end, std::uint32_t const* slots) override {
    auto const& column = rows.texts[column_];
    for (index_t i = begin; i < end; ++i)
      counts_[slots[i - begin]] +=
          column[static_cast<std::size_t>(i)].view().find_first_not_of(" \t") != std::string_view::npos;
  }
  void merge(std::uint32_t slot, column_states const& other, std::uint32_t from) override {
    counts_[slot] += static_cast<filled_states const&>(other).counts_[from];
  }
  void clear(std::uint32_t slot) override { counts_[slot] = 0; }
  void save(byte_writer& to) const override { to.put_list(counts_); }
  void load(byte_reader& from, std::size_t slots) override {
    from.get_list(counts_);
    if (counts_.size() != slots) byte_reader::damaged();
  }

  void answer(std::uint32_t slot, aggregate const&, std::string& to) override {
    write_count(counts_[slot], to);
  }

 private:
  std::size_t column_;
  std::vector<std::uint64_t> counts_;
};

/// The different texts.
class text_states : public column_states {
 public:
  explicit text_states(std::size_t column) : column_(column) {}
  void resize(std::size_t slots) override { texts_.resize(slots); }
  void add(row_batch const& rows, index_t begin, index_t end, std::uint32_t const* slots) override {
    auto const& column = rows.texts[column_];
    for (index_t i = begin; i < end; ++i)
      if (text_ref const text = column[static_cast<std::size_t>(i)]; text.size > 0)
        texts_[slots[i - begin]].find_or_add(text);
  }
  void merge(std::uint32_t slot, column_states const& other, std::uint32_t from) override {
    auto const& theirs = static_cast<text_states const&>(other).texts_[from];
    for (std::uint32_t id = 0; id < theirs.size(); ++id) texts_[slot].find_or_add_from(theirs, id);
  }
  void clear(std::uint32_t slot) override { texts_[slot].clear(); }
  void save(byte_writer& to) const override {
    for (auto const& texts : texts_) texts.save(to);
  }
  void load(byte_reader& from, std::size_t slots) override {
    texts_.resize(slots);
    for (auto& texts : texts_) texts.load(from);
  }

  void answer(std::uint32_t slot, aggregate const&, std::string& to) override {
    write_count(texts_[slot].size(), to);
  }

 private:
  std::size_t column_;
  std::vector<key_table> texts_;
};

struct named_kind {
  std::string_view name;
  aggregate_kind kind;
};
constexpr named_kind known[] = {{"sum", aggregate_kind::sum},           {"mean", aggregate_kind::mean},
                                {"var", aggregate_kind::variance},      {"std", aggregate_kind::deviation},
                                {"min", aggregate_kind::minimum},       {"max", aggregate_kind::maximum},
                                {"distinct", aggregate_kind::distinct}, {"count", aggregate_kind::count}};

aggregate parse_aggregate(std::string_view text) {
  std::size_t const colon = text.find(':');
  std::string_view const name = text.substr(0, colon);
  std::string quoted = "--agg: '";
  quoted.append(io::printable(text, 60)).append("'");
  aggregate wanted{};
  wanted.kind = aggregate_kind::count;
  if (colon != text.npos) wanted.column = text.substr(colon + 1);
  wanted.name = wanted.column.empty() ? std::string(name) : std::string(name) + "_" + wanted.column;
  auto const number = [&](std::size_t from, auto& to) {
    auto const [end, error] = std::from_chars(name.data() + from, name.data() + name.size(), to);
    return error == std::errc{} && end == name.data() + name.size() && name.size() > from;
  };
  auto const* const found =
      std::find_if(std::begin(known), std::end(known), [&](auto const& k) { return k.name == name; });
  double percent = 0;
  if (found != std::end(known)) {
    wanted.kind = found->kind;
  } else if (name == "median") {
    wanted.kind = aggregate_kind::quantile, wanted.q = 0.5;
  } else if (name.starts_with("top") && number(3, wanted.k)) {
    wanted.kind = aggregate_kind::top;
    require(wanted.k >= 1, quoted + ": the k of topK is at least 1");
  } else if (name.starts_with('p') && number(1, percent)) {
    wanted.kind = aggregate_kind::quantile, wanted.q = percent / 100;
    require(percent >= 0 && percent <= 100, quoted + ": a percentile is from p0 to p100");
  } else {
    refuse(quoted + ": unknown aggregate; there are count sum mean var std min max median p99 top3 distinct");
  }
  require(wanted.kind == aggregate_kind::count || !wanted.column.empty(),
          quoted + " needs a column, as in " + io::printable(name, 40) + ":value");
  require(colon == text.npos || !wanted.column.empty(), quoted + ": the column's name is empty");
  return wanted;
}

}  // namespace

std::vector<aggregate> parse_aggregates(std::string_view list) {
  std::vector<aggregate> wanted;
  for (std::size_t from = 0; from <= list.size();) {
    std::size_t const comma = std::min(list.find(',', from), list.size());
    wanted.push_back(parse_aggregate(list.substr(from, comma - from)));
    from = comma + 1;
  }
  return wanted;
}

aggregate_plan::aggregate_plan(std::vector<aggregate> wanted, row_schema& schema)
    : wanted_(std::move(wanted)) {
  auto const place = [](std::vector<std::uint32_t>& list, std::uint32_t column) {
    auto const found = std::find(list.begin(), list.end(), column);
    if (found != list.end()) return static_cast<std::size_t>(found - list.begin());
    list.push_back(column);
    return list.size() - 1;
  };
  for (aggregate const& a : wanted_) {
    if (a.column.empty()) {
      answers_.push_back(-1);
      continue;
    }
    auto const column = column_named(schema, a.column, "--agg");
    if (a.kind == aggregate_kind::distinct || a.kind == aggregate_kind::count) {
      keeps const kept = a.kind == aggregate_kind::distinct ? keeps::texts : keeps::filled;
      answers_.push_back(static_cast<int>(state_for(kept, place(schema.texts, column))));
      continue;
    }
    std::size_t const number = place(schema.numbers, column);
    bool const listed = a.kind == aggregate_kind::quantile || a.kind == aggregate_kind::top;
    std::size_t const state = state_for(listed ? keeps::values : keeps::moments, number);
    answers_.push_back(static_cast<int>(state));
    auto& wants = specs_[state].wants;
    if (a.kind == aggregate_kind::variance || a.kind == aggregate_kind::deviation) wants.moments = 2;
    if (a.kind == aggregate_kind::minimum || a.kind == aggregate_kind::maximum) wants.extremes = true;
  }
}

std::size_t aggregate_plan::state_for(keeps kept, std::size_t column) {
  for (std::size_t k = 0; k < specs_.size(); ++k)
    if (specs_[k].kept == kept && specs_[k].column == column) return k;
  specs_.push_back({kept, column});
  return specs_.size() - 1;
}

std::vector<std::unique_ptr<column_states>> aggregate_plan::make_states() const {
  std::vector<std::unique_ptr<column_states>> states;
  for (state_spec const& spec : specs_) {
    if (spec.kept == keeps::values)
      states.push_back(std::make_unique<value_states>(spec.column));
    else if (spec.kept == keeps::filled)
      states.push_back(std::make_unique<filled_states>(spec.column));
    else if (spec.kept == keeps::texts)
      states.push_back(std::make_unique<text_states>(spec.column));
    else if (spec.wants.moments > 1)
      states.push_back(std::make_unique<moment_states<group_state<addend::real, 2, true>>>(spec.column));
    else if (spec.wants.extremes)
      states.push_back(std::make_unique<moment_states<group_state<addend::real, 1, true>>>(spec.column));
    else
      states.push_back(std::make_unique<moment_states<group_state<addend::real, 1, false>>>(spec.column));
  }
  return states;
}

void aggregate_plan::write_answers(std::uint64_t count,
                                   std::span<std::unique_ptr<column_states> const> states, std::uint32_t slot,
                                   std::string& to) const {
  for (std::size_t k = 0; k < wanted_.size(); ++k) {
    to += ',';
    if (answers_[k] < 0)
      write_count(count, to);
    else
      states[static_cast<std::size_t>(answers_[k])]->answer(slot, wanted_[k], to);
  }
}

void write_number(double x, std::string& to) {
  if (x != x) {
    to += "nan";
    return;
  }
  // plain digits from 0.0001 to 10^16, as Python does
  double const magnitude = std::abs(x);
  bool const plain = x == 0 || (magnitude >= 1e-4 && magnitude < 1e16) || std::isinf(x);
  char digits[32];
  auto const [end, error] = std::to_chars(std::begin(digits), std::end(digits), x,
                                          plain ? std::chars_format::fixed : std::chars_format::scientific);
  to.append(digits, end);
}

std::uint32_t column_named(row_schema const& schema, std::string const& name, char const* option) {
  auto const found = std::find(schema.names.begin(), schema.names.end(), name);
  if (found != schema.names.end()) return static_cast<std::uint32_t>(found - schema.names.begin());
  std::string names;
  for (auto const& n : schema.names) names += (names.empty() ? "" : ", ") + n;
  throw usage_error(std::string(option) + ": there is no column '" + io::printable(name, 60) +
                    "'; the header has " + io::printable(names, 300));
}

}  // namespace prorata::events
