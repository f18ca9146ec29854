// csv_records: a CSV file or standard input as batches of records for a stream_job.
#pragma once

#include <algorithm>
#include <concepts>
#include <functional>
#include <host/events/csv_reader.hpp>
#include <string>
#include <utility>
#include <vector>

namespace prorata {

struct csv_options {
  bool skip_malformed = false;    ///< else the first record that cannot be read ends it
  index_t block_bytes = 1 << 17;  ///< that are read at a time
};

/// A member of a record, and the column that it comes from.
template <class Record, class Member>
struct csv_column {
  csv_column(std::string name_of_it, Member Record::*where) : name(std::move(name_of_it)), member(where) {}
  std::string name;
  Member Record::*member;
};

/// Reads records.
///   members  the first one is a time, of std::int64_t; others are integers, float, double or std::string. What is
///            empty is malformed, but in texts
///   format   RFC 4180; the first record names the columns
///   threads  one at a time; a stream_job works on a batch while the next one is read
///   throws   input_error: no such file, or a record that cannot be read, with its line; usage_error: no such column
///   example  csv_records<sale> in("sales.csv", csv_column("time", &sale::time), csv_column("price", &sale::price));
///            job.push_all(in);
template <class Record>
class csv_records {
 public:
  template <class... Members>
  explicit csv_records(std::string const& path, csv_column<Record, std::int64_t> const& time,
                       csv_column<Record, Members> const&... others)
      : csv_records(path, csv_options{}, time, others...) {}
  template <class... Members>
  csv_records(std::string const& path, csv_options const& o, csv_column<Record, std::int64_t> const& time,
              csv_column<Record, Members> const&... others)
      : reader_(path, time.name, names_of<true>(others...), names_of<false>(others...),
                {o.skip_malformed, o.block_bytes}) {
    setters_.push_back([member = time.member](events::row_batch const& rows, std::vector<Record>& to,
                                              std::vector<index_t>&) {
      for (std::size_t r = 0; r < to.size(); ++r) to[r].*member = rows.times[r];
    });
    std::size_t numbers = 0, texts = 0;
    (add(others, std::floating_point<Members> ? numbers++ : texts++), ...);
  }

  /// The next records; false at the end.
  bool next(std::vector<Record>& batch) {
    auto const* const rows = reader_.next();
    batch.clear();
    if (rows == nullptr) return false;
    batch.resize(static_cast<std::size_t>(rows->size()));
    std::vector<index_t> wrong;
    for (std::size_t k = 0; k < setters_.size(); ++k) setters_[k](*rows, batch, wrong);
    if (!wrong.empty()) leave_out(batch, wrong);
    return true;
  }

  /// Records that were left out.
  index_t malformed() const { return reader_.malformed(); }

 private:
  template <bool Numbers, class... Members>
  static std::vector<std::string> names_of(csv_column<Record, Members> const&... columns) {
    std::vector<std::string> names;
    ((std::floating_point<Members> == Numbers ? names.push_back(columns.name) : void()), ...);
    return names;
  }

  template <class Member>
  void add(csv_column<Record, Member> const& column, std::size_t place) {
    static_assert(std::floating_point<Member> || std::integral<Member> || std::is_same_v<Member, std::string>,
                  "members are integers, float, double or std::string");
    setters_.push_back(
        [column, place](events::row_batch const& rows, std::vector<Record>& to, std::vector<index_t>& wrong) {
          for (std::size_t r = 0; r < to.size(); ++r) {
            bool right = true;
            if constexpr (std::floating_point<Member>) {
              double const x = rows.numbers[place][r];
              right = !events::is_missing(x);
              to[r].*column.member = static_cast<Member>(x);
            } else if constexpr (std::integral<Member>) {
              std::int64_t x = 0;
              right = events::parse_integer(rows.texts[place][r], x) && std::in_range<Member>(x);
              to[r].*column.member = static_cast<Member>(x);
            } else {
              to[r].*column.member = rows.texts[place][r].view();
            }
            if (!right) wrong.push_back(static_cast<index_t>(r));
          }
        });
  }

  void leave_out(std::vector<Record>& batch, std::vector<index_t>& wrong) {
    std::sort(wrong.begin(), wrong.end());
    wrong.erase(std::unique(wrong.begin(), wrong.end()), wrong.end());
    if (!reader_.skips()) reader_.refuse(wrong.front(), "a number is missing, or too large for its member");
    std::size_t kept = 0, next = 0;
    for (std::size_t r = 0; r < batch.size(); ++r) {
      if (next < wrong.size() && wrong[next] == static_cast<index_t>(r)) {
        ++next;
        reader_.note_malformed();
        continue;
      }
      if (kept != r) batch[kept] = std::move(batch[r]);
      ++kept;
    }
    batch.resize(kept);
  }

  events::csv_reader reader_;
  std::vector<std::function<void(events::row_batch const&, std::vector<Record>&, std::vector<index_t>&)>>
      setters_;
};

}  // namespace prorata
