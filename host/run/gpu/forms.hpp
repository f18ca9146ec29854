// What folds read, made of elements as files store them: one functor for each form and type.
#pragma once

#include <host/run/gpu/elements.hpp>
#include <prorata/error.hpp>
#include <prorata/exactly.hpp>
#include <prorata/operations.hpp>

namespace prorata::host {

template <class X>
struct gathered_value {
  stored_elements a;
  PRORATA_HD X operator()(index_t i) const { return element_as<X>(a, i); }
};

struct gathered_nonzero {
  stored_elements a;
  PRORATA_HD std::int64_t operator()(index_t i) const { return element_as<double>(a, i) != 0; }
};

template <class X>
struct gathered_product {
  stored_elements a, b;
  PRORATA_HD X operator()(index_t i) const {
    return multiplies<X>{}(element_as<X>(a, i), element_as<X>(b, i));
  }
};

struct gathered_factors {
  stored_elements a, b;
  PRORATA_HD factors<double> operator()(index_t i) const {
    return {element_as<double>(a, i), element_as<double>(b, i)};
  }
};

struct gathered_weight {
  stored_elements a, b;
  PRORATA_HD weighted_value operator()(index_t i) const {
    return {element_as<double>(b, i), element_as<double>(a, i)};
  }
};

template <class Key>
struct gathered_sort_key {
  stored_elements a;
  direction way;
  PRORATA_HD Key operator()(index_t i) const { return with_element(a, i, key_as<Key>{way}); }
};

/// What was computed, as a file stores it.
template <class Stored, class T>
struct element_to_store {
  T const* computed;
  PRORATA_HD Stored operator()(index_t i) const { return stored<Stored>(computed[i]); }
};

/// Calls f(load, type_tag<X>) with the load of a form and the type it gives.
template <class F>
void with_form(gpu_form form, gpu_value to, stored_elements const& a, stored_elements const& b, F const& f) {
  using io::type_tag;
  if (form == gpu_form::pair && to == gpu_value::factors)
    return f(gathered_factors{a, b}, type_tag<factors<double>>{});
  if (form == gpu_form::pair && to == gpu_value::weighted)
    return f(gathered_weight{a, b}, type_tag<weighted_value>{});
  if (form == gpu_form::product && to == gpu_value::f64)
    return f(gathered_product<double>{a, b}, type_tag<double>{});
  if (form == gpu_form::product && to == gpu_value::i64)
    return f(gathered_product<std::int64_t>{a, b}, type_tag<std::int64_t>{});
  if (form == gpu_form::nonzero && to == gpu_value::i64)
    return f(gathered_nonzero{a}, type_tag<std::int64_t>{});
  if (form == gpu_form::value && to == gpu_value::f32) return f(gathered_value<float>{a}, type_tag<float>{});
  if (form == gpu_form::value && to == gpu_value::f64)
    return f(gathered_value<double>{a}, type_tag<double>{});
  if (form == gpu_form::value && to == gpu_value::i64)
    return f(gathered_value<std::int64_t>{a}, type_tag<std::int64_t>{});
  if (form == gpu_form::ascending_key || form == gpu_form::descending_key) {
    auto const way = form == gpu_form::ascending_key ? direction::ascending : direction::descending;
    if (to == gpu_value::key32) return f(gathered_sort_key<std::uint32_t>{a, way}, type_tag<std::uint32_t>{});
    if (to == gpu_value::key64) return f(gathered_sort_key<std::uint64_t>{a, way}, type_tag<std::uint64_t>{});
  }
  throw device_error("this reduction has no form for GPUs; use --devices cpu");
}

/// Calls f(load, type_tag<S>) with the load that makes elements of type `to`, or S with the same bytes, of
/// computed ones: double, int64_t or uint64_t. What double is stored as, is floating.
template <class F>
void with_stored(io::dtype computed, void const* from, io::dtype to, F const& f) {
  using io::type_tag;
  auto const call = [&]<class T, class S>(type_tag<T>, type_tag<S> tag) {
    f(element_to_store<S, T>{static_cast<T const*>(from)}, tag);
  };
  require(computed != io::dtype::f64 || io::is_floating(to), "a double is stored as a floating type");
  io::visit(to, [&]<class Stored>(type_tag<Stored> tag) {
    if constexpr (std::is_same_v<Stored, boolean8>) {
      call(type_tag<std::uint64_t>{}, tag);
    } else if constexpr (std::is_integral_v<Stored>) {
      call(type_tag<std::uint64_t>{}, type_tag<std::make_unsigned_t<Stored>>{});
    } else if (computed == io::dtype::f64) {
      call(type_tag<double>{}, tag);
    } else if (computed == io::dtype::i64) {
      call(type_tag<std::int64_t>{}, tag);
    } else {
      call(type_tag<std::uint64_t>{}, tag);
    }
  });
}

}  // namespace prorata::host
