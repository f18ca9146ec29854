// One loop for each type of numbers.
#include <algorithm>
#include <host/io/decoded.hpp>
#include <host/run/word_source.hpp>

namespace prorata::host {

namespace {

template <class X, bool Keys>
class words_of final : public word_source {
 public:
  explicit words_of(io::file_column const& in) : elements_(in.array(), in.data()) {}
  void read(index_t begin, index_t n, std::uint64_t* words) const override {
    constexpr index_t block = 256;
    X room[block];
    for (index_t at = 0; at < n; at += block) {
      index_t const some = std::min(block, n - at);
      X const* const x = elements_.at(begin + at, some, room);
      for (index_t i = 0; i < some; ++i) words[at + i] = Keys ? key_word(x[i]) : value_word(x[i]);
    }
  }

 private:
  io::decoded<X> elements_;
};

}  // namespace

template <class X>
std::unique_ptr<word_source> key_words_as(io::file_column const& in) {
  return std::make_unique<words_of<X, true>>(in);
}
template <class X>
std::unique_ptr<word_source> value_words_as(io::file_column const& in) {
  return std::make_unique<words_of<X, false>>(in);
}

#define PRORATA_WORDS_OF(X)                                                         \
  template std::unique_ptr<word_source> key_words_as<X>(io::file_column const& in); \
  template std::unique_ptr<word_source> value_words_as<X>(io::file_column const& in);
PRORATA_WORDS_OF(float)
PRORATA_WORDS_OF(double)
PRORATA_WORDS_OF(std::int8_t)
PRORATA_WORDS_OF(std::int16_t)
PRORATA_WORDS_OF(std::int32_t)
PRORATA_WORDS_OF(std::int64_t)
PRORATA_WORDS_OF(std::uint8_t)
PRORATA_WORDS_OF(std::uint16_t)
PRORATA_WORDS_OF(std::uint32_t)
PRORATA_WORDS_OF(std::uint64_t)
#undef PRORATA_WORDS_OF

namespace {

template <bool Keys>
std::unique_ptr<word_source> source(io::file_column const& in) {
  return io::visit(in.array().type, [&](auto tag) -> std::unique_ptr<word_source> {
    return std::make_unique<words_of<io::value_type_of<typename decltype(tag)::type>, Keys>>(in);
  });
}

}  // namespace

std::unique_ptr<word_source> keys_of(io::file_column const& in) { return source<true>(in); }
std::unique_ptr<word_source> values_of(io::file_column const& in) { return source<false>(in); }

addend addend_in(io::file_column const& in) {
  return io::visit(in.array().type, [](auto tag) { return addend_of<typename decltype(tag)::type>; });
}

}  // namespace prorata::host
