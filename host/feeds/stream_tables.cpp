// Tables from two arrays.
#include <fmt/core.h>

#include <cstring>
#include <host/events/aggregates.hpp>
#include <host/feeds/stream_tables.hpp>
#include <host/io/printable.hpp>
#include <host/jobs/inputs.hpp>
#include <host/pictures/amounts.hpp>

namespace prorata::feeds {

using pictures::count_text;

namespace {

constexpr index_t at_once = 1 << 16;

/// f(element) for all of an array.
template <class F>
void for_each(jobs::input const& in, F const& f) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(at_once * io::size_of(in.array().type)));
  for (index_t first = 0; first < in.count(); first += at_once) {
    index_t const last = std::min(first + at_once, in.count());
    in.read(first, last, bytes.data());
    io::visit(in.array().type, [&](auto tag) {
      using T = typename decltype(tag)::type;
      for (index_t i = 0; i < last - first; ++i) {
        T x;
        std::memcpy(&x, bytes.data() + static_cast<std::size_t>(i) * sizeof x, sizeof x);
        f(x);
      }
    });
  }
}

}  // namespace

join_option parse_join(std::string const& text) {
  std::size_t const equals = text.find('='), colon = text.find(':', std::min(equals, text.size())),
                    comma = text.rfind(',');
  if (equals == text.npos || colon == text.npos || comma == text.npos || comma < colon)
    refuse("--join '" + io::printable(text, 100) +
           "': expected NAME=COLUMN:KEYS.npy,VALUES.npy, as in campaign=ad:ads.npy,campaigns.npy");
  join_option const o{text.substr(0, equals), text.substr(equals + 1, colon - equals - 1),
                      text.substr(colon + 1, comma - colon - 1), text.substr(comma + 1)};
  require(!o.name.empty() && !o.by.empty() && !o.keys.empty() && !o.values.empty(),
          "--join '" + io::printable(text, 100) + "': a name is empty");
  return o;
}

std::shared_ptr<events::lookup_table const> read_table(join_option const& o, int threads,
                                                       io::job_files& files) {
  jobs::input const keys(files, o.keys, {}), values(files, o.values, {});
  auto const type = keys.array().type;
  if (io::is_floating(type))
    throw input_error(fmt::format("{}: keys are integers or booleans, and its elements are {}",
                                  io::printable(o.keys), io::name_of(type)));
  if (keys.count() != values.count())
    throw input_error(fmt::format("{}: it has {}, and {} has {}", io::printable(o.values),
                                  count_text(values.count(), "element"), io::printable(o.keys),
                                  count_text(keys.count(), "key")));
  for (jobs::input const* in : {&keys, &values})
    if (in->reordered())
      throw input_error(io::printable(in->array().path) + ": is in Fortran order; --join needs C order");
  std::vector<std::uint64_t> words;
  words.reserve(static_cast<std::size_t>(keys.count()));
  for_each(keys, [&](auto x) {
    using T = decltype(x);
    if constexpr (std::is_same_v<T, boolean8>)
      words.push_back(x ? 1 : 0);
    else if constexpr (std::is_integral_v<T>)
      words.push_back(static_cast<std::uint64_t>(static_cast<std::int64_t>(x)));
  });
  std::vector<std::string> texts;
  texts.reserve(words.size());
  for_each(values, [&](auto x) {
    using T = decltype(x);
    if constexpr (std::is_same_v<T, boolean8>)
      texts.emplace_back(x ? "1" : "0");
    else if constexpr (std::is_same_v<T, half>)
      events::write_number(static_cast<double>(to_float(x)), texts.emplace_back());
    else if constexpr (std::is_floating_point_v<T>)
      events::write_number(static_cast<double>(x), texts.emplace_back());
    else
      texts.push_back(std::to_string(x));
  });
  keys.file().check_unchanged();
  values.file().check_unchanged();
  return std::make_shared<events::lookup_table const>(words, !io::is_unsigned_integer(type), texts, threads);
}

}  // namespace prorata::feeds
