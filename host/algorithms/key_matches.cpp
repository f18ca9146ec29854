// A hash table of keys; where keys come again, the numbers of their rows one key after another.
#include <cstring>
#include <host/algorithms/key_matches.hpp>
#include <numeric>

namespace prorata::host {

namespace {
constexpr double load = 0.8;
constexpr auto entry_bytes = static_cast<index_t>(sizeof(std::uint64_t));

pages words(index_t n) { return pages(static_cast<std::size_t>(n * entry_bytes)); }
}  // namespace

index_t key_matches::bytes_of(index_t rows, index_t width, counted_rows which) {
  auto const in_table = static_cast<index_t>(static_cast<double>(rows) * 16 / load * 1.02);
  if (which == counted_rows::last) return in_table + (width <= entry_bytes ? 0 : rows * width);
  return in_table + rows * (width + 3 * entry_bytes);
}

key_matches::key_matches(index_t rows, index_t width, counted_rows which,
                         std::shared_ptr<thread_limit const> threads)
    : width_(width),
      which_(which),
      in_entries_(which == counted_rows::last && width <= entry_bytes),
      table_(load, 0, std::move(threads)) {
  table_.reserve(rows);
  if (!in_entries_) rows_ = pages(static_cast<std::size_t>(rows * width));
  if (which == counted_rows::all) first_ = words(rows);
}

void key_matches::add(std::span<std::uint64_t const> keys, std::byte const* belongings) {
  auto const n = static_cast<index_t>(keys.size());
  if (n == 0) return;
  std::vector<std::uint64_t> values(keys.size());
  if (in_entries_) {
    for (std::size_t i = 0; width_ > 0 && i < keys.size(); ++i)
      std::memcpy(&values[i], belongings + static_cast<index_t>(i) * width_,
                  static_cast<std::size_t>(width_));
    table_.upsert(keys, values.data(), hashing::when_found::assign);
  } else {
    if (width_ > 0)
      std::memcpy(rows_.data() + count_ * width_, belongings, static_cast<std::size_t>(n * width_));
    std::iota(values.begin(), values.end(), static_cast<std::uint64_t>(count_));
    if (which_ == counted_rows::last) {
      table_.upsert(keys, values.data(), hashing::when_found::assign);
    } else {
      table_.upsert(keys, values.data(), hashing::when_found::keep,
                    reinterpret_cast<std::uint64_t*>(first_.data()) + count_);
    }
  }
  count_ += n;
}

void key_matches::finish(bool often) {
  if (which_ == counted_rows::all && table_.size() < count_) {
    auto const* const first = reinterpret_cast<std::uint64_t const*>(first_.data());
    begins_ = words(count_ + 1);
    order_ = words(count_);
    auto* const begins = reinterpret_cast<index_t*>(begins_.data());
    auto* const order = reinterpret_cast<index_t*>(order_.data());
    for (index_t i = 0; i < count_; ++i) ++begins[first[i]];
    index_t before = 0;
    for (index_t i = 0; i <= count_; ++i) before += std::exchange(begins[i], before);
    for (index_t i = 0; i < count_; ++i) order[begins[first[i]]++] = i;
    for (index_t i = count_; i > 0; --i) begins[i] = begins[i - 1];
    begins[0] = 0;
  }
  first_ = pages();
  if (!often || !keys_come_once() || in_entries_ || width_ == 0 || width_ > entry_bytes) return;
  auto const fetch = [&](std::uint64_t const*, std::uint64_t* values, index_t n) {
    for (index_t i = 0; i < n; ++i) {
      index_t const row = static_cast<index_t>(values[i]);
      values[i] = 0;
      std::memcpy(&values[i], rows_.data() + row * width_, static_cast<std::size_t>(width_));
    }
  };
  table_.each({[](void const* context, std::uint64_t const* keys, std::uint64_t* values, index_t n) {
                 (*static_cast<decltype(fetch) const*>(context))(keys, values, n);
               },
               &fetch});
  in_entries_ = true;
  rows_ = pages();
}

void key_matches::find(std::span<std::uint64_t const> keys, std::uint64_t* entries, bool* found) const {
  table_.find(keys, entries, found, 0);
}

}  // namespace prorata::host
