// block_source: an input as blocks of whole records, a block at a time.
#pragma once

#include <host/events/record_parser.hpp>
#include <host/io/input_file.hpp>
#include <prorata/config.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace prorata::events {

/// A piece of the input. Its text ends with a line's end, also where the input does not.
struct text_block {
  std::vector<char> room;  // the text between its margins
  index_t offset = 0;      ///< of its first byte in the input
  index_t bytes = 0;       ///< of the input
  bool last = false;       ///< the input ends with it
  std::string_view text() const { return {room.data() + text_margin, room.size() - 2 * text_margin}; }
};

/// Records are at most so long: a quote that is not closed must not take all memory.
inline constexpr index_t longest_record = 1 << 20;

/// Text: of CSV a header, and then records.
///   threads  one at a time; fill() from any, of different blocks at a time
///   throws   input_error: the input cannot be read, changed, or has a record that is too long
class block_source {
 public:
  virtual ~block_source() = default;
  virtual std::string const& name() const = 0;
  /// The first record of CSV, without its line's end. Once, before all else.
  ///   throws  input_error where there is none
  virtual std::string header() = 0;
  /// Takes the next block; false at the end of the input. Waits for one whole record, and not for more.
  virtual bool next(text_block& block) = 0;
  /// Reads the text of a block that was taken.
  virtual void fill(text_block& block) = 0;
  /// Whether next() would not wait.
  virtual bool ready() { return true; }
  /// Goes back to a block that ended in the middle of a record, and looks for the ends of records from there on.
  virtual void cut_again(text_block const& block) = 0;
  /// Where the next block begins, for go_to() of another process; empty where a record may be cut off there, or nobody
  /// can go back.
  virtual std::string place() const { return {}; }
  ///   throws  input_error: it is a place in another input
  virtual void go_to(std::string_view place);
  /// Whether next() said false because somebody asked for an end, or because nothing came for a while.
  virtual bool stopped() const { return false; }
  /// Bytes of a record that had not come to its end then.
  virtual index_t left_over() const { return 0; }
};

/// A regular file. Blocks are cut at ends of lines, which may lie in quotes: who parses finds out, and says
/// cut_again().
class file_source : public block_source {
 public:
  file_source(io::input_file const& file, index_t block_bytes) : file_(file), block_bytes_(block_bytes) {}
  std::string const& name() const override { return file_.path(); }
  std::string header() override;
  bool next(text_block& block) override;
  void fill(text_block& block) override;
  void cut_again(text_block const& block) override;
  /// The offset, and a checksum of the input up to there. At its end a record may be cut off that goes on when the file
  /// has grown.
  std::string place() const override;
  void go_to(std::string_view place) override;

 private:
  std::uint64_t checksum_up_to(index_t offset) const;
  index_t end_of_block(index_t begin) const;

  io::input_file const& file_;
  index_t block_bytes_;
  index_t at_ = 0;
  bool careful_ = false;  // quotes hold line ends
};

/// When reading ends before the input does.
struct read_until {
  int descriptor = -1;      ///< this can be read from; −1: never
  double idle_seconds = 0;  ///< nothing came for so long; 0: never
};

/// A pipe or a terminal: what can be read once.
class pipe_source : public block_source {
 public:
  pipe_source(int descriptor, std::string name, text_form form, index_t block_bytes, read_until until = {})
      : descriptor_(descriptor),
        name_(std::move(name)),
        form_(form),
        block_bytes_(static_cast<std::size_t>(block_bytes)),
        until_(until) {}
  std::string const& name() const override { return name_; }
  std::string header() override;
  bool next(text_block& block) override;
  void fill(text_block&) override {}
  bool ready() override;
  void cut_again(text_block const&) override {}
  bool stopped() const override { return stopped_; }
  index_t left_over() const override { return stopped_ ? std::ssize(carried_) : 0; }

 protected:
  /// Throws what fits a failure to read.
  [[noreturn]] virtual void fail(int error_number) const;

 private:
  void read_more();
  bool wait_for_more() const;

  int descriptor_;
  std::string name_;
  text_form form_;
  std::size_t block_bytes_;
  std::string carried_;    // read, and in no block yet
  std::size_t known_ = 0;  // bytes of it that hold no whole record
  index_t at_ = 0;         // of the input, where it begins
  read_until until_;
  bool ended_ = false, stopped_ = false;
};

}  // namespace prorata::events
