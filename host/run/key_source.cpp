// One loop for each type of elements.
#include <cstring>
#include <host/io/decoded.hpp>
#include <host/run/key_source.hpp>
#include <prorata/canonical.hpp>
#include <prorata/error.hpp>

namespace prorata::host {

namespace {

template <class T, alike Which>
class keys_of_type final : public key_source<wide_key<T>> {
  using U = wide_key<T>;
  using key_type = typename total_order<T>::key_type;

 public:
  keys_of_type(io::file_column const& column, direction way)
      : key_source<U>(column), elements_(column.array()), order_(way) {}

  void keys_of(std::byte const* stored, index_t n, U* keys) const override {
    index_t const size = io::size_of(this->column_.array().type);
    alignas(64) T room[tile];
    for (index_t done = 0; done < n; done += tile) {
      index_t const count = std::min(tile, n - done);
      convert(elements_.of(stored + done * size, count, room), count, keys + done);
    }
  }

  int bits() const override { return static_cast<int>(sizeof(T)) * 8; }
  bool of_stored() const override { return io::dtype_of<T> == this->column_.array().type; }

  std::vector<std::byte> elements(std::span<U const> keys) const override {
    std::vector<std::byte> all(keys.size() * sizeof(T));
    for (std::size_t i = 0; i < keys.size(); ++i) {
      T const x = order_.value(static_cast<key_type>(keys[i]));
      std::memcpy(all.data() + i * sizeof(T), &x, sizeof(T));
    }
    return all;
  }

  double number(U key) const override {
    return static_cast<double>(io::value_of(order_.value(static_cast<key_type>(key))));
  }

 private:
  void convert(T const* elements, index_t n, U* keys) const {
    for (index_t i = 0; i < n; ++i) {
      if constexpr (Which == alike::equal) {
        keys[i] = order_.key(prorata::detail::representative{}(elements[i]));
      } else {
        keys[i] = order_.key(elements[i]);
      }
    }
  }

  io::decoded<T> elements_;
  total_order<T> order_;
};

}  // namespace

template <class T>
std::unique_ptr<key_source<wide_key<T>>> keys_as(io::file_column const& column, direction way, alike which) {
  if (which == alike::equal) return std::make_unique<keys_of_type<T, alike::equal>>(column, way);
  return std::make_unique<keys_of_type<T, alike::same_bits>>(column, way);
}

template <class U>
std::unique_ptr<key_source<U>> key_source_of(io::file_column const& column, direction way, alike which) {
  return io::visit(column.array().type, [&](auto tag) -> std::unique_ptr<key_source<U>> {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<wide_key<T>, U>) return keys_as<T>(column, way, which);
    throw input_error("keys of another width than the elements'");
  });
}

template std::unique_ptr<key_source<std::uint32_t>> key_source_of(io::file_column const&, direction, alike);
template std::unique_ptr<key_source<std::uint64_t>> key_source_of(io::file_column const&, direction, alike);

template std::unique_ptr<key_source<wide_key<boolean8>>> keys_as<boolean8>(io::file_column const&, direction,
                                                                           alike);
template std::unique_ptr<key_source<wide_key<half>>> keys_as<half>(io::file_column const&, direction, alike);
template std::unique_ptr<key_source<wide_key<float>>> keys_as<float>(io::file_column const&, direction,
                                                                     alike);
template std::unique_ptr<key_source<wide_key<double>>> keys_as<double>(io::file_column const&, direction,
                                                                       alike);
template std::unique_ptr<key_source<wide_key<std::int8_t>>> keys_as<std::int8_t>(io::file_column const&,
                                                                                 direction, alike);
template std::unique_ptr<key_source<wide_key<std::int16_t>>> keys_as<std::int16_t>(io::file_column const&,
                                                                                   direction, alike);
template std::unique_ptr<key_source<wide_key<std::int32_t>>> keys_as<std::int32_t>(io::file_column const&,
                                                                                   direction, alike);
template std::unique_ptr<key_source<wide_key<std::int64_t>>> keys_as<std::int64_t>(io::file_column const&,
                                                                                   direction, alike);
template std::unique_ptr<key_source<wide_key<std::uint8_t>>> keys_as<std::uint8_t>(io::file_column const&,
                                                                                   direction, alike);
template std::unique_ptr<key_source<wide_key<std::uint16_t>>> keys_as<std::uint16_t>(io::file_column const&,
                                                                                     direction, alike);
template std::unique_ptr<key_source<wide_key<std::uint32_t>>> keys_as<std::uint32_t>(io::file_column const&,
                                                                                     direction, alike);
template std::unique_ptr<key_source<wide_key<std::uint64_t>>> keys_as<std::uint64_t>(io::file_column const&,
                                                                                     direction, alike);

}  // namespace prorata::host
