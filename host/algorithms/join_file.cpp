// Chunks of both sides, the answers of parts on disk, and the columns that are written.
#include <algorithm>
#include <cstring>
#include <host/algorithms/join_file.hpp>
#include <host/io/decoded.hpp>
#include <host/io/file_window.hpp>
#include <host/io/spill.hpp>
#include <numeric>
#include <optional>
#include <prorata/error.hpp>
#include <prorata/slots.hpp>

namespace prorata::host {

namespace {

using word = std::uint64_t;
constexpr auto word_bytes = static_cast<index_t>(sizeof(word));
using count_type = std::uint32_t;           // right rows of a block that a left row has
constexpr index_t block_rows = 8192;        // that a thread joins, or writes, at a time
constexpr index_t most_parts = 1024;        // of the keys
constexpr index_t most_rows = 0x7fff'ffff;  // of a block, so that count_type counts them

std::size_t size_of(index_t n) { return static_cast<std::size_t>(n); }

/// Keys as words that are equal where they are. Where one side is signed and the other uint64, no word with its highest
/// bit set is on both sides: on the right they are left out.
class key_words {
 public:
  explicit key_words(io::file_column const& column) : column_(column), elements_(column.array()) {}

  void read(index_t first, index_t n, word* to) const {
    io::each_window(column_, first, first + n, [&](std::byte const* stored, index_t begin, index_t count) {
      elements_.decode(stored, count, to + (begin - first));
    });
  }

 private:
  io::file_column const& column_;
  io::decoded<word> elements_;
};

bool differ_above(io::dtype a, io::dtype b) {
  auto const one_of_each = [](io::dtype x, io::dtype y) {
    return x == io::dtype::u64 && io::is_signed_integer(y);
  };
  return one_of_each(a, b) || one_of_each(b, a);
}

/// Which part a key belongs to: by another hash than that of tables.
index_t part_of(word key, index_t parts) {
  constexpr word another = 0x9ddfea08eb382d69u;
  return static_cast<index_t>(hashing::high_product(mix(key ^ another), static_cast<word>(parts)));
}

/// f(first, last) for blocks of n rows, on all threads.
template <class F>
void each_block(thread_limit const& threads, index_t n, F const& f) {
  auto const work = [&](index_t k) { f(k * block_rows, std::min((k + 1) * block_rows, n)); };
  threads.run_blocks((n + block_rows - 1) / block_rows, loop_body::of(work));
}

/// to[i] = from[i], elements of `size` bytes, `to_stride` and `from_stride` bytes apart.
template <class From>
void copy_elements(index_t n, index_t size, std::byte* to, index_t to_stride, From const& from) {
  auto const copy = [&]<std::size_t Size>(std::integral_constant<std::size_t, Size>) {
    for (index_t i = 0; i < n; ++i) std::memcpy(to + i * to_stride, from(i), Size);
  };
  switch (size) {
    case 1:
      return copy(std::integral_constant<std::size_t, 1>{});
    case 2:
      return copy(std::integral_constant<std::size_t, 2>{});
    case 4:
      return copy(std::integral_constant<std::size_t, 4>{});
    default:
      return copy(std::integral_constant<std::size_t, 8>{});
  }
}

/// What comes along with a right row, one after another: the elements of its columns, and its number.
struct belongings {
  struct place {
    io::file_column const* column;  // null: the row's number
    index_t offset, size;
  };
  std::vector<place> places;
  std::vector<index_t> offsets;  // of the join's columns, by their number
  index_t width = 0;

  explicit belongings(std::vector<join_column> const& columns) {
    for (auto const& c : columns) {
      offsets.push_back(width);
      bool const numbers = c.from == join_column::kind::right_row;
      if (!numbers && c.from != join_column::kind::right) continue;
      index_t const size = numbers ? word_bytes : io::size_of(c.column->array().type);
      places.push_back({numbers ? nullptr : c.column, width, size});
      width += size;
    }
  }

