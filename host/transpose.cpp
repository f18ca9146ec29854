// Turning blocks in registers, written with the compiler's vectors: every instruction set has its shuffles.
#include <host/transpose.hpp>
#include <utility>

namespace prorata::host {
namespace {

#if defined(__AVX512F__)
constexpr int register_bytes = 64;
#elif defined(__AVX__)
constexpr int register_bytes = 32;
#else
constexpr int register_bytes = 16;
#endif

template <class U>
struct words {
  static constexpr int width = register_bytes / static_cast<int>(sizeof(U));
  static constexpr int lane =
      16 / static_cast<int>(sizeof(U));  // words of 128 bits, where shuffles are cheap
  static constexpr int lanes = width / lane;
  typedef U vector __attribute__((vector_size(register_bytes)));
  typedef U anywhere __attribute__((vector_size(register_bytes), aligned(alignof(U)), may_alias));
};

template <class U, class From, int... K>
inline typename words<U>::vector picked(typename words<U>::vector a, typename words<U>::vector b, From,
                                        std::integer_sequence<int, K...>) {
  return __builtin_shufflevector(a, b, From::at(K)...);
}

/// The words From::at(0), From::at(1), … of a and b side by side.
template <class U, class From>
inline typename words<U>::vector pick(typename words<U>::vector a, typename words<U>::vector b) {
  return picked<U>(a, b, From{}, std::make_integer_sequence<int, words<U>::width>{});
}

/// In every lane: the words of its first (or second) half, from a and b in turn.
template <class U, bool Second>
struct interleaved {
  static constexpr int at(int k) {
    constexpr int lane = words<U>::lane;
    return k / lane * lane + k % lane / 2 + (Second ? lane / 2 : 0) + k % 2 * words<U>::width;
  }
};

/// Whole lanes: half of the register from a and half from b, every Step-th lane from lane First on.
template <class U, int First, int Step>
struct lanes_of {
  static constexpr int at(int k) {
    constexpr int lane = words<U>::lane, half = words<U>::lanes / 2;
    int const which = k / lane;
    return (First + which % half * Step) * lane + k % lane + (which / half) * words<U>::width;
  }
};

/// Turns one block of width × width words, whose rows are 32 words apart on both sides.
template <class U>
inline void turn(U const* from, U* to) {
  using w = words<U>;
  using vector = typename w::vector;
  constexpr int n = w::width, e = w::lane;
  vector r[n], t[n];
  for (int k = 0; k < n; ++k) r[k] = *reinterpret_cast<typename w::anywhere const*>(from + k * 32);
  // inside lanes: of every `lane` rows a block
  for (int group = 0; group < n; group += e) {
    if constexpr (e == 2) {
      t[group] = pick<U, interleaved<U, false>>(r[group], r[group + 1]);
      t[group + 1] = pick<U, interleaved<U, true>>(r[group], r[group + 1]);
    } else {
      vector const a = pick<U, interleaved<U, false>>(r[group], r[group + 2]);
      vector const b = pick<U, interleaved<U, true>>(r[group], r[group + 2]);
      vector const c = pick<U, interleaved<U, false>>(r[group + 1], r[group + 3]);
      vector const d = pick<U, interleaved<U, true>>(r[group + 1], r[group + 3]);
      t[group] = pick<U, interleaved<U, false>>(a, c);
      t[group + 1] = pick<U, interleaved<U, true>>(a, c);
      t[group + 2] = pick<U, interleaved<U, false>>(b, d);
      t[group + 3] = pick<U, interleaved<U, true>>(b, d);
    }
  }
  // between lanes: column k of each block stands in lanes of t[k], t[e + k], …
  for (int k = 0; k < e; ++k) {
    if constexpr (w::lanes == 1) {
      r[k] = t[k];
    } else if constexpr (w::lanes == 2) {
      r[k] = pick<U, lanes_of<U, 0, 1>>(t[k], t[e + k]);
      r[e + k] = pick<U, lanes_of<U, 1, 1>>(t[k], t[e + k]);
    } else {
      vector const ab = pick<U, lanes_of<U, 0, 1>>(t[k], t[e + k]);
      vector const ba = pick<U, lanes_of<U, 2, 1>>(t[k], t[e + k]);
      vector const cd = pick<U, lanes_of<U, 0, 1>>(t[2 * e + k], t[3 * e + k]);
      vector const dc = pick<U, lanes_of<U, 2, 1>>(t[2 * e + k], t[3 * e + k]);
      r[k] = pick<U, lanes_of<U, 0, 2>>(ab, cd);
      r[e + k] = pick<U, lanes_of<U, 1, 2>>(ab, cd);
      r[2 * e + k] = pick<U, lanes_of<U, 0, 2>>(ba, dc);
      r[3 * e + k] = pick<U, lanes_of<U, 1, 2>>(ba, dc);
    }
  }
  for (int k = 0; k < n; ++k) *reinterpret_cast<typename w::anywhere*>(to + k * 32) = r[k];
}

template <class U>
void turn_all(U const* from, U* to) {
  constexpr int n = words<U>::width;
  for (int r = 0; r < 32; r += n)
    for (int c = 0; c < 32; c += n) turn(from + r * 32 + c, to + c * 32 + r);
}

}  // namespace

void transpose_words(std::uint32_t const* from, std::uint32_t* to) { turn_all(from, to); }
void transpose_words(std::uint64_t const* from, std::uint64_t* to) { turn_all(from, to); }

}  // namespace prorata::host
