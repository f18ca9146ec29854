// Who reads and writes what, and the moment at which outputs appear.
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <host/io/commit_record.hpp>
#include <host/io/emergency.hpp>
#include <host/io/job_files.hpp>
#include <host/io/printable.hpp>
#include <host/io/system_error.hpp>
#include <prorata/error.hpp>
#include <utility>

namespace prorata::io {

job_files::~job_files() = default;

void job_files::note_standard_streams() {
  for (int const stream : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat status;
    if (::fstat(stream, &status) == 0 && S_ISREG(status.st_mode))
      written_.push_back(
          {stream == STDOUT_FILENO ? "standard output" : "standard error", {{status.st_dev, status.st_ino}}});
  }
}

void job_files::require_not_written(file_identity const& file, std::string const& complaint) const {
  for (auto const& w : written_)
    if (std::find(w.files.begin(), w.files.end(), file) != w.files.end())
      refuse(complaint + "it is also written, as " + printable(w.name));
}

void job_files::together(std::function<void()> const& work) const {
  peers_ == nullptr ? work() : peers_->together(work);
}

input_file job_files::read(std::string const& path) {
  std::optional<input_file> file;
  together([&] {
    if (first()) recover(path);
  });
  together([&] {
    file = input_file(path);
    note_input(*file);
  });
  if (peers_ != nullptr) {
    auto const version = peers_->from_first(file->version());
    together([&] {
      if (file->version() != version)
        throw input_error(printable(path) +
                          ": is not the same file in all processes; put it where all of them reach it");
    });
  }
  return std::move(*file);
}

void job_files::recover(std::string const& path) {
  struct stat entry;
  std::string place = path;  // where a link leads, records lie
  if (::lstat(path.c_str(), &entry) == 0 && S_ISLNK(entry.st_mode))
    if (std::unique_ptr<char, decltype(&std::free)> const found(::realpath(path.c_str(), nullptr),
                                                                &std::free);
        found != nullptr)
      place = found.get();
  commit_record::recover(place);
}

void job_files::note_input(input_file const& file) {
  require_not_written(file.identity(), printable(file.path()) + ": cannot read: ");
  read_.push_back(file.identity());
}

atomic_file& job_files::write(std::string const& path, std::optional<index_t> bytes, temporary_kind kind) {
  require(!bytes || *bytes >= 0, "an output cannot have a negative size");
  require(!published_, "the outputs of a job are published once, all of them");
  if (peers_ != nullptr) kind = temporary_kind::named;
  together([&] {
    if (!first()) return;
    commit_record::recover(path);
    add(path, std::unique_ptr<atomic_file>(new atomic_file(place_for(path), kind)));
  });
  if (peers_ != nullptr) {
    auto const made = peers_->from_first(first() ? outputs_.back()->data_.name() : "");
    together([&] {
      if (!first()) add(path, std::unique_ptr<atomic_file>(new atomic_file(place_for(path), made)));
    });
  }
  if (bytes) reserve(*outputs_.back(), *bytes);
  return *outputs_.back();
}

void job_files::reserve(atomic_file& output, index_t bytes) {
  together([&] { output.data_.reserve(bytes); });
}

/// Where an output may stand: it is no file of this job.
output_place job_files::place_for(std::string const& path) {
  output_place place(path);
  std::string const complaint = printable(path) + ": cannot write: ";
  for (auto const& file : place.files()) {
    require(std::find(read_.begin(), read_.end(), file) == read_.end(), complaint + "it is also an input");
    require_not_written(file, complaint);
  }
  for (auto const& o : outputs_)
    require(!place.same(o->place_), complaint + "it is also written, as " + printable(o->path()));
  return place;
}

void job_files::add(std::string const& path, std::unique_ptr<atomic_file> output) {
  written_.push_back({path, output->place_.files()});
  outputs_.push_back(std::move(output));
}

void job_files::prepare(atomic_file const* but) {
  together([&] {
    for (auto const& o : outputs_)
      if (o.get() != but) o->prepare();
  });
}

void job_files::publish() {
  require(!published_, "the outputs of a job are published once");
  published_ = true;
  prepare();
  together([&] {
    if (first()) publish_ours();
  });
}

void job_files::publish_ours() {
  for (auto const& o : outputs_) commit_record::recover(o->path());
  emergency::deferral until_all_is_done;
  std::vector<renaming> names;
  for (auto const& o : outputs_) {
    o->data_.give_name();
    names.push_back({&o->place_.folder(), o->place_.name(), o->data_.name(), o->path()});
  }
  auto const leave_names = [&] {
    for (auto const& o : outputs_) o->data_.leave_name();
  };
  if (outputs_.size() == 1) {
    auto const& one = names.front();
    int const folder = one.where->descriptor();
    if (::renameat(folder, one.temporary.c_str(), folder, one.name.c_str()) != 0)
      fail_writing(one.path, "rename to", errno);
    leave_names();
    one.where->sync(one.path);
  } else if (!outputs_.empty()) {
    commit_record record(std::move(names));
    try {
      record.rename_all();
    } catch (...) {
      if (record.begun()) leave_names();
      throw;
    }
    leave_names();
  }
  until_all_is_done.done();
}

}  // namespace prorata::io