  /// Those of rows [first, first + n).
  void read(index_t first, index_t n, std::byte* to) const {
    std::vector<std::byte> elements(size_of(n * word_bytes));
    for (auto const& p : places) {
      if (p.column != nullptr) {
        p.column->read(first, first + n, elements.data());
      } else {
        for (index_t i = 0; i < n; ++i) {
          index_t const row = first + i;
          std::memcpy(elements.data() + i * word_bytes, &row, sizeof row);
        }
      }
      copy_elements(n, p.size, to + p.offset, width, [&](index_t i) { return elements.data() + i * p.size; });
    }
  }
};

/// Rows that come out of a block of left rows: as many as a block at most.
class joined_rows {
 public:
  index_t count() const { return count_; }
  std::int32_t left(index_t k) const { return left_[size_of(k)]; }        ///< from the block's first one on
  std::byte const* right(index_t k) const { return right_[size_of(k)]; }  ///< what belongs to it; null: none
  /// Keeps the row only if it is to be: branches that nobody can foresee cost more than a row too many.
  void add(index_t row, std::byte const* belongings, bool keep = true) {
    left_[size_of(count_)] = static_cast<std::int32_t>(row);
    right_[size_of(count_)] = belongings;
    count_ += keep;
  }
  bool full() const { return count_ == block_rows; }
  void clear() { count_ = 0; }

 private:
  index_t count_ = 0;
  std::vector<std::int32_t> left_ = std::vector<std::int32_t>(size_of(block_rows + 1));
  std::vector<std::byte const*> right_ = std::vector<std::byte const*>(size_of(block_rows + 1));
};

constexpr std::byte found_without_belongings[1]{};

/// Writes columns. From any thread.
class column_writer {
 public:
  column_writer(std::vector<join_column> const& columns, belongings const& along)
      : columns_(columns), along_(along) {}

  /// Left rows [first, last) of a block, as far as columns want them.
  class left_rows {
   public:
    left_rows(std::vector<join_column> const& columns, index_t first, index_t last) : first_(first) {
      for (auto const& c : columns) {
        elements_.emplace_back();
        if (c.from != join_column::kind::left) continue;
        elements_.back().resize(size_of((last - first) * io::size_of(c.column->array().type)));
        c.column->read(first, last, elements_.back().data());
      }
    }

   private:
    friend class column_writer;
    index_t first_;
    std::vector<std::vector<std::byte>> elements_;  // by column
  };

  void write(left_rows const& from, joined_rows const& rows, index_t place) const {
    index_t const n = rows.count();
    if (n == 0) return;
    std::vector<std::byte> out(size_of(n * word_bytes));
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      auto const& column = columns_[c];
      index_t const size = column.to->element_bytes();
      auto const numbers = [&](auto const& number_of) {
        for (index_t i = 0; i < n; ++i) {
          index_t const number = number_of(i);
          std::memcpy(out.data() + i * word_bytes, &number, sizeof number);
        }
      };
      auto const along = [&](index_t i) { return rows.right(i) + along_.offsets[c]; };
      switch (column.from) {
        case join_column::kind::left:
          copy_elements(n, size, out.data(), size,
                        [&](index_t i) { return from.elements_[c].data() + rows.left(i) * size; });
          break;
        case join_column::kind::right:
          copy_elements(n, size, out.data(), size, [&](index_t i) {
            return rows.right(i) != nullptr ? along(i) : column.missing.data();
          });
          break;
        case join_column::kind::left_row:
          numbers([&](index_t i) { return from.first_ + rows.left(i); });
          break;
        case join_column::kind::right_row:
          numbers([&](index_t i) {
            index_t row = -1;
            if (rows.right(i) != nullptr) std::memcpy(&row, along(i), sizeof row);
            return row;
          });
          break;
        case join_column::kind::found:
          for (index_t i = 0; i < n; ++i) out[size_of(i)] = static_cast<std::byte>(rows.right(i) != nullptr);
      }
      column.to->write(place, {out.data(), size_of(n * size)});
    }
  }

 private:
  std::vector<join_column> const& columns_;
  belongings const& along_;
};

class file_join {
 public:
  file_join(join_sides const& sides, join_kind kind, std::vector<join_column> const& columns,
            join_limits const& limits, run_observer& observer)
      : left_(sides.left),
        right_(sides.right),
        kind_(kind),
        which_(kind == join_kind::semi || kind == join_kind::anti ? counted_rows::last : sides.which),
        columns_(columns),
        limits_(limits),
        observer_(observer),
        threads_(std::make_shared<thread_limit const>(limits.threads)),
        along_(columns),
        writer_(columns, along_),
        skips_(differ_above(sides.left.array().type, sides.right.array().type)),
        left_keys_(sides.left),
        right_keys_(sides.right) {}

  join_outcome run() {
    index_t const n = right_.count();
    if (key_matches::bytes_of(n, along_.width, which_) <= right_memory() && n <= most_rows) {
      in_memory();
    } else {
      by_way_of_the_disk();
    }
    return outcome_;
  }

