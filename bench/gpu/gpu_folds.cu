// Folds, copies and maps on a GPU, beside CUB's and the driver's.
#include <bench/gpu/contest.cuh>
#include <cub/device/device_reduce.cuh>
#include <cub/device/device_transform.cuh>
#include <prorata/exactly.hpp>
#include <prorata/extrema.hpp>
#include <prorata/reductions.hpp>

namespace prorata::bench {
namespace {

template <class R, class S, class Load>
typename R::result_type reduced(S& s, R const& r, Load const& load, index_t n) {
  using result_type = typename R::result_type;
  piece const p{0, n, n};
  buffer<std::byte, S> const partial(s, R::bytes(p));
  buffer<result_type, S> const answer(s, 1);
  reduce_piece(s, r, p, load, partial.data());
  reduce_finish(s, r, n, partial.data(), answer.data());
  result_type result;
  s.copy(&result, answer.data(), sizeof result);
  s.sync();
  return result;
}

struct tripled {
  template <class T>
  PRORATA_HD T operator()(T x) const {
    return x * T{3} + T{1};
  }
};

template <class T>
void folds(bench_case const& c) {
  index_t const n = c.n;
  auto& s = c.stream();
  auto const bytes = static_cast<double>(n) * sizeof(T);
  auto const x = made(c.gpu, n, scattered<T>{});
  auto y = make_array<T>(c.gpu, n);
  T* const from = x.parts()[0].data;
  T* const to = y.parts()[0].data;
  auto const load = elements_of(from);

  // Ours: the bits of the host's answer, then the time until it lies in the device's memory, where CUB leaves its own.
  auto const ours = [&](auto const& r) {
    using R = std::remove_cvref_t<decltype(r)>;
    auto const expected = reduced(c.host.streams().front(), r, scattered<T>{}, n);
    auto const found = reduced(s, r, load, n);
    auto const partial = std::make_shared<buffer<std::byte, cuda::stream>>(s, R::bytes({0, n, n}));
    auto const answer = std::make_shared<buffer<typename R::result_type, cuda::stream>>(s, 1);
    return contender{"prorata", std::memcmp(&expected, &found, sizeof expected) == 0,
                     [&s, r, n, load, partial, answer] {
                       reduce_piece(s, r, piece{0, n, n}, load, partial->data());
                       reduce_finish(s, r, n, partial->data(), answer->data());
                     }};
  };
  buffer<T, cuda::stream> const sum(s, 1);
  auto const cub_sum = with_its_memory(s, [&](void* memory, std::size_t& room) {
    return cub::DeviceReduce::Sum(memory, room, from, sum.data(), n, s.native());
  });
  cub_sum();
  auto const host_sum = reduced(c.host.streams().front(), exactly<exact_sum<T>>{}, scattered<T>{}, n);
  auto const exact = static_cast<double>(host_sum.round());
  bool const near =
      std::abs(static_cast<double>(on_host(sum).front()) - exact) <= 1e-3 * std::abs(exact) + 1e3;
  auto const time = [&](char const* op, double moved, std::vector<contender> const& contenders) {
    c.timer.time(op, type_name<T>, n, moved, contenders);
  };
  time("sum", bytes, {ours(ordered<plus<T>>{}), {"cub", near, cub_sum}});
  time("moments", bytes, {ours(ordered<moments>{})});
  time("extrema", bytes, {ours(extrema<T>{})});
  time("exact_sum", bytes, {ours(exactly<exact_sum<T>>{})});
  time("sum_in_sequence", bytes, {ours(ordered<plus<T>, 1>{})});

  auto const copy = [&] { s.copy(to, from, static_cast<std::size_t>(bytes)); };
  copy();
  auto const originals = on_host(x);
  time("copy", 2 * bytes, {{"driver", same(on_host(y), originals), copy}});

  auto expected = originals;
  for (T& v : expected) v = tripled{}(v);
  auto const map = [&] { transform(y, tripled{}, x); };
  map();
  bool const right = same(on_host(y), expected);
  fill(y, T{0});
  auto const cub_map = [&] {
    cuda::check(cub::DeviceTransform::Transform(from, to, n, tripled{}, s.native()));
  };
  cub_map();
  time("transform", 2 * bytes, {{"prorata", right, map}, {"cub", same(on_host(y), expected), cub_map}});
}

}  // namespace

void bench_folds(bench_case const& c) {
  folds<float>(c);
  folds<double>(c);
}

}  // namespace prorata::bench
