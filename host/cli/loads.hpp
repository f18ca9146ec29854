// Loading elements of input files as the type a reduction wants, chosen once per job and not per element.
//
// Loads also say what a GPU is to do in their place: `form`, of the elements of sources().
#pragma once

#include <bit>
#include <cstring>
#include <host/cli/gpu/elements.hpp>
#include <host/cli/inputs.hpp>
#include <host/io/dtype.hpp>
#include <prorata/exactly.hpp>
#include <prorata/operations.hpp>
#include <type_traits>

namespace prorata::cli {

/// What each stored type is reduced as.
struct as_itself {  ///< min, max: the type itself; halves as float, booleans as bytes
  template <class Stored>
  using type = decltype(value_of(Stored{}));
};
struct as_wide {  ///< sums: floats as double, integers as 64 bits of their signedness
  template <class Stored, class V = decltype(value_of(Stored{}))>
  using type = std::conditional_t<std::is_floating_point_v<V>, double,
                                  std::conditional_t<std::is_signed_v<V>, std::int64_t, std::uint64_t>>;
};
struct as_addends {  ///< sums that are exact where they are of integers: those as they are, floats as double
  template <class Stored, class V = decltype(value_of(Stored{}))>
  using type = std::conditional_t<std::is_floating_point_v<V>, double, V>;
};
struct as_exact {  ///< exact sums: like as_wide, but floats stay floats, whose accumulator is smaller
  template <class Stored, class V = decltype(value_of(Stored{}))>
  using type = std::conditional_t<std::is_floating_point_v<V>, V, typename as_wide::type<Stored>>;
};
struct as_real {  ///< moments of pairs: everything as double
  template <class Stored>
  using type = double;
};

/// load(i) of a file whose elements are `Stored` in this machine's byte order, at any alignment.
template <class Stored, class To>
struct stored_load {
  static constexpr auto form = gpu_form::value;
  input const* from;
  std::byte const* data;

  explicit stored_load(input const& in) : from(&in), data(in.data()) {}

  To operator()(index_t i) const {
    Stored x;
    std::memcpy(&x, data + i * static_cast<index_t>(sizeof(Stored)), sizeof(Stored));
    return static_cast<To>(value_of(x));
  }
  void prepare(index_t first, index_t last) const { from->prepare(first, last); }
  std::vector<input const*> sources() const { return {from}; }
};

/// The same for the other byte order.
template <class Stored, class To>
struct swapped_load : stored_load<Stored, To> {
  using stored_load<Stored, To>::stored_load;

  To operator()(index_t i) const {
    using bits = std::conditional_t<sizeof(Stored) == 2, std::uint16_t,
                                    std::conditional_t<sizeof(Stored) == 4, std::uint32_t, std::uint64_t>>;
    bits x;
    std::memcpy(&x, this->data + i * static_cast<index_t>(sizeof x), sizeof x);
    if constexpr (sizeof x == 2) x = __builtin_bswap16(x);
    if constexpr (sizeof x == 4) x = __builtin_bswap32(x);
    if constexpr (sizeof x == 8) x = __builtin_bswap64(x);
    return static_cast<To>(value_of(std::bit_cast<Stored>(x)));
  }
};

/// load(i) of any file, by asking for its type at each element: for pairs of files of different types, which
/// are too rare to be worth a loop for each combination.
template <class To>
struct any_load {
  static constexpr auto form = gpu_form::value;
  input const* from;

  explicit any_load(input const& in) : from(&in) {}

  [[gnu::noinline]] To operator()(index_t i) const {
    return io::visit(from->array().type, [&](auto tag) {
      using Stored = typename decltype(tag)::type;
      if constexpr (sizeof(Stored) > 1) {
        if (from->array().swapped) return swapped_load<Stored, To>(*from)(i);
      }
      return stored_load<Stored, To>(*from)(i);
    });
  }
  void prepare(index_t first, index_t last) const { from->prepare(first, last); }
  std::vector<input const*> sources() const { return {from}; }
};

/// What GPUs make of two files that go through f.
template <class F>
inline constexpr auto form_of = gpu_form::pair;
template <class T>
inline constexpr auto form_of<multiplies<T>> = gpu_form::product;

/// The factors of a square.
template <class Load>
struct with_itself {
  static constexpr auto form = gpu_form::pair;
  Load load;
  factors<double> operator()(index_t i) const {
    auto const x = static_cast<double>(load(i));
    return {x, x};
  }
  void prepare(index_t first, index_t last) const { load.prepare(first, last); }
  std::vector<input const*> sources() const { return {load.from, load.from}; }
};

/// f(a(i), b(i)).
template <class A, class B, class F>
struct pair_load {
  static constexpr auto form = form_of<F>;
  A a;
  B b;
  F f;
  auto operator()(index_t i) const { return f(a(i), b(i)); }
  void prepare(index_t first, index_t last) const {
    a.prepare(first, last);
    b.prepare(first, last);
  }
  std::vector<input const*> sources() const { return {a.from, b.from}; }
};

/// Calls f(load) with the load for this input, elements converted as As says.
template <class As, class F>
decltype(auto) with_load(input const& in, F const& f) {
  return io::visit(in.array().type, [&](auto tag) {
    using Stored = typename decltype(tag)::type;
    using To = typename As::template type<Stored>;
    if constexpr (sizeof(Stored) > 1) {
      if (in.array().swapped) return f(swapped_load<Stored, To>(in));
    }
    return f(stored_load<Stored, To>(in));
  });
}

}  // namespace prorata::cli