 private:
  /// What the right rows that are looked up may take; the rest is for chunks.
  index_t right_memory() const { return limits_.memory / 4 * 3; }

  /// Rows of a chunk that take so many bytes each while they are looked at.
  index_t chunk_of(index_t bytes_each, index_t rows) const {
    index_t const most = std::min<index_t>(limits_.memory / 8 / bytes_each, index_t{1} << 22);
    return std::min(std::max(most / block_rows * block_rows, block_rows), std::max<index_t>(rows, 1));
  }

  /// Words of rows [first, first + n).
  void read_keys(key_words const& keys, index_t first, index_t n, word* to) const {
    each_block(*threads_, n,
               [&](index_t begin, index_t end) { keys.read(first + begin, end - begin, to + begin); });
  }

  /// Calls take(first, keys, what belongs to them) for the right rows that can be found, chunk by chunk.
  template <class Take>
  void each_right_chunk(char const* what, Take const& take) {
    index_t const n = right_.count(), width = along_.width;
    index_t const chunk = chunk_of(2 * (word_bytes + width) + 16, n);
    observer_.begins_moving(what, bytes_of_right());
    std::vector<word> keys;
    std::vector<std::byte> rows;
    for (index_t first = 0; first < n; first += chunk) {
      index_t const count = std::min(chunk, n - first);
      keys.resize(size_of(count));
      rows.resize(size_of(count * width));
      each_block(*threads_, count, [&](index_t begin, index_t end) {
        right_keys_.read(first + begin, end - begin, keys.data() + begin);
        along_.read(first + begin, end - begin, rows.data() + begin * width);
      });
      index_t kept = count;
      if (skips_) {
        kept = 0;
        for (index_t i = 0; i < count; ++i) {
          if (keys[size_of(i)] >> 63 != 0) continue;
          keys[size_of(kept)] = keys[size_of(i)];
          if (width > 0) std::memmove(rows.data() + kept * width, rows.data() + i * width, size_of(width));
          ++kept;
        }
      }
      take(std::span<word const>(keys.data(), size_of(kept)), rows.data());
      observer_.moved(count * bytes_of_right_row());
    }
    observer_.ends();
  }

  index_t bytes_of_right_row() const {
    index_t bytes = io::size_of(right_.array().type);
    for (auto const& p : along_.places)
      if (p.column != nullptr) bytes += p.size;
    return bytes;
  }
  index_t bytes_of_right() const { return right_.count() * bytes_of_right_row(); }
  index_t bytes_of_left_key() const { return io::size_of(left_.array().type); }

  void in_memory() {
    key_matches table(right_.count(), along_.width, which_, threads_);
    each_right_chunk("right side",
                     [&](std::span<word const> keys, std::byte const* rows) { table.add(keys, rows); });
    index_t const n = left_.count(), chunk = chunk_of(2 * word_bytes + 2, n);
    table.finish(n > right_.count());

    observer_.begins_moving("left side", n * bytes_of_left_key());
    std::vector<word> keys(size_of(chunk)), entries(size_of(chunk));
    auto const found = std::make_unique<bool[]>(size_of(chunk));
    std::vector<index_t> places(size_of(chunk / block_rows + 1)), missing(places.size());
    for (index_t first = 0; first < n; first += chunk) {
      index_t const count = std::min(chunk, n - first);
      read_keys(left_keys_, first, count, keys.data());
      table.find({keys.data(), size_of(count)}, entries.data(), found.get());
      auto const matches = [&](index_t i) {
        return found[size_of(i)] ? table.count(entries[size_of(i)]) : 0;
      };
      bool const once = table.keys_come_once();
      each_block(*threads_, count, [&](index_t begin, index_t end) {
        index_t rows = 0, without = 0;
        for (index_t i = begin; i < end; ++i) without += !found[size_of(i)];
        if (once) {
          rows = rows_of_join(kind_, 1) * (end - begin - without) + rows_of_join(kind_, 0) * without;
        } else {
          for (index_t i = begin; i < end; ++i) rows += rows_of_join(kind_, matches(i));
        }
        places[size_of(begin / block_rows)] = rows;
        missing[size_of(begin / block_rows)] = without;
      });
      for (index_t b = 0; b * block_rows < count; ++b) {
        outcome_.missing += missing[size_of(b)];
        outcome_.rows += std::exchange(places[size_of(b)], outcome_.rows);
      }
      each_block(*threads_, count, [&](index_t begin, index_t end) {
        column_writer::left_rows const block(columns_, first + begin, first + end);
        index_t place = places[size_of(begin / block_rows)];
        joined_rows rows;
        auto const flush = [&] {
          writer_.write(block, rows, place);
          place += rows.count();
          rows.clear();
        };
        auto const along = [&](index_t i, index_t k) {
          return along_.width == 0 ? found_without_belongings : table.belongings(entries[size_of(i)], k);
        };
        if (once) {
          bool const with = rows_of_join(kind_, 1) != 0, without = rows_of_join(kind_, 0) != 0;
          for (index_t i = begin; i < end; ++i) {
            bool const is = found[size_of(i)];
            rows.add(i - begin, is ? along(i, 0) : nullptr, is ? with : without);
          }
        } else {
          for (index_t i = begin; i < end; ++i) {
            index_t const has = matches(i), made = rows_of_join(kind_, has);
            for (index_t k = 0; k < made; ++k) {
              rows.add(i - begin, has == 0 ? nullptr : along(i, k));
              if (rows.full()) flush();
            }
          }
        }
        flush();
      });
      observer_.moved(count * bytes_of_left_key());
    }
    observer_.ends();
  }

