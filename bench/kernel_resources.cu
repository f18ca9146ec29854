// The hot kernels, as algorithms use them, to be compiled and weighed: registers, spills, shared memory.
#include <kernels/grouping/slots.cuh>
#include <prorata/cuda.cuh>
#include <prorata/elements.hpp>
#include <prorata/exactly.hpp>

namespace prorata {

template <class... T>
using load = element_load<identity, T...>;

struct paired {
  PRORATA_HD weighted_value operator()(double x, double w) const { return {w, x}; }
};
struct multiplied {
  PRORATA_HD float operator()(float x, float y) const { return x * y; }
};

template <class R, class Load>
void weigh(cuda::stream& s, Load elements, std::byte* memory) {
  reduce_piece(s, R{}, piece{0, 1, 1}, elements, memory);
  reduce_join(s, R{}, std::vector<piece>{{0, 1, 1}}, memory, memory);
  reduce_finish(s, R{}, 1, memory, reinterpret_cast<typename R::result_type*>(memory));
}

template <class T>
load<T> const one(identity{}, 0, static_cast<T const*>(nullptr));
element_load<multiplied, float, float> const load_of_products(multiplied{}, 0, nullptr, nullptr);
element_load<paired, double, double> const load_of_pairs(paired{}, 0, nullptr, nullptr);

struct by_remainder {
  PRORATA_HD index_t operator()(index_t i) const { return i % 8; }
};

template <class T>
void weigh_scan(cuda::stream& s, std::byte* memory) {
  scan_form<plus<T>> const form{};
  auto* const out = reinterpret_cast<T*>(memory);
  scan_piece(s, form, piece{0, 1, 1}, one<T>, reinterpret_cast<running_fold<T>*>(memory), out);
  scan_nodes(s, form.op, piece{0, 1, 1}, one<T>, out);
}

template <addend Kind, int Moments, bool Extremes>
void weigh_groups(cuda::stream& s) {
  using State = group_state<Kind, Moments, Extremes>;
  cuda::fill_slots<State>(s, nullptr, nullptr, 1, {}, {}, nullptr);
}

void weigh_all(cuda::stream& s, std::byte* memory) {
  weigh<ordered<plus<float>>>(s, one<float>, memory);
  weigh<ordered<plus<double>>>(s, one<double>, memory);
  weigh<ordered<plus<float>>>(s, load_of_products, memory);
  weigh<ordered<moments>>(s, one<float>, memory);
  weigh<ordered<moments>>(s, one<double>, memory);
  weigh<ordered<weighted_moments>>(s, load_of_pairs, memory);
  weigh<integer_moments<std::int8_t>>(s, one<std::int8_t>, memory);
  weigh<integer_moments<std::int16_t>>(s, one<std::int16_t>, memory);
  weigh<ordered<plus<float>, 1>>(s, one<float>, memory);
  weigh<order_free<plus<std::int32_t>>>(s, one<std::int32_t>, memory);
  weigh<order_free<plus<std::int64_t>>>(s, one<std::int64_t>, memory);
  weigh<order_free<plus<std::int8_t>>>(s, one<std::int8_t>, memory);
  weigh<order_free<minimum<float>>>(s, one<float>, memory);
  weigh<extrema<float>>(s, one<float>, memory);
  weigh<extrema<double>>(s, one<double>, memory);
  weigh<exactly<exact_sum<float>>>(s, one<float>, memory);
  weigh<exactly<exact_sum<double>>>(s, one<double>, memory);
  transform_index(s, 0, 1, one<float>, static_cast<float*>(nullptr));
  transform_index(s, 0, 1, one<double>, static_cast<double*>(nullptr));
  transform_index(s, 0, 1, load_of_products, static_cast<float*>(nullptr));
  transform_index(s, 0, 1, one<std::int8_t>, static_cast<std::int8_t*>(nullptr));
  weigh_scan<float>(s, memory);
  weigh_scan<double>(s, memory);
  auto* const counts = reinterpret_cast<index_t*>(memory);
  histogram_index(s, bin_rule{}, 0, 1, one<float>, counts);
  count_digits(s, 0, 1, one<std::uint32_t>, digit_rule<std::uint32_t>{}, counts);
  count_buckets(s, 0, 1, 8, by_remainder{}, counts, counts);
  scatter_buckets(s, 0, 1, 8, by_remainder{}, one<float>, counts, static_cast<float* const*>(nullptr));
  (void)reduce_runs(s, ordered<plus<float>>{}, counts, 1, 1, one<float>, static_cast<float*>(nullptr));
  weigh_groups<addend::real, 0, false>(s);
  weigh_groups<addend::real, 1, false>(s);
  weigh_groups<addend::real, 1, true>(s);
  weigh_groups<addend::real, 2, true>(s);
  weigh_groups<addend::signed_integer, 1, false>(s);
  weigh_groups<addend::signed_integer, 2, true>(s);
}

}  // namespace prorata
