// The commands of `prorata`: each reads its own arguments, opens its files in `files` and returns when its outputs are
// complete; the caller publishes them.
#pragma once

#include <host/io/job_files.hpp>
#include <span>
#include <string>
#include <vector>

namespace prorata::cli {

using arguments = std::vector<std::string>;

void argsort_command(arguments const& args, io::job_files& files);
void devices_command(arguments const& args);
void generate_command(arguments const& args, io::job_files& files);
void groupby_command(arguments const& args, io::job_files& files);
void histogram_command(arguments const& args, io::job_files& files);
void join_command(arguments const& args, io::job_files& files);
void lookup_command(arguments const& args, io::job_files& files);
void map_command(arguments const& args, io::job_files& files);
void plan_command(arguments const& args, io::job_files& files);
void quantile_command(arguments const& args, io::job_files& files);
void reduce_command(arguments const& args, io::job_files& files);
void scan_command(arguments const& args, io::job_files& files);
void select_command(arguments const& args, io::job_files& files);
void sort_command(arguments const& args, io::job_files& files);
void stats_command(arguments const& args, io::job_files& files);
void stream_command(arguments const& args, io::job_files& files);
void topk_command(arguments const& args, io::job_files& files);
void unique_command(arguments const& args, io::job_files& files);

/// The manual, help.md, or the section of one command.
///   throws  usage_error when there is no such command
std::string help_text(std::string const& command);

/// Has freed memory given back to the system, so that what a job holds is what --memory bounds. For programs.
void bound_heap() noexcept;

}  // namespace prorata::cli