  /// Rows on their way to the disk, by part, in order within each.
  class scatterer {
   public:
    scatterer(thread_limit const& threads, io::spill& to, index_t parts, index_t record)
        : threads_(threads), to_(to), parts_(parts), record_(record) {}

    /// copy(i, where) for rows of these keys.
    template <class Copy>
    void scatter(std::span<word const> keys, Copy const& copy) {
      auto const n = static_cast<index_t>(keys.size()), blocks = (n + block_rows - 1) / block_rows;
      scattered_.resize(size_of(n * record_));
      places_.assign(size_of(blocks * parts_), 0);
      begins_.assign(size_of(parts_) + 1, 0);
      each_block(threads_, n, [&](index_t begin, index_t end) {
        index_t* const mine = places_.data() + begin / block_rows * parts_;
        for (index_t i = begin; i < end; ++i) ++mine[part_of(keys[size_of(i)], parts_)];
      });
      index_t before = 0;
      for (index_t p = 0; p < parts_; ++p) {
        begins_[size_of(p)] = before;
        for (index_t b = 0; b < blocks; ++b)
          before += std::exchange(places_[size_of(b * parts_ + p)], before);
      }
      begins_.back() = before;
      each_block(threads_, n, [&](index_t begin, index_t end) {
        index_t* const mine = places_.data() + begin / block_rows * parts_;
        for (index_t i = begin; i < end; ++i)
          copy(i, scattered_.data() + mine[part_of(keys[size_of(i)], parts_)]++ * record_);
      });
      auto const append = [&](index_t p) {
        index_t const from = begins_[size_of(p)], size = begins_[size_of(p) + 1] - from;
        if (size > 0)
          to_.append(static_cast<int>(p), {scattered_.data() + from * record_, size_of(size * record_)});
      };
      threads_.run_blocks(parts_, loop_body::of(append));
    }

   private:
    thread_limit const& threads_;
    io::spill& to_;
    index_t parts_, record_;
    std::vector<std::byte> scattered_;
    std::vector<index_t> places_, begins_;
  };

  /// Reads what a part of a spill has, from its beginning.
  class reader {
   public:
    reader(io::spill const& from, int range, index_t room)
        : from_(from), range_(range), size_(from.bytes(range)), buffer_(size_of(std::min(room, size_))) {}

    void read(void* to, index_t bytes) {
      auto* out = static_cast<std::byte*>(to);
      while (bytes > 0) {
        if (at_ == filled_) {
          filled_ = std::min(std::ssize(buffer_), size_ - next_);
          from_.read(range_, next_, {buffer_.data(), size_of(filled_)});
          next_ += filled_;
          at_ = 0;
        }
        index_t const some = std::min(bytes, filled_ - at_);
        std::memcpy(out, buffer_.data() + at_, size_of(some));
        at_ += some;
        out += some;
        bytes -= some;
      }
    }

   private:
    io::spill const& from_;
    int range_;
    index_t size_, next_ = 0, at_ = 0, filled_ = 0;
    std::vector<std::byte> buffer_;
  };

