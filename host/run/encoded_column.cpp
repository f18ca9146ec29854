// One loop for each type of numbers.
#include <algorithm>
#include <host/io/decoded.hpp>
#include <host/run/encoded_column.hpp>

namespace prorata::host {

namespace {

template <class X, bool Keys>
class words_of final : public encoded_column {
 public:
  explicit words_of(io::file_column const& in) : elements_(in.array()), size_(io::size_of(in.array().type)) {}
  void encode(std::byte const* stored, index_t n, std::uint64_t* words) const override {
    constexpr index_t block = 256;
    alignas(64) X room[block];
    for (index_t at = 0; at < n; at += block) {
      index_t const some = std::min(block, n - at);
      X const* const x = elements_.of(stored + at * size_, some, room);
      for (index_t i = 0; i < some; ++i) words[at + i] = Keys ? encoded_key(x[i]) : encoded_value(x[i]);
    }
  }

 private:
  io::decoded<X> elements_;
  index_t size_;
};

}  // namespace

template <class X>
std::unique_ptr<encoded_column> key_words_as(io::file_column const& in) {
  return std::make_unique<words_of<X, true>>(in);
}
template <class X>
std::unique_ptr<encoded_column> value_words_as(io::file_column const& in) {
  return std::make_unique<words_of<X, false>>(in);
}

template std::unique_ptr<encoded_column> key_words_as<float>(io::file_column const&);
template std::unique_ptr<encoded_column> value_words_as<float>(io::file_column const&);
template std::unique_ptr<encoded_column> key_words_as<double>(io::file_column const&);
template std::unique_ptr<encoded_column> value_words_as<double>(io::file_column const&);
template std::unique_ptr<encoded_column> key_words_as<std::int8_t>(io::file_column const&);
template std::unique_ptr<encoded_column> value_words_as<std::int8_t>(io::file_column const&);
template std::unique_ptr<encoded_column> key_words_as<std::int16_t>(io::file_column const&);
template std::unique_ptr<encoded_column> value_words_as<std::int16_t>(io::file_column const&);
template std::unique_ptr<encoded_column> key_words_as<std::int32_t>(io::file_column const&);
template std::unique_ptr<encoded_column> value_words_as<std::int32_t>(io::file_column const&);
template std::unique_ptr<encoded_column> key_words_as<std::int64_t>(io::file_column const&);
template std::unique_ptr<encoded_column> value_words_as<std::int64_t>(io::file_column const&);
template std::unique_ptr<encoded_column> key_words_as<std::uint8_t>(io::file_column const&);
template std::unique_ptr<encoded_column> value_words_as<std::uint8_t>(io::file_column const&);
template std::unique_ptr<encoded_column> key_words_as<std::uint16_t>(io::file_column const&);
template std::unique_ptr<encoded_column> value_words_as<std::uint16_t>(io::file_column const&);
template std::unique_ptr<encoded_column> key_words_as<std::uint32_t>(io::file_column const&);
template std::unique_ptr<encoded_column> value_words_as<std::uint32_t>(io::file_column const&);
template std::unique_ptr<encoded_column> key_words_as<std::uint64_t>(io::file_column const&);
template std::unique_ptr<encoded_column> value_words_as<std::uint64_t>(io::file_column const&);

namespace {

template <bool Keys>
std::unique_ptr<encoded_column> source(io::file_column const& in) {
  return io::visit(in.array().type, [&](auto tag) -> std::unique_ptr<encoded_column> {
    return std::make_unique<words_of<io::value_type_of<typename decltype(tag)::type>, Keys>>(in);
  });
}

}  // namespace

std::unique_ptr<encoded_column> keys_of(io::file_column const& in) { return source<true>(in); }
std::unique_ptr<encoded_column> values_of(io::file_column const& in) { return source<false>(in); }

addend addend_in(io::file_column const& in) {
  return io::visit(in.array().type, [](auto tag) { return addend_of<typename decltype(tag)::type>; });
}

}  // namespace prorata::host
