// One loop for each stored type.
#include <host/cli/loads.hpp>
#include <host/cli/word_source.hpp>

namespace prorata::cli {

namespace {

template <class Load, bool Keys>
class words_of final : public word_source {
 public:
  explicit words_of(Load const& load) : load_(load) {}
  void read(index_t begin, index_t n, std::uint64_t* words) const override {
    for (index_t i = 0; i < n; ++i) {
      if constexpr (Keys) {
        words[i] = key_word(load_(begin + i));
      } else {
        words[i] = value_word(load_(begin + i));
      }
    }
  }

 private:
  Load load_;
};

template <bool Keys>
std::unique_ptr<word_source> source(input const& in) {
  return with_load<as_itself>(in, [&](auto const& load) -> std::unique_ptr<word_source> {
    return std::make_unique<words_of<std::remove_cvref_t<decltype(load)>, Keys>>(load);
  });
}

}  // namespace

std::unique_ptr<word_source> keys_of(input const& in) { return source<true>(in); }
std::unique_ptr<word_source> values_of(input const& in) { return source<false>(in); }

addend addend_in(input const& in) {
  return io::visit(in.array().type, [](auto tag) { return addend_of<typename decltype(tag)::type>; });
}

}  // namespace prorata::cli