  void by_way_of_the_disk() {
    index_t const n = right_.count(), m = left_.count(), width = along_.width;
    index_t const row_bytes = std::max<index_t>(key_matches::bytes_of(1000, width, which_) / 1000, 1);
    index_t const capacity = std::clamp<index_t>(right_memory() / row_bytes, 1, most_rows);
    index_t const parts = std::clamp<index_t>(n / (capacity / 5 * 4 + 1) + 1, 2, most_parts);
    outcome_.parts = parts;

    index_t const right_record = word_bytes + width;
    io::spill right(limits_.folder, static_cast<int>(parts), n * right_record);
    {
      scatterer to_disk(*threads_, right, parts, right_record);
      each_right_chunk("scatter right side", [&](std::span<word const> keys, std::byte const* rows) {
        to_disk.scatter(keys, [&](index_t i, std::byte* to) {
          std::memcpy(to, &keys[size_of(i)], sizeof(word));
          if (width > 0) std::memcpy(to + word_bytes, rows + i * width, size_of(width));
        });
      });
    }
    io::spill left(limits_.folder, static_cast<int>(parts), m * word_bytes);
    {
      scatterer to_disk(*threads_, left, parts, word_bytes);
      index_t const chunk = chunk_of(2 * word_bytes, m);
      std::vector<word> keys(size_of(chunk));
      observer_.begins_moving("scatter left side", m * bytes_of_left_key());
      for (index_t first = 0; first < m; first += chunk) {
        index_t const count = std::min(chunk, m - first);
        read_keys(left_keys_, first, count, keys.data());
        to_disk.scatter({keys.data(), size_of(count)},
                        [&](index_t i, std::byte* to) { std::memcpy(to, &keys[size_of(i)], sizeof(word)); });
        observer_.moved(count * bytes_of_left_key());
      }
      observer_.ends();
    }

    // blocks of right rows, and which part's they are
    std::vector<int> first_block{0};
    for (index_t p = 0; p < parts; ++p) {
      index_t const rows = right.bytes(static_cast<int>(p)) / right_record;
      first_block.push_back(first_block.back() + static_cast<int>((rows + capacity - 1) / capacity));
    }
    io::spill answers(limits_.folder, std::max(first_block.back(), 1));
    observer_.begins_moving("part by part", right_bytes(right, parts) + right_bytes(left, parts));
    for (index_t p = 0; p < parts; ++p) {
      for (int block = first_block[size_of(p)]; block < first_block[size_of(p) + 1]; ++block)
        answer(right, left, static_cast<int>(p), (block - first_block[size_of(p)]) * capacity, capacity,
               answers, block);
      observer_.moved(right.bytes(static_cast<int>(p)) + left.bytes(static_cast<int>(p)));
      outcome_.spilled += right.bytes(static_cast<int>(p)) + left.bytes(static_cast<int>(p));
      right.forget(static_cast<int>(p));
      left.forget(static_cast<int>(p));
    }
    observer_.ends();
    for (int b = 0; b < first_block.back(); ++b) outcome_.spilled += answers.bytes(b);
    merge(answers, first_block, parts);
  }

  static index_t right_bytes(io::spill const& of, index_t parts) {
    index_t sum = 0;
    for (index_t p = 0; p < parts; ++p) sum += of.bytes(static_cast<int>(p));
    return sum;
  }

  /// What the left keys of a part find among its right rows [begin, begin + capacity): a count each, and what belongs
  /// to so many.
  void answer(io::spill const& right, io::spill const& left, int part, index_t begin, index_t capacity,
              io::spill& answers, int to) {
    index_t const width = along_.width, record = word_bytes + width;
    index_t const rows = std::min(right.bytes(part) / record - begin, capacity);
    key_matches table(rows, width, which_, threads_);
    std::vector<std::byte> records;
    std::vector<word> keys;
    std::vector<std::byte> along;
    index_t const chunk = chunk_of(2 * record + 16, rows);
    for (index_t first = 0; first < rows; first += chunk) {
      index_t const count = std::min(chunk, rows - first);
      records.resize(size_of(count * record));
      right.read(part, (begin + first) * record, records);
      keys.resize(size_of(count));
      along.resize(size_of(count * width));
      each_block(*threads_, count, [&](index_t b, index_t e) {
        for (index_t i = b; i < e; ++i) {
          std::memcpy(&keys[size_of(i)], records.data() + i * record, sizeof(word));
          if (width > 0)
            std::memcpy(along.data() + i * width, records.data() + i * record + word_bytes, size_of(width));
        }
      });
      table.add(keys, along.data());
    }
    records = {};
    along = {};
    table.finish();

    index_t const m = left.bytes(part) / word_bytes, some = chunk_of(4 * word_bytes + 2 * width + 8, m);
    keys.resize(size_of(some));
    std::vector<word> entries(size_of(some));
    auto const found = std::make_unique<bool[]>(size_of(some));
    std::vector<std::byte> out;
    index_t const enough = std::max<index_t>(limits_.memory / 16, 1 << 16);
    for (index_t first = 0; first < m; first += some) {
      index_t const count = std::min(some, m - first);
      left.read(part, first * word_bytes, std::as_writable_bytes(std::span(keys.data(), size_of(count))));
      table.find({keys.data(), size_of(count)}, entries.data(), found.get());
      out.clear();
      auto const put = [&](void const* from, index_t bytes) {
        auto const* const b = static_cast<std::byte const*>(from);
        out.insert(out.end(), b, b + bytes);
        if (std::ssize(out) >= enough) {
          answers.append(to, out);
          out.clear();
        }
      };
      for (index_t i = 0; i < count; ++i) {
        word const entry = entries[size_of(i)];
        auto const has = static_cast<count_type>(found[size_of(i)] ? table.count(entry) : 0);
        put(&has, sizeof has);
        if (width > 0)
          for (count_type k = 0; k < has; ++k) put(table.belongings(entries[size_of(i)], k), width);
      }
      answers.append(to, out);
    }
  }

