// Names, types and elements of columns.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <host/dynamic/group_columns.hpp>
#include <host/io/printable.hpp>
#include <host/run/encoded_column.hpp>
#include <prorata/error.hpp>
#include <utility>

namespace prorata::dynamic {

namespace {

constexpr named_column known[] = {{"count", group_column::count},        {"sum", group_column::sum},
                                  {"mean", group_column::mean},          {"var", group_column::variance},
                                  {"std", group_column::variance, true}, {"min", group_column::least},
                                  {"max", group_column::greatest}};

/// Words of a column as elements of its type.
std::vector<std::byte> elements_of(named_column const& c, io::dtype type,
                                   std::span<std::uint64_t const> words) {
  return io::visit(type, [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::vector<std::byte> bytes(words.size() * sizeof(T));
    for (std::size_t i = 0; i < words.size(); ++i) {
      T const x = [&] {
        if (c.column == group_column::key) return decoded_key<T>(words[i]);
        if constexpr (std::is_same_v<T, double>)
          if (c.root) return std::sqrt(std::bit_cast<double>(words[i]));
        return prorata::detail::word_to_value<T>{}(words[i]);
      }();
      std::memcpy(bytes.data() + i * sizeof(T), &x, sizeof x);
    }
    return bytes;
  });
}

}  // namespace

std::vector<named_column> columns_named(std::string_view list) {
  std::vector<named_column> columns{{"key", group_column::key}};
  for (std::size_t from = 0; from <= list.size();) {
    std::size_t const comma = std::min(list.find(',', from), list.size());
    auto const name = list.substr(from, comma - from);
    auto const* const found =
        std::find_if(std::begin(known), std::end(known), [&](auto const& c) { return name == c.name; });
    if (found == std::end(known))
      throw usage_error("--agg: unknown aggregate '" + io::printable(name, 60) +
                        "'; there are count sum mean var std min max");
    columns.push_back(*found);
    from = comma + 1;
  }
  return columns;
}

group_wants wants_of(std::vector<named_column> const& columns) {
  group_wants wants{0, false};
  for (auto const& c : columns) {
    if (c.column == group_column::sum || c.column == group_column::mean)
      wants.moments = std::max(wants.moments, 1);
    if (c.column == group_column::variance) wants.moments = 2;
    if (c.column == group_column::least || c.column == group_column::greatest) wants.extremes = true;
  }
  return wants;
}

io::dtype type_of(named_column const& c, io::dtype keys, io::dtype values, addend kind) {
  switch (c.column) {
    case group_column::key:
      return keys;
    case group_column::count:
      return io::dtype::i64;
    case group_column::sum:
      return kind == addend::real             ? io::dtype::f64
             : kind == addend::signed_integer ? io::dtype::i64
                                              : io::dtype::u64;
    case group_column::mean:
    case group_column::variance:
      return io::dtype::f64;
    default:
      return values;
  }
}

group_output::group_output(named_column const& named, io::dtype type, io::array_sink sink, index_t shown)
    : named_(named),
      type_(type),
      sink_(std::move(sink)),
      head_(static_cast<std::size_t>(shown * io::size_of(type))) {}

void group_output::write(index_t place, std::span<std::uint64_t const> words) {
  auto const elements = elements_of(named_, type_, words);
  sink_.write(place, elements);
  auto const begin = static_cast<std::size_t>(place * io::size_of(type_));
  if (begin < head_.size())
    std::memcpy(head_.data() + begin, elements.data(), std::min(elements.size(), head_.size() - begin));
}

}  // namespace prorata::dynamic
