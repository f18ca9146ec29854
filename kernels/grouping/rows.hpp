// The rows and groups of a GPU's group-by, behind plain functions: their kernels are compiled once.
#pragma once

#include <kernels/stream.hpp>
#include <memory>
#include <prorata/groups.hpp>
#include <vector>

namespace prorata::cuda {

/// Groups on a stream. Copies are the same groups.
class groups {
 public:
  groups() = default;
  groups(stream& s, group_plan const& plan, index_t rows);

  /// Where the rows' words are to be written.
  std::uint64_t* keys() const;
  std::uint64_t* values() const;

  /// One of three, queued, with the counting of the groups: rows added up in a table of groups; rows sorted;
  /// or runs of records sorted.
  void fill_table();
  void sort_rows();
  void sort_records(std::vector<record_run> const& runs);

  /// After a sync: if the table refused a record, queues the sorting of the rows and returns true: then
  /// another sync has to come. Whoever asks for what follows waits for that himself.
  bool resolve_overflow() const;

  /// After a sync: how many keys there are, and how many records they have.
  index_t count() const;
  index_t records() const;

  /// After a sync: queues the work on the groups, the first time, and the writing of what is asked for.
  void copy_records(std::byte* out) const;
  void write_column(group_column column, std::uint64_t* words) const;

 private:
  struct memory;
  std::shared_ptr<memory> memory_;
};

}  // namespace prorata::cuda
