// Arrays in files, for tests of what reads them.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <fstream>
#include <host/io/job_files.hpp>
#include <host/io/npy.hpp>
#include <host/run/chunked_run.hpp>
#include <prorata/half.hpp>
#include <random>
#include <span>
#include <string>
#include <tests/temporary_directory.hpp>
#include <thread>
#include <type_traits>
#include <vector>

namespace prorata::tests {

/// Holds ranks up after chunks picked by a hash of the seed, so that chunks of different ranks finish in an
/// order that each seed makes another.
class hostile_order final : public host::run_observer {
 public:
  explicit hostile_order(std::uint64_t seed) : seed_(seed) {}
  void done(int rank, char const*, piece p, clock::time_point) override { hold_up(rank, p.begin); }
  void moved(index_t bytes) override { hold_up(0, ++moves_ + bytes); }

 private:
  void hold_up(int rank, index_t at) const {
    std::uint64_t h = (seed_ + static_cast<std::uint64_t>(rank) * 31 + static_cast<std::uint64_t>(at)) *
                      0x9e3779b97f4a7c15u;
    h = (h ^ (h >> 29)) * 0xbf58476d1ce4e5b9u;
    if (h >> 61 == 0) std::this_thread::sleep_for(std::chrono::microseconds((h >> 20) % 500));
  }
  std::uint64_t seed_;
  std::atomic<index_t> moves_{0};
};

/// Writes x as a .npy file, in the other byte order if `swapped`.
template <class Stored>
std::string saved(temporary_directory const& folder, std::string const& name, std::vector<Stored> x,
                  bool swapped = false, std::vector<index_t> shape = {}, bool fortran_order = false) {
  std::string const path = (folder / name).string();
  auto const n = static_cast<index_t>(x.size());
  if (shape.empty()) shape = {n};
  io::swap_bytes(reinterpret_cast<std::byte*>(x.data()), swapped ? n : 0, sizeof(Stored));
  std::ofstream file(path, std::ios::binary);
  file << io::npy_header(io::dtype_of<Stored>, shape, fortran_order, swapped && sizeof(Stored) > 1);
  file.write(reinterpret_cast<char const*>(x.data()),
             static_cast<std::streamsize>(x.size() * sizeof(Stored)));
  return path;
}

/// Numbers that every stored type holds, of either sign where it has one.
template <class Stored>
std::vector<Stored> numbers(index_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Stored> x;
  for (index_t i = 0; i < n; ++i) {
    auto const small = static_cast<int>(random() % 100);
    if constexpr (std::is_same_v<Stored, half>) {
      x.push_back(to_half((small - 50) / 8.0));
    } else if constexpr (std::is_same_v<Stored, boolean8>) {
      x.push_back({static_cast<unsigned char>(small % 2)});
    } else if constexpr (std::is_floating_point_v<Stored>) {
      x.push_back(static_cast<Stored>(std::ldexp(static_cast<double>(random()) - 2e9, small - 50)));
    } else {
      x.push_back(static_cast<Stored>(std::is_signed_v<Stored> ? small - 50 : small));
    }
  }
  return x;
}

template <class T, class Stored>
std::vector<T> converted(std::vector<Stored> const& x) {
  std::vector<T> to;
  for (Stored const v : x) to.push_back(static_cast<T>(io::value_of(v)));
  return to;
}

/// What was thrown, and what it said.
template <class Error, class F>
std::string said(F const& f) {
  try {
    f();
  } catch (Error const& error) { return error.what(); }
  return "nothing of the kind was thrown";
}

/// The elements of a .npy file in C order of this machine's byte order.
template <class T>
std::vector<T> loaded(std::string const& path) {
  io::job_files files;
  auto const file = files.read(path);
  auto const array = io::read_npy(file);
  EXPECT_EQ(array.type, io::dtype_of<T>) << path;
  EXPECT_EQ(file.size(), array.data_offset + array.data_bytes) << path;
  std::vector<T> x(static_cast<std::size_t>(array.count));
  file.read(array.data_offset, std::as_writable_bytes(std::span(x)));
  return x;
}

}  // namespace prorata::tests
