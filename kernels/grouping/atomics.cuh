// What threads of a GPU do to the words of groups that others add to as well.
#pragma once

#include <kernels/grouping/part.hpp>

namespace prorata::cuda {

struct fetch_add_word {
  __device__ std::uint64_t operator()(std::uint64_t* to, std::uint64_t x) const {
    return atomicAdd(reinterpret_cast<unsigned long long*>(to), static_cast<unsigned long long>(x));
  }
  __device__ std::uint32_t operator()(half_word* to, std::uint32_t x) const {
    return atomicAdd(reinterpret_cast<unsigned*>(to), x);
  }
};

/// All relaxed (a volatile load is, and so are these atomics): nothing is read in the order in which it was
/// written. A look comes before every atomic that may change nothing.
struct looked_at_words {
  template <class Word>
  __device__ static Word look(Word const* word) {
    return *static_cast<Word const volatile*>(word);
  }
  __device__ void set_bits(std::uint32_t* to, std::uint32_t x) const {
    if ((look(to) & x) != x) atomicOr(to, x);
  }
  __device__ void lesser(std::int64_t* to, std::int64_t x) const {
    if (x < look(to)) atomicMin(reinterpret_cast<long long*>(to), static_cast<long long>(x));
  }
  __device__ void greater(std::int64_t* to, std::int64_t x) const {
    if (look(to) < x) atomicMax(reinterpret_cast<long long*>(to), static_cast<long long>(x));
  }
  template <class Word>
  __device__ Word claim(Word* word, Word free, Word mine) const {
    Word seen = look(word);
    if (seen != free) return seen;
    if constexpr (sizeof(Word) == 8) {
      seen = static_cast<Word>(atomicCAS(reinterpret_cast<unsigned long long*>(word),
                                         static_cast<unsigned long long>(free),
                                         static_cast<unsigned long long>(mine)));
    } else {
      seen = static_cast<Word>(atomicCAS(reinterpret_cast<unsigned*>(word), static_cast<unsigned>(free),
                                         static_cast<unsigned>(mine)));
    }
    return seen == free ? mine : seen;
  }
};

/// Words in global memory.
struct device_words : looked_at_words {
  __device__ bool add(std::uint64_t* to, std::uint64_t x, bool carry) const {
    return add_carrying(to, x, carry, fetch_add_word{});
  }
};

/// Words in the shared memory of a block.
struct block_words : looked_at_words {
  __device__ bool add(std::uint64_t* to, std::uint64_t x, bool carry) const {
    return add_by_halves(to, x, carry, fetch_add_word{});
  }
};

}  // namespace prorata::cuda
