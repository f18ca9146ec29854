// Where a stream comes from, and where its results go.
#pragma once

#include <functional>
#include <host/events/block_source.hpp>
#include <host/events/checkpoint.hpp>
#include <host/feeds/redis_sink.hpp>
#include <host/io/job_files.hpp>
#include <host/io/stop_request.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace prorata::feeds {

/// A file, standard input ("-"), tcp://HOST:PORT or redis://HOST:PORT/STREAM. Of all but files, SIGINT and SIGTERM are
/// the end, as long as this lives.
class stream_input {
 public:
  ///   throws  input_error, communication_error
  stream_input(std::string const& name, events::text_form form, index_t block, double idle_seconds,
               io::job_files& files);
  events::block_source& source() { return *source_; }
  /// Null where it is no file.
  io::input_file const* file() const { return file_ ? &*file_ : nullptr; }
  /// Before outputs are published: the input is what it was.
  void check_unchanged() const;
  /// Where it can be read again.
  static bool is_replayable(std::string const& name);

 private:
  std::optional<io::stop_request> stop_;
  std::optional<io::input_file> file_;
  std::unique_ptr<events::block_source> source_;
};

/// Lines that are gathered, and written to a file, to a checkpoint until the file is complete, or to who prints them.
class line_output {
 public:
  ///   print  where lines go that no file takes
  explicit line_output(io::atomic_file* file, events::growing_file* kept = nullptr,
                       std::function<void(std::string_view)> print = {})
      : file_(file), kept_(kept), print_(std::move(print)) {}
  std::string text;
  void write_if_large() {
    if (text.size() >= 1 << 16) write();
  }
  /// Who prints has all of it afterwards: somebody may wait for it.
  void write();
  /// Copies what a checkpoint holds to the file.
  void copy_kept();

 private:
  io::atomic_file* file_;
  events::growing_file* kept_;
  std::function<void(std::string_view)> print_;
  index_t at_ = 0;
};

/// Lines in a file for each period of event time, which has the number of its first moment before the ending of its
/// name: out.csv becomes out.1600000000000.csv. Each appears under its name, whole, when the first line of a later one
/// comes, or at the end. A period without lines has no file.
class rotated_output {
 public:
  ///   input  no file of results may be this one; may be null
  rotated_output(std::string path, std::int64_t period, std::string header, io::input_file const* input)
      : path_(std::move(path)), period_(period), header_(std::move(header)), input_(input) {}

  /// A line of time t. Times that go back stay in the file that is being written.
  ///   throws  as io::job_files
  void add(std::int64_t t, std::string_view line);
  /// Gives the last file its name.
  void end();

 private:
  void write();

  std::string path_;
  std::int64_t period_;
  std::string header_, text_;
  io::input_file const* input_;
  std::int64_t begin_ = 0;
  std::unique_ptr<io::job_files> files_;  // of the file that is being written
  io::atomic_file* file_ = nullptr;
  index_t at_ = 0;
};

}  // namespace prorata::feeds
