// One loop for each stored type and byte order.
#include <host/cli/loads.hpp>
#include <host/cli/value_source.hpp>

namespace prorata::cli {

namespace {

template <class X>
struct as_value {
  template <class Stored>
  using type = X;
};

template <class X, class Load>
class values_by final : public value_source<X> {
 public:
  explicit values_by(Load const& load) : load_(load), size_(io::size_of(load.from->array().type)) {}
  void read(index_t first, index_t n, X* to) const override {
    Load const load = load_;        // it is known that results do not change it
    if (n * size_ <= read_ahead) {  // longer ones the processor reads ahead itself
      std::byte const* const ahead = load.data + first * size_ + read_ahead;
      for (index_t at = 0; at < n * size_; at += 64) __builtin_prefetch(ahead + at);
    }
    for (index_t i = 0; i < n; ++i) to[i] = load(first + i);
  }

 private:
  static constexpr index_t read_ahead = 4096;  // bytes; for short blocks with work between them

  Load load_;
  index_t size_;  // of an element, in bytes
};

}  // namespace

template <class X>
std::unique_ptr<value_source<X>> value_source_of(input const& in) {
  return with_load<as_value<X>>(in, [&](auto const& load) -> std::unique_ptr<value_source<X>> {
    return std::make_unique<values_by<X, std::remove_cvref_t<decltype(load)>>>(load);
  });
}

template std::unique_ptr<value_source<float>> value_source_of(input const&);
template std::unique_ptr<value_source<double>> value_source_of(input const&);
template std::unique_ptr<value_source<std::int64_t>> value_source_of(input const&);
template std::unique_ptr<value_source<std::uint64_t>> value_source_of(input const&);

}  // namespace prorata::cli
