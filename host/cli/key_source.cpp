// One loop for each stored type.
#include <host/cli/key_source.hpp>
#include <prorata/canonical.hpp>
#include <prorata/error.hpp>

namespace prorata::cli {

namespace {

template <class T>
class keys_of_type final : public key_source<wide_key<T>> {
  using U = wide_key<T>;
  using key_type = typename total_order<T>::key_type;

 public:
  keys_of_type(input const& in, direction way) : in_(in), order_(way) {}

  void read(index_t first, index_t n, U* keys) const override {
    alignas(64) T elements[tile];
    for (index_t done = 0; done < n; done += tile) {
      index_t const count = std::min(tile, n - done);
      in_.read(first + done, first + done + count, reinterpret_cast<std::byte*>(elements));
      for (index_t i = 0; i < count; ++i) keys[done + i] = order_.key(elements[i]);
    }
  }

  int bits() const override { return static_cast<int>(sizeof(T)) * 8; }

  number value(U key) const override { return number_of(order_.value(static_cast<key_type>(key))); }

 private:
  input const& in_;
  total_order<T> order_;
};

}  // namespace

template <class U>
std::unique_ptr<key_source<U>> key_source_of(input const& in, direction way) {
  return io::visit(in.array().type, [&](auto tag) -> std::unique_ptr<key_source<U>> {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<wide_key<T>, U>) return std::make_unique<keys_of_type<T>>(in, way);
    throw input_error("keys of another width than the elements'");
  });
}

template std::unique_ptr<key_source<std::uint32_t>> key_source_of(input const&, direction);
template std::unique_ptr<key_source<std::uint64_t>> key_source_of(input const&, direction);

}  // namespace prorata::cli
