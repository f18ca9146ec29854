// The page that --report writes: what a job was asked, what it answered, and what each device did when.
#pragma once

#include <host/cli/options.hpp>
#include <host/cli/timeline.hpp>
#include <host/io/job_files.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace prorata::cli {

/// What a page tells.
struct report_facts {
  std::vector<std::string> words;  ///< the command line
  nlohmann::json const& said;      ///< the object that --json prints: every number of the page is one of it
  timeline const& events;
  std::vector<std::string> devices;  ///< a row of the timeline each
  std::vector<double> weights;       ///< one each; or none
};

/// One page of HTML that is also well-formed XML: styles and pictures are in it, and it fetches nothing and runs
/// nothing. Dark where the reader's system is, and as wide as a phone where that is. Names and expressions are text,
/// whatever they contain.
///   size   bounded: 20 of a list, 64 devices, 400 steps a row
std::string html_page(report_facts const& facts);

/// --report of a command that works in stages on all its devices together.
class stages_report {
 public:
  /// Begins the page: a bad name must not cost a job.
  ///   throws  usage_error (several processes), as job_files::write
  void open(io::job_files& files, options const& o);
  bool is_wanted() const { return file_ != nullptr; }
  void begins(std::string name, index_t bytes) {
    if (is_wanted()) events_.begins(std::move(name), bytes);
  }
  void ends() { events_.ends(); }
  /// Puts everything but the page on disk, for what is said of the job may be how long that took.
  void prepare(io::job_files& files) const { files.prepare(file_); }
  /// What --json says. Writes the page, if it was asked for.
  void describe(nlohmann::json const& said);

 private:
  timeline events_;
  io::atomic_file* file_ = nullptr;
};

/// The words of this process's command line: main says them.
void note_words(int argc, char const* const* argv);
std::vector<std::string> const& noted_words();

}  // namespace prorata::cli
