// One loop for each stored type.
#include <cstring>
#include <host/cli/key_source.hpp>
#include <prorata/canonical.hpp>
#include <prorata/error.hpp>
#include <prorata/unique.hpp>

namespace prorata::cli {

namespace {

template <class T, alike Which>
class keys_of_type final : public key_source<wide_key<T>> {
  using U = wide_key<T>;
  using key_type = typename total_order<T>::key_type;

 public:
  keys_of_type(input const& in, direction way) : key_source<U>(in), order_(way) {}

  void read(index_t first, index_t n, U* keys) const override {
    alignas(64) T elements[tile];
    for (index_t done = 0; done < n; done += tile) {
      index_t const count = std::min(tile, n - done);
      this->in_.read(first + done, first + done + count, reinterpret_cast<std::byte*>(elements));
      for (index_t i = 0; i < count; ++i) {
        if constexpr (Which == alike::equal) {
          keys[done + i] = order_.key(prorata::detail::representative{}(elements[i]));
        } else {
          keys[done + i] = order_.key(elements[i]);
        }
      }
    }
  }

  int bits() const override { return static_cast<int>(sizeof(T)) * 8; }

  std::vector<std::byte> elements(std::span<U const> keys) const override {
    std::vector<std::byte> all(keys.size() * sizeof(T));
    for (std::size_t i = 0; i < keys.size(); ++i) {
      T const x = order_.value(static_cast<key_type>(keys[i]));
      std::memcpy(all.data() + i * sizeof(T), &x, sizeof(T));
    }
    return all;
  }

  number value(U key) const override { return number_of(order_.value(static_cast<key_type>(key))); }

 private:
  total_order<T> order_;
};

}  // namespace

template <class U>
std::unique_ptr<key_source<U>> key_source_of(input const& in, direction way, alike which) {
  return io::visit(in.array().type, [&](auto tag) -> std::unique_ptr<key_source<U>> {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<wide_key<T>, U>) {
      if (which == alike::equal) return std::make_unique<keys_of_type<T, alike::equal>>(in, way);
      return std::make_unique<keys_of_type<T, alike::same_bits>>(in, way);
    }
    throw input_error("keys of another width than the elements'");
  });
}

template std::unique_ptr<key_source<std::uint32_t>> key_source_of(input const&, direction, alike);
template std::unique_ptr<key_source<std::uint64_t>> key_source_of(input const&, direction, alike);

}  // namespace prorata::cli
