// What a checkpoint holds, as bytes: written here and read back by the same program.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <prorata/error.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace prorata::events {

class byte_writer {
 public:
  std::string bytes;

  template <class T>
  requires(std::is_trivially_copyable_v<T>) void put(T const& x) {
    bytes.append(reinterpret_cast<char const*>(&x), sizeof x);
  }
  void put_text(std::string_view text) {
    put(text.size());
    bytes += text;
  }
  template <class T>
  requires(std::is_trivially_copyable_v<T>) void put_list(std::vector<T> const& list) {
    put(list.size());
    if (!list.empty()) bytes.append(reinterpret_cast<char const*>(list.data()), list.size() * sizeof(T));
  }
};

///   throws  input_error where there are fewer bytes
class byte_reader {
 public:
  explicit byte_reader(std::string_view bytes) : rest_(bytes) {}

  template <class T>
  requires(std::is_trivially_copyable_v<T>) void get(T& x) {
    std::memcpy(&x, take(sizeof x).data(), sizeof x);
  }
  template <class T>
  T get() {
    T x;
    get(x);
    return x;
  }
  std::string_view get_text() { return take(get<std::size_t>()); }
  template <class T>
  requires(std::is_trivially_copyable_v<T>) void get_list(std::vector<T>& list) {
    auto const size = get<std::size_t>();
    if (size > rest_.size() / sizeof(T)) damaged();
    list.resize(size);
    if (size > 0) std::memcpy(list.data(), take(size * sizeof(T)).data(), size * sizeof(T));
  }
  bool done() const { return rest_.empty(); }
  [[noreturn]] static void damaged() { throw input_error("the checkpoint is damaged"); }

 private:
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) damaged();
    std::string_view const taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::string_view rest_;
};

/// 64 bits that any change of a byte changes: FNV-1a by words.
inline std::uint64_t checksum_of(std::string_view bytes) {
  std::uint64_t sum = 0xcbf29ce484222325 ^ bytes.size();
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    sum = (sum ^ word) * 0x100000001b3;
    sum ^= sum >> 29;
  }
  for (char const c : bytes) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return sum;
}

}  // namespace prorata::events
