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

}  // namespace prorata::feeds
