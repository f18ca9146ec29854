// thrust::counting_iterator, by index.
#pragma once

#include <cstddef>

namespace thrust {

template <class T>
class counting_iterator {
 public:
  explicit counting_iterator(T first) : first_(first) {}
  T operator[](std::ptrdiff_t k) const { return static_cast<T>(first_ + k); }

 private:
  T first_;
};

}  // namespace thrust
