// The words that rows are grouped by, made of elements as files store them: one functor for each form.
#pragma once

#include <host/run/gpu/elements.hpp>
#include <prorata/groups.hpp>

namespace prorata::host {

/// What word is made of an element.
enum class gpu_word {
  key,   ///< encoded_key of it
  slot,  ///< encoded_key of the bin that it lies in
  value  ///< encoded_value of it
};

struct make_key_word {
  template <class T>
  PRORATA_HD std::uint64_t operator()(T x) const {
    return encoded_key(x);
  }
};
struct make_value_word {
  template <class T>
  PRORATA_HD std::uint64_t operator()(T x) const {
    return encoded_value(x);
  }
};

struct gathered_key {
  stored_elements a;
  PRORATA_HD std::uint64_t operator()(index_t i) const { return with_element(a, i, make_key_word{}); }
};
struct gathered_slot {
  stored_elements a;
  bin_rule rule;
  PRORATA_HD std::uint64_t operator()(index_t i) const { return encoded_key(rule(element_as<double>(a, i))); }
};
struct gathered_addend {
  stored_elements a;
  PRORATA_HD std::uint64_t operator()(index_t i) const { return with_element(a, i, make_value_word{}); }
};

/// Calls f(load) with the load of a word. The rule is looked at only for slots; its edges are the device's.
template <class F>
void with_words(gpu_word word, stored_elements const& a, bin_rule const& rule, F const& f) {
  switch (word) {
    case gpu_word::key:
      return f(gathered_key{a});
    case gpu_word::slot:
      return f(gathered_slot{a, rule});
    case gpu_word::value:
      return f(gathered_addend{a});
  }
}

}  // namespace prorata::host
