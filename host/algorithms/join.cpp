// The library's joins, over those of files and of keys in memory.
#include <cmath>
#include <cstring>
#include <host/io/job_files.hpp>
#include <host/io/npy.hpp>
#include <host/io/printable.hpp>
#include <limits>
#include <list>
#include <numeric>
#include <optional>
#include <prorata/join.hpp>

namespace prorata {

namespace {

using column_kind = host::join_column::kind;

/// x as an element of a type; of integers and booleans what x rounds to in their range.
///   throws  usage_error where it has none
std::array<std::byte, 8> element_with_value(io::dtype type, double x) {
  return io::visit(type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::array<std::byte, 8> bytes{};
    auto const put = [&](T const& e) { std::memcpy(bytes.data(), &e, sizeof e); };
    if constexpr (std::is_same_v<T, half>) {
      put(to_half(x));
    } else if constexpr (std::is_floating_point_v<T>) {
      put(static_cast<T>(x));
    } else if constexpr (std::is_same_v<T, boolean8>) {
      require(x == 0 || x == 1, "lookup: booleans are 0 or 1");
      put(boolean8{static_cast<unsigned char>(x != 0)});
    } else {
      require(x == std::trunc(x) && x >= static_cast<double>(std::numeric_limits<T>::min()) &&
                  x < std::ldexp(1.0, std::numeric_limits<T>::digits),
              std::string("lookup: what stands for missing values is no ") + io::name_of(type));
      put(static_cast<T>(x));
    }
    return bytes;
  });
}

double nothing(io::dtype type) {
  return io::is_floating(type) ? std::numeric_limits<double>::quiet_NaN() : 0;
}

/// The files of one join.
class files_of_join {
 public:
  explicit files_of_join(run_options const& options) : options_(options) {
    require(options.verify == 0, "join and lookup have no verification; leave it out");
    if (options.memory < index_t{16} << 20)
      throw out_of_memory("run_options::memory: join and lookup need at least 16 MiB");
  }

  io::file_column const& open(std::string const& path, io::file_column const* keys = nullptr) {
    auto const& column = inputs_.emplace_back(files_.read(path), io::read_npy);
    require(!column.reordered(), io::printable(path) + ": is stored in Fortran order; store it in C order");
    if (keys != nullptr && column.count() != keys->count())
      throw input_error(io::printable(path) + ": has " + std::to_string(column.count()) + " elements for " +
                        std::to_string(keys->count()) + " keys");
    return column;
  }
  io::array_sink& sink(std::string const& path, io::dtype type, std::vector<index_t> const& shape = {0}) {
    if (folder_.empty()) {
      auto const slash = path.rfind('/');
      folder_ = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    }
    return sinks_.emplace_back(files_.write(path), type, shape);
  }

  host::join_outcome run(host::join_sides const& sides, join_kind kind,
                         std::vector<host::join_column> const& columns) {
    auto const& temporary = options_.temporary_folder;
    return join_files(sides, kind, columns, {temporary.empty() ? folder_ : temporary, options_.memory},
                      detail::observer_of(options_));
  }
  void finish(std::optional<index_t> rows) {
    for (auto& s : sinks_)
      if (rows) s.finish(*rows);
    for (auto const& in : inputs_) in.file().check_unchanged();
    files_.publish();
  }

 private:
  run_options const& options_;
  io::job_files files_;
  std::list<io::file_column> inputs_;
  std::list<io::array_sink> sinks_;
  std::string folder_;
};

}  // namespace

joined_rows detail::join_words(std::span<std::uint64_t const> left, std::span<std::uint64_t const> right,
                               join_kind kind, int threads) {
  bool const pairs = kind == join_kind::inner || kind == join_kind::left;
  auto const which = pairs ? host::counted_rows::all : host::counted_rows::last;
  std::vector<index_t> rows(right.size());
  std::iota(rows.begin(), rows.end(), index_t{0});
  host::key_matches table(std::ssize(right), sizeof(index_t), which,
                          std::make_shared<host::thread_limit const>(threads));
  table.add(right, reinterpret_cast<std::byte const*>(rows.data()));
  rows = {};
  table.finish();
  joined_rows out;
  constexpr std::size_t at_once = std::size_t{1} << 18;
  std::vector<std::uint64_t> entries(std::min(at_once, left.size()));
  auto const found = std::make_unique<bool[]>(entries.size());
  for (std::size_t first = 0; first < left.size(); first += at_once) {
    std::size_t const n = std::min(at_once, left.size() - first);
    table.find(left.subspan(first, n), entries.data(), found.get());
    for (std::size_t i = 0; i < n; ++i) {
      auto const row = static_cast<index_t>(first + i);
      index_t const has = found[i] ? table.count(entries[i]) : 0;
      index_t const made = host::rows_of_join(kind, has);
      for (index_t k = 0; k < made; ++k) {
        out.left.push_back(row);
        if (!pairs) continue;
        index_t number = -1;
        if (has > 0) std::memcpy(&number, table.belongings(entries[i], k), sizeof number);
        out.right.push_back(number);
      }
    }
  }
  return out;
}

index_t join(join_side const& left, join_side const& right, join_kind kind, join_outputs const& outputs,
             run_options const& options) {
  bool const pairs = kind == join_kind::inner || kind == join_kind::left;
  require(pairs || (right.columns.empty() && outputs.right_row.empty()),
          "join: semi and anti joins have rows of the left side alone");
  files_of_join files(options);
  auto const &left_keys = files.open(left.keys), &right_keys = files.open(right.keys);
  std::vector<host::join_column> columns;
  auto const add = [&](std::string const& path, column_kind from, io::dtype type,
                       io::file_column const* column = nullptr) {
    if (path.empty()) return;
    columns.push_back({from, column, &files.sink(path, type), element_with_value(type, nothing(type))});
  };
  add(outputs.key, column_kind::left, left_keys.array().type, &left_keys);
  for (auto const& c : left.columns) {
    auto const& column = files.open(c.file, &left_keys);
    add(c.output, column_kind::left, column.array().type, &column);
  }
  for (auto const& c : right.columns) {
    auto const& column = files.open(c.file, &right_keys);
    add(c.output, column_kind::right, column.array().type, &column);
  }
  add(outputs.left_row, column_kind::left_row, io::dtype::i64);
  add(outputs.right_row, column_kind::right_row, io::dtype::i64);
  add(outputs.found, column_kind::found, io::dtype::boolean);
  require(!columns.empty(), "join: name an output");
  index_t const rows = files.run({left_keys, right_keys}, kind, columns).rows;
  files.finish(rows);
  return rows;
}

index_t lookup(std::string const& path, std::string const& keys, std::string const& values,
               std::string const& queries, std::optional<double> missing, run_options const& options) {
  files_of_join files(options);
  auto const& of = files.open(keys);
  auto const& value = files.open(values, &of);
  auto const& asked = files.open(queries);
  io::dtype const type = value.array().type;
  auto const& out = files.sink(path, type, asked.array().shape);
  std::vector<host::join_column> const columns{
      {column_kind::right, &value, &out, element_with_value(type, missing.value_or(nothing(type)))}};
  index_t const absent = files.run({asked, of, host::counted_rows::last}, join_kind::left, columns).missing;
  files.finish({});
  return absent;
}

}  // namespace prorata
