// prorata select: the elements of a file for which an expression holds, written to a file.
#include <host/algorithms/select_column.hpp>
#include <host/cli/command_line.hpp>
#include <host/cli/outputs.hpp>
#include <host/cli/print.hpp>
#include <host/cli/report.hpp>
#include <host/dynamic/expressions.hpp>
#include <host/io/printable.hpp>
#include <nlohmann/json.hpp>

namespace prorata::cli {

void select_command(command_line& command, io::job_files& files) {
  options o;
  std::string text;
  bool indices = false;
  add_expression(command, text, o);
  add_output(command, o);
  command.flag("--indices", indices);
  command.flag("--raw", o.raw);
  add_job_options(command, o);
  command.parse();

  auto const in = open_inputs(files, o.inputs, o, numbering::c_order, folder_of(o.output));
  auto const arrays = columns_of(in);
  auto const& first = in.front()->array();
  auto const condition = dynamic::file_expression::condition(text, arrays);
  auto& out = open_output(files, o, o.output);  // begun before the work: a bad name must not cost a job

  session job(files, o, arrays, bytes_of(arrays), "select", bits::differ_by_kind);
  auto const ask = [&](piece p, unsigned char* flags) { condition.values(p, flags); };
  host::kept_elements kept(ask, first.count, o.memory.bytes, &condition.on_gpu());
  index_t const total = kept.count(job.passes());

  io::dtype const type = indices ? io::dtype::i64 : first.type;
  files.reserve(out, (o.raw ? 0 : std::ssize(io::npy_header(type, {total}))) + total * io::size_of(type));
  io::array_sink const results(out, type, {total}, false, o.raw);
  if (indices) {
    kept.write_indices(job.passes(), results);
  } else {
    kept.write_elements(job.passes(), *in.front(), results);
  }
  job.finish();
  if (!said_as_json(job, o, [&] {
        return job_json(job, "select",
                        {{"n", first.count},
                         {"selected", total},
                         {"dtype", io::describe(type).code},
                         {"output", o.output}});
      })) {
    print("{}: {} of {}{}\n  {:.3g} s, {:.2f} GB/s\n", io::printable(o.output), total,
          count_text(first.count, "element"), indices ? ", their indices" : "", job.seconds(),
          job.gb_per_s());
  }
}

}  // namespace prorata::cli
