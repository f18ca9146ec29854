// prorata quantile and prorata topk: exact, in a few reads of a file, whatever fits memory.
#include <host/cli/command_line.hpp>
#include <host/cli/key_source.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/cli/tiles.hpp>
#include <host/count_digits.hpp>
#include <host/io/printable.hpp>
#include <host/pool.hpp>
#include <mutex>
#include <nlohmann/json.hpp>
#include <prorata/quantile_rule.hpp>

namespace prorata::cli {

namespace {

template <class K>
struct keys_of_tile {
  K const* keys;
  K operator()(index_t i) const { return keys[i]; }
};

/// Tables that threads count in, one for each that counts at the same time.
class digit_tables {
 public:
  explicit digit_tables(index_t size)
      : total_(static_cast<std::size_t>(size), 0),
        pool_([this] { return std::make_unique<table>(total_.size()); }) {}

  struct table {
    explicit table(std::size_t size) : counts(size, 0u) {}
    std::vector<std::uint32_t> counts;
    index_t seen = 0;
  };
  auto lend() { return pool_.lend(); }

  /// To be told before `elements` more, at most 2^30, are counted.
  void expect(table& mine, index_t elements) {
    if (mine.seen + elements >= index_t{1} << 32) empty(mine);
    mine.seen += elements;
  }
  /// Counts that were made elsewhere.
  void add(std::vector<index_t> const& counts) {
    std::lock_guard const lock(mutex_);
    for (std::size_t k = 0; k < counts.size(); ++k) total_[k] += counts[k];
  }
  std::vector<index_t> total() {
    pool_.each([&](table& t) { empty(t); });
    return total_;
  }

 private:
  void empty(table& t) {
    std::lock_guard const lock(mutex_);
    for (std::size_t k = 0; k < total_.size(); ++k) total_[k] += t.counts[k];
    std::fill(t.counts.begin(), t.counts.end(), 0u);
    t.seen = 0;
  }

  std::vector<index_t> total_;
  std::mutex mutex_;
  host::pool<table> pool_;
};

/// The keys of a file's elements in an order, and reads of the whole file.
template <class K>
class file_keys {
 public:
  file_keys(session& job, input const& in, direction way, key_source<K> const& source)
      : job_(job), in_(in), way_(way), source_(source) {}

  key_source<K> const& source() const { return source_; }
  index_t c_order_index(index_t i) const { return in_.c_order_index(i); }

  /// f(room, keys, first, n) for every tile, on all threads; each part of the file has its make_room().
  template <class MakeRoom, class F>
  void each(char const* what, MakeRoom const& make_room, F const& f) {
    job_.passes().run(what, [&](piece p) { in_tiles(p, make_room, f); });
  }
  /// The same without a room.
  template <class F>
  void each(char const* what, F const& f) {
    each(
        what, [] { return 0; }, [&](int, K const* keys, index_t first, index_t n) { f(keys, first, n); });
  }

  /// One round of a search over the file; GPUs count their share.
  void round(rank_search<K>& search) {
    auto const rule = search.rule(search.prefixes().data());
    bool const all = rule.count == 1 && rule.shift + rule.bits >= source_.bits();
    index_t const slots = rule.slots(), tables = all ? host::detail::count_tables : 1;
    digit_tables counted(slots * tables);
    auto const count = [&](auto const& table, K const* keys, index_t, index_t n) {
      counted.expect(*table, n);
      if (all)
        host::detail::count_all<K>(keys_of_tile<K>{keys}, rule, 0, n, table->counts.data());
      else
        host::detail::count_some<K>(keys_of_tile<K>{keys}, rule, 0, n, table->counts.data());
    };
    job_.passes().run(
        "count",
        [&](piece p) {
          in_tiles(
              p, [&] { return counted.lend(); }, count);
        },
        [&](host::stream const& s, host::gpu_rank& gpu, piece p) {
          std::vector<index_t> counts(static_cast<std::size_t>(slots), 0);
          gpu.count_digits(s, in_, way_, rule, p, counts.data());
          counted.add(counts);
        });
    search.take(summed(counted.total(), slots));
  }

  /// That one read of the file found what another did not.
  [[noreturn]] void changed() const {
    throw input_error(io::printable(in_.array().path) +
                      ": file changed while being read; nothing is answered");
  }

  static std::vector<index_t> summed(std::vector<index_t> tables, index_t slots) {
    for (std::size_t k = static_cast<std::size_t>(slots); k < tables.size(); ++k)
      tables[k % static_cast<std::size_t>(slots)] += tables[k];
    tables.resize(static_cast<std::size_t>(slots));
    return tables;
  }

