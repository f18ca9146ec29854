// Pairs on their way to a file and back.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <host/hashing/table_file.hpp>
#include <host/io/job_files.hpp>
#include <host/io/printable.hpp>
#include <memory>
#include <prorata/error.hpp>
#include <prorata/slots.hpp>
#include <span>
#include <utility>
#include <vector>

namespace prorata::host::hashing {

namespace {

static_assert(std::endian::native == std::endian::little);

constexpr index_t header_bytes = 64;
constexpr index_t pairs_at_once = index_t{1} << 20;
constexpr char magic[] = "prorata hash map";
constexpr std::uint32_t format = 1;

using header = std::array<std::byte, header_bytes>;

template <class T>
void put(header& h, std::size_t at, T const& x) {
  std::memcpy(h.data() + at, &x, sizeof x);
}
template <class T>
T get(header const& h, std::size_t at) {
  T x;
  std::memcpy(&x, h.data() + at, sizeof x);
  return x;
}

/// Of words at their places: a word that is changed, moved or lost shows.
class checksum {
 public:
  void take(void const* bytes, std::size_t size) {
    auto const* from = static_cast<std::byte const*>(bytes);
    for (; size > 0; from += 8, size -= std::min<std::size_t>(size, 8)) {
      std::uint64_t word = 0;
      std::memcpy(&word, from, std::min<std::size_t>(size, 8));
      sum_ += mix(word ^ mix(place_++));
    }
  }
  std::uint64_t sum() const { return sum_; }

 private:
  std::uint64_t sum_ = 0, place_ = 0;
};

std::uint64_t sum_of(header const& h) {
  checksum c;
  c.take(h.data(), header_bytes - 8);
  return c.sum();
}

index_t padded(index_t bytes) { return (bytes + 7) / 8 * 8; }

}  // namespace

void write_table(std::string const& path, table_facts const& facts, void const* keys, void const* values) {
  auto const n = static_cast<index_t>(facts.pairs);
  index_t const key_bytes = n * facts.key_bytes, value_bytes = n * facts.value_bytes;
  checksum of_keys, of_values;
  of_keys.take(keys, static_cast<std::size_t>(key_bytes));
  of_values.take(values, static_cast<std::size_t>(value_bytes));
  header h{};
  std::memcpy(h.data(), magic, 16);
  put(h, 16, format);
  put(h, 20, facts.key_bytes);
  put(h, 21, facts.value_bytes);
  put(h, 22, facts.key_kind);
  put(h, 23, facts.value_kind);
  put(h, 24, facts.pairs);
  put(h, 32, facts.seed);
  put(h, 40, facts.max_load);
  put(h, 48, of_keys.sum() ^ mix(of_values.sum()));
  put(h, 56, sum_of(h));
  io::job_files files;
  auto& out = files.write(path, header_bytes + padded(key_bytes) + value_bytes);
  out.write(0, h);
  out.write(header_bytes, {static_cast<std::byte const*>(keys), static_cast<std::size_t>(key_bytes)});
  out.write(header_bytes + padded(key_bytes),
            {static_cast<std::byte const*>(values), static_cast<std::size_t>(value_bytes)});
  files.publish();
}

struct table_reader::state {
  io::input_file file;
  header h{};
  table_facts facts{};

  explicit state(std::string const& path) : file(io::job_files().read(path)) {
    auto const refuse_file = [&](char const* what) { throw input_error(io::printable(path) + ": " + what); };
    if (file.size() < header_bytes) refuse_file("is no hash map of prorata");
    file.read(0, h);
    if (std::memcmp(h.data(), magic, 16) != 0) refuse_file("is no hash map of prorata");
    if (get<std::uint64_t>(h, 56) != sum_of(h)) refuse_file("its header is damaged");
    if (get<std::uint32_t>(h, 16) != format) refuse_file("was written by another version of prorata");
    facts = {get<std::uint8_t>(h, 20),  get<std::uint8_t>(h, 21),  get<char>(h, 22),  get<char>(h, 23),
             get<std::uint64_t>(h, 24), get<std::uint64_t>(h, 32), get<double>(h, 40)};
    auto const n = static_cast<index_t>(facts.pairs);
    if (n < 0 || n > file.size() ||
        file.size() != header_bytes + padded(n * facts.key_bytes) + n * facts.value_bytes)
      refuse_file("is cut short, or has more bytes than it should");
  }
};

table_reader::table_reader(std::string const& path) : state_(std::make_unique<state>(path)) {}
table_reader::~table_reader() = default;
table_facts const& table_reader::facts() const { return state_->facts; }

void table_reader::read(pair_taker take) const {
  auto const& facts = state_->facts;
  auto const n = static_cast<index_t>(facts.pairs);
  index_t const values_at = header_bytes + padded(n * facts.key_bytes);
  checksum of_keys, of_values;
  std::vector<std::uint64_t> keys, values;  // aligned for both widths
  auto const read_some = [&](std::vector<std::uint64_t>& to, index_t at, index_t bytes, checksum& sum) {
    to.resize(static_cast<std::size_t>(padded(bytes) / 8));
    auto const into = std::as_writable_bytes(std::span(to)).first(static_cast<std::size_t>(bytes));
    state_->file.read(at, into);
    sum.take(into.data(), into.size());
  };
  for (index_t first = 0; first < n; first += pairs_at_once) {
    index_t const count = std::min(pairs_at_once, n - first);
    read_some(keys, header_bytes + first * facts.key_bytes, count * facts.key_bytes, of_keys);
    read_some(values, values_at + first * facts.value_bytes, count * facts.value_bytes, of_values);
    take.call(take.context, keys.data(), values.data(), count);
  }
  state_->file.check_unchanged();
  if ((of_keys.sum() ^ mix(of_values.sum())) != get<std::uint64_t>(state_->h, 48))
    throw input_error(io::printable(state_->file.path()) + ": is damaged: its checksum is another");
}

}  // namespace prorata::host::hashing
