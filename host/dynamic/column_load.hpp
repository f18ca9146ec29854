// Loading elements of files as the type a reduction wants, a block at a time.
//
// Loads also say what a GPU is to do in their place: `form`, of the elements of sources().
#pragma once

#include <array>
#include <host/io/file_column.hpp>
#include <host/run/file_load.hpp>
#include <host/run/gpu/elements.hpp>
#include <prorata/elements.hpp>
#include <prorata/exactly.hpp>
#include <prorata/operations.hpp>
#include <tuple>
#include <type_traits>

namespace prorata::dynamic {

/// What each stored type is reduced as.
struct as_itself {  ///< min, max: the type itself; halves as float, booleans as bytes
  template <class Stored>
  using type = io::value_type_of<Stored>;
};
struct as_wide {  ///< sums: floats as double, integers as 64 bits of their signedness
  template <class Stored, class V = io::value_type_of<Stored>>
  using type = std::conditional_t<std::is_floating_point_v<V>, double,
                                  std::conditional_t<std::is_signed_v<V>, std::int64_t, std::uint64_t>>;
};
struct as_addends {  ///< sums that are exact where they are of integers: those as they are, floats as double
  template <class Stored, class V = io::value_type_of<Stored>>
  using type = std::conditional_t<std::is_floating_point_v<V>, double, V>;
};
struct as_real {  ///< moments of pairs: everything as double
  template <class Stored>
  using type = double;
};

/// f of elements as double.
template <class F>
struct of_doubles {
  F f;
  template <class... X>
  auto operator()(X... x) const {
    return f(static_cast<double>(x)...);
  }
};

/// g of what f gives.
template <class G, class F>
struct composed {
  G g;
  F f;
  template <class... X>
  auto operator()(X... x) const {
    return g(f(x...));
  }
};

/// What reductions make of one element, or of one of each of two files.
struct square {
  template <class T>
  auto operator()(T x) const {
    return x * x;
  }
};
template <class To>
struct nonzero {  // NaN is not zero, as in NumPy
  template <class T>
  To operator()(T x) const {
    return x != 0;
  }
};
/// Of integers in 64 bits, modulo 2^64.
template <class To>
struct wide_product {
  template <class T>
  To operator()(T x, T y) const {
    return multiplies<To>{}(static_cast<To>(x), static_cast<To>(y));
  }
};
struct as_factors {
  factors<double> operator()(double x) const { return {x, x}; }
  factors<double> operator()(double x, double y) const { return {x, y}; }
};
struct as_weighted {
  weighted_value operator()(double x, double w) const { return {w, x}; }
};

/// What GPUs make of the same files.
template <class F>
inline constexpr auto form_of = host::gpu_form::value;
template <class To>
inline constexpr auto form_of<nonzero<To>> = host::gpu_form::nonzero;
template <class To>
inline constexpr auto form_of<wide_product<To>> = host::gpu_form::product;
template <>
inline constexpr auto form_of<square> = host::gpu_form::product;
template <class T>
inline constexpr auto form_of<multiplies<T>> = host::gpu_form::product;
template <>
inline constexpr auto form_of<as_factors> = host::gpu_form::pair;
template <>
inline constexpr auto form_of<as_weighted> = host::gpu_form::pair;
template <class F>
inline constexpr auto form_of<of_doubles<F>> = form_of<F>;
template <class G, class F>
inline constexpr auto form_of<composed<G, F>> = form_of<G>;

/// f(a[i], …) of files whose elements are X, …
template <class F, class... X>
class column_load : public host::file_load<F, X...> {
 public:
  static constexpr auto form = form_of<F>;

  template <class... In>
  requires(std::is_base_of_v<io::file_column, In>&&...) explicit column_load(F f, In const&... in)
      : host::file_load<F, X...>(std::move(f), in...), columns_{&in...} {}

  /// g of what this gives.
  template <class G>
  auto then(G g) const {
    return column_load<composed<G, F>, X...>({std::move(g), this->f_}, *this);
  }

  /// The two factors of a product or a pair; else each file.
  std::vector<io::file_column const*> sources() const {
    std::vector<io::file_column const*> list(columns_.begin(), columns_.end());
    if ((form == host::gpu_form::product || form == host::gpu_form::pair) && list.size() == 1)
      list.push_back(list[0]);
    return list;
  }

 private:
  template <class G, class... Y>
  friend class column_load;
  template <class G>
  column_load(F f, column_load<G, X...> const& other)
      : host::file_load<F, X...>(std::move(f), other), columns_(other.columns_) {}

  std::array<io::file_column const*, sizeof...(X)> columns_;
};

/// Calls f(load) with the load for this file, elements converted as As says. Numbers of at most 32 bits become double
/// behind the load, so that they are read where they lie.
template <class As, class F>
decltype(auto) with_load(io::file_column const& in, F const& f) {
  return io::visit(in.array().type, [&](auto tag) {
    using Stored = typename decltype(tag)::type;
    using To = typename As::template type<Stored>;
    using X = io::value_type_of<Stored>;
    if constexpr (std::is_same_v<To, double> && sizeof(X) <= 4) {
      return f(column_load<of_doubles<identity>, X>({}, in));
    } else {
      return f(column_load<identity, To>({}, in));
    }
  });
}

}  // namespace prorata::dynamic