 private:
  template <class MakeRoom, class F>
  void in_tiles(piece p, MakeRoom const& make_room, F const& f) const {
    auto const room = make_room();
    in_.prepare(p.begin, p.end);
    alignas(64) K keys[tile];
    for (index_t first = p.begin; first < p.end; first += tile) {
      index_t const n = std::min(tile, p.end - first);
      source_.read(first, n, keys);
      f(room, keys, first, n);
    }
  }

  session& job_;
  input const& in_;
  direction way_;
  key_source<K> const& source_;
};

/// The elements at places of the sorted file, as doubles.
template <class K>
std::vector<double> at_places(file_keys<K>& file, std::vector<index_t> const& places, index_t budget) {
  rank_search<K> search(places, 1, file.source().bits());
  do file.round(search);
  while (!search.done() && search.in_question(0) > budget / 4 / static_cast<index_t>(sizeof(K)));
  if (!search.done()) {  // what is left fits: it is read once more, and searched in memory
    auto const list = search.prefixes();
    auto const wanted = search.candidates(list.data());
    std::vector<K> left;
    std::mutex adding;
    left.reserve(static_cast<std::size_t>(search.in_question(0)));
    file.each("keep", [&](K const* keys, index_t, index_t n) {
      K mine[tile];
      index_t count = 0;
      for (index_t j = 0; j < n; ++j) {
        mine[count] = keys[j];
        count += wanted.slot(keys[j]) >= 0;
      }
      if (count == 0) return;
      std::lock_guard const lock(adding);
      left.insert(left.end(), mine, mine + count);
    });
    if (static_cast<index_t>(left.size()) != search.in_question(0)) file.changed();
    while (!search.done()) {
      auto const rule = search.rule(search.prefixes().data());
      std::vector<index_t> counts(static_cast<std::size_t>(rule.slots()), 0);
      for (K const key : left)
        if (index_t const slot = rule.slot(key); slot >= 0) ++counts[static_cast<std::size_t>(slot)];
      search.take(counts);
    }
  }
  std::vector<double> result;
  for (auto const& target : search.found())
    result.push_back(
        std::visit([](auto x) { return static_cast<double>(x); }, file.source().value(target.key)));
  return result;
}

struct placed_value {
  number value;
  index_t index;
};

/// The k ≥ 1 first elements of the file in an order, equal ones by their index in C order.
template <class K>
std::vector<placed_value> first_elements(file_keys<K>& file, index_t k, index_t budget) {
  struct one {
    K key;
    index_t index;
    bool operator<(one const& other) const {
      return key < other.key || (key == other.key && index < other.index);
    }
  };
  rank_search<K> search({k - 1}, 1, file.source().bits());
  auto const& last = search.found().front();
  index_t const fit = std::max(k, budget / 4 / static_cast<index_t>(sizeof(one)));
  do file.round(search);
  while (!search.done() && last.below[0] + last.equal[0] > fit);

  // Everything before the last one's digits, and those with them: all, or, of equal ones, the first.
  auto const with_digits = search.candidates(search.prefixes().data());
  index_t const wanted = search.done() ? k - last.below[0] : last.equal[0];
  std::vector<one> found, ties;
  found.reserve(static_cast<std::size_t>(last.below[0] + wanted));
  std::mutex adding;
  file.each("keep", [&](K const* keys, index_t first, index_t n) {
    std::vector<one> before, equal;  // few, as a rule none
    for (index_t j = 0; j < n; ++j) {
      K const top = with_digits.above(keys[j]);
      if (top < last.key) before.push_back({keys[j], file.c_order_index(first + j)});
      if (top == last.key) equal.push_back({keys[j], file.c_order_index(first + j)});
    }
    if (before.empty() && equal.empty()) return;
    std::lock_guard const lock(adding);
    found.insert(found.end(), before.begin(), before.end());
    ties.insert(ties.end(), equal.begin(), equal.end());
    if (search.done() && static_cast<index_t>(ties.size()) > 2 * wanted + tile) {
      std::nth_element(ties.begin(), ties.begin() + wanted, ties.end());
      ties.resize(static_cast<std::size_t>(wanted));
    }
  });
  found.insert(found.end(), ties.begin(), ties.end());
  ties = {};
  std::sort(found.begin(), found.end());
  if (static_cast<index_t>(found.size()) < k) file.changed();
  std::vector<placed_value> result;
  result.reserve(static_cast<std::size_t>(k));
  for (index_t i = 0; i < k; ++i) {
    one const& f = found[static_cast<std::size_t>(i)];
    result.push_back({file.source().value(f.key), f.index});
  }
  return result;
}

quantile_method method_named(std::string const& name) {
  constexpr std::pair<char const*, quantile_method> known[] = {{"linear", quantile_method::linear},
                                                               {"lower", quantile_method::lower},
                                                               {"higher", quantile_method::higher},
                                                               {"nearest", quantile_method::nearest},
                                                               {"midpoint", quantile_method::midpoint}};
  for (auto const& [text, method] : known)
    if (name == text) return method;
  throw usage_error("--interpolation '" + io::printable(name, 60) +
                    "': expected linear, lower, higher, nearest or midpoint");
}

std::unique_ptr<input> only_input(io::job_files& files, options const& o, char const* name) {
  require(o.inputs.size() == 1,
          std::string(name) + " takes one file, not " + std::to_string(o.inputs.size()));
  auto in = std::move(open_inputs(files, o).front());
  if (in->count() == 0)
    throw input_error(io::printable(in->array().path) + ": the array is empty; " + name +
                      " of nothing has no value");
  return in;
}

}  // namespace

void quantile_command(arguments const& args, io::job_files& files) {
  options o;
  command_line command("quantile");
  std::string list, interpolation = "linear";
  command.required("quantiles", list);
  command.option("inputs", o.inputs);
  command.option("--interpolation", interpolation);
  add_device_options(command, o);
  add_raw_options(command, o);
  add_stream_options(command, o);
  command.parse(args);
  refuse_verify(o, "quantile");
  auto const method = method_named(interpolation);
  auto const q = parse_numbers(list, "quantile");
  for (double const one : q)
    require(one >= 0 && one <= 1, "quantile " + shortest(number(one)) + ": it must be a number from 0 to 1");
  auto const in = only_input(files, o, "quantile");
  session job(files, o, {in.get()}, io::size_of(in->array().type), "quantile");
  quantile_plan const plan(in->count(), q, method);
  answer found;
  with_keys(*in, direction::ascending, [&]<class K>(key_source<K> const& source) {
    file_keys<K> file(job, *in, direction::ascending, source);
    auto const values = plan.finish(at_places(file, plan.places(), parse_bytes(o.memory, "--memory")));
    for (std::size_t k = 0; k < q.size(); ++k) found.push_back({shortest(number(q[k])), values[k]});
  });
  report(job, o, "quantile", *in, found);
  job.finish();
}

void topk_command(arguments const& args, io::job_files& files) {
  options o;
  command_line command("topk");
  std::string count;
  bool smallest = false;
  command.required("k", count);
  command.option("inputs", o.inputs);
  command.flag("--smallest", smallest);
  add_device_options(command, o);
  add_raw_options(command, o);
  add_stream_options(command, o);
  command.parse(args);
  refuse_verify(o, "topk");
  index_t const asked = parse_index(count, "topk: how many", 1);
  auto const in = only_input(files, o, "topk");
  index_t const budget = parse_bytes(o.memory, "--memory"), k = std::min(asked, in->count());
  if (k > budget / 64)
    throw out_of_memory("topk: " + std::to_string(k) + " elements and their order need " +
                        std::to_string(k * 64) + " bytes, --memory allows " + o.memory +
                        "; raise it or ask for fewer");
  session job(files, o, {in.get()}, io::size_of(in->array().type), "topk");
  std::vector<placed_value> found;
  auto const way = smallest ? direction::ascending : direction::descending;
  with_keys(*in, way, [&]<class K>(key_source<K> const& source) {
    file_keys<K> file(job, *in, way, source);
    found = first_elements(file, k, budget);
  });
  job.finish();
  if (o.json) {
    printed_object const out;
    out.list("result", k, [&](index_t j) {
      auto const& f = found[static_cast<std::size_t>(j)];
      nlohmann::json one = finding{"", f.value, in->position(f.index)};
      one["index"] = f.index;
      return one;
    });
    out.finish({{"op", "topk"},
                {"n", in->count()},
                {"dtype", io::describe(in->array().type).code},
                {"plan", plan_json(job.devices(), job.weights(), job.cuts())},
                {"seconds", job.seconds()},
                {"bytes", job.bytes()}});
    return;
  }
  print("{} of {} of {}\n", k, count_text(in->count(), "element"), io::name_of(in->array().type));
  for (auto const& f : found)
    print("  {:<25} {:>19} {}\n", shortest(f.value), f.index, in->position(f.index));
}

}  // namespace prorata::cli
