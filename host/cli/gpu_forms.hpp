// What folds read, made of elements as files store them: one functor for each form and type.
#pragma once

#include <host/cli/gpu_elements.hpp>
#include <prorata/error.hpp>
#include <prorata/exactly.hpp>
#include <prorata/operations.hpp>

namespace prorata::cli {

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
  throw device_error("this reduction has no form for GPUs; use --devices cpu");
}

}  // namespace prorata::cli