  /// The left side in order: each row takes the next answers of the blocks of its key's part.
  void merge(io::spill const& answers, std::vector<int> const& first_block, index_t parts) {
    index_t const m = left_.count(), width = along_.width;
    index_t const room =
        std::clamp<index_t>(limits_.memory / 2 / std::max(first_block.back(), 1), 4096, 1 << 20);
    std::vector<reader> readers;
    for (int b = 0; b < first_block.back(); ++b) readers.emplace_back(answers, b, room);
    std::vector<std::byte> kept(size_of(block_rows * width));  // what belongs to the rows to be written
    std::vector<word> keys(size_of(block_rows));
    joined_rows rows;
    observer_.begins_moving("merge", m * bytes_of_left_key());
    for (index_t first = 0; first < m; first += block_rows) {
      index_t const last = std::min(first + block_rows, m);
      left_keys_.read(first, last - first, keys.data());
      column_writer::left_rows const block(columns_, first, last);
      auto const flush = [&] {
        writer_.write(block, rows, outcome_.rows);
        outcome_.rows += rows.count();
        rows.clear();
      };
      auto const place = [&] { return kept.data() + rows.count() * width; };
      auto const add = [&](index_t i, std::byte const* along) {
        rows.add(i, along);
        if (rows.full()) flush();
      };
      for (index_t i = 0; i < last - first; ++i) {
        auto const part = size_of(part_of(keys[size_of(i)], parts));
        index_t matches = 0;
        for (int b = first_block[part]; b < first_block[part + 1]; ++b) {
          count_type has;
          readers[size_of(b)].read(&has, sizeof has);
          matches += has;
          for (count_type k = 0; k < has; ++k) {
            std::byte* const to = place();
            readers[size_of(b)].read(to, width);
            if (which_ == counted_rows::all) add(i, width > 0 ? to : found_without_belongings);
          }
        }
        outcome_.missing += matches == 0;
        if (which_ == counted_rows::last) {  // that of the last block
          if (rows_of_join(kind_, std::min<index_t>(matches, 1)) == 1)
            add(i, matches == 0 ? nullptr : width > 0 ? place() : found_without_belongings);
        } else if (matches == 0 && rows_of_join(kind_, 0) == 1) {
          add(i, nullptr);
        }
      }
      flush();
      observer_.moved((last - first) * bytes_of_left_key());
    }
    observer_.ends();
  }

  io::file_column const &left_, &right_;
  join_kind kind_;
  counted_rows which_;
  std::vector<join_column> const& columns_;
  join_limits const& limits_;
  run_observer& observer_;
  std::shared_ptr<thread_limit const> threads_;
  belongings along_;
  column_writer writer_;
  bool skips_;
  key_words left_keys_, right_keys_;
  join_outcome outcome_;
};

}  // namespace

join_outcome join_files(join_sides const& sides, join_kind kind, std::vector<join_column> const& columns,
                        join_limits const& limits, run_observer& observer) {
  for (auto const* side : {&sides.left, &sides.right})
    if (!joins_by(side->array().type))
      throw input_error(side->array().path + ": keys are integers or booleans, and its elements are " +
                        io::name_of(side->array().type));
  return file_join(sides, kind, columns, limits, observer).run();
}

}  // namespace prorata::host
