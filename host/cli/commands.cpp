// The table of commands.
#include <host/cli/commands.hpp>
#include <host/cli/print.hpp>

namespace prorata::cli {

void argsort_command(command_line& command, io::job_files& files);
void devices_command(command_line& command, io::job_files& files);
void generate_command(command_line& command, io::job_files& files);
void groupby_command(command_line& command, io::job_files& files);
void help_command(command_line& command, io::job_files& files);
void histogram_command(command_line& command, io::job_files& files);
void join_command(command_line& command, io::job_files& files);
void lookup_command(command_line& command, io::job_files& files);
void map_command(command_line& command, io::job_files& files);
void plan_command(command_line& command, io::job_files& files);
void quantile_command(command_line& command, io::job_files& files);
void reduce_command(command_line& command, io::job_files& files);
void scan_command(command_line& command, io::job_files& files);
void select_command(command_line& command, io::job_files& files);
void sort_command(command_line& command, io::job_files& files);
void stats_command(command_line& command, io::job_files& files);
void stream_command(command_line& command, io::job_files& files);
void topk_command(command_line& command, io::job_files& files);
void unique_command(command_line& command, io::job_files& files);
void version_command(command_line& command, io::job_files& files);

namespace {

constexpr command table[] = {
    {"argsort", argsort_command}, {"devices", devices_command},   {"generate", generate_command},
    {"groupby", groupby_command}, {"help", help_command},         {"histogram", histogram_command},
    {"join", join_command},       {"lookup", lookup_command},     {"map", map_command},
    {"plan", plan_command},       {"quantile", quantile_command}, {"reduce", reduce_command},
    {"scan", scan_command},       {"select", select_command},     {"sort", sort_command},
    {"stats", stats_command},     {"stream", stream_command},     {"topk", topk_command},
    {"unique", unique_command},   {"version", version_command}};

}  // namespace

std::span<command const> commands() { return table; }

void version_command(command_line& command, io::job_files&) {
  bool json = false;
  command.flag("--json", json);
  command.parse();
  if (json)
    print("{{\"op\":\"version\",\"version\":\"{}\",\"order\":\"{}\"}}\n", version_string, order_name);
  else
    print("prorata {} ({})\n", version_string, order_name);
}

}  // namespace prorata::cli
