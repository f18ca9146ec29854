// Expressions: one value whoever computes it, the loops, NumPy or the printed kernel.
#include <dlfcn.h>

#include <cstdlib>
#include <fstream>
#include <host/expression/cuda_source.hpp>
#include <host/io/job_files.hpp>
#include <host/io/npy.hpp>
#include <prorata/error.hpp>
#include <tests/expression_columns.hpp>
#include <tests/numpy_interpreter.hpp>
#include <tests/temporary_directory.hpp>

namespace {

using namespace prorata;
using namespace prorata::expression;
using namespace prorata::expression::tests;

/// Expressions whose values are the same everywhere, in a syntax that Python shares.
constexpr char const* shared_expressions[] = {"x + y",
                                              "x - y",
                                              "x * y",
                                              "x / y",
                                              "x % y",
                                              "-x",
                                              "abs(x)",
                                              "sqrt(abs(x))",
                                              "x*x + y*y",
                                              "2*x - y/3",
                                              "x**2",
                                              "floor(x)",
                                              "ceil(y)",
                                              "trunc(x)",
                                              "round(y)",
                                              "sign(x)",
                                              "x < y",
                                              "x <= y",
                                              "x == y",
                                              "x != y",
                                              "x > 2",
                                              "isnan(x/y)",
                                              "where(x > y, x, y)",
                                              "where(x > 0, x, -1)",
                                              "x % 3",
                                              "x % -3",
                                              "(x + 1) * (x - 1)",
                                              "x*0.1 + y*0.2",
                                              "1/3*x",
                                              "pi*x",
                                              "isfinite(x/y)",
                                              "isinf(x/y)",
                                              "x - 2**10",
                                              "min(x, y)",
                                              "max(x, y)",
                                              "clamp(x, -1, 1)"};

std::vector<column> sample(dtype type, std::size_t n) {
  std::mt19937_64 random(3);
  std::vector<column> inputs;
  for (int k = 0; k < 2; ++k)
    io::visit(type, [&](auto tag) {
      using T = typename decltype(tag)::type;
      std::vector<T> values(n);
      for (auto& v : values) {
        int const small = static_cast<int>(random() % 201) - 100;
        if constexpr (std::is_floating_point_v<T>)
          v = static_cast<T>(reals(1, static_cast<unsigned>(random()))[0] * (random() % 2 ? T(1) : T(0.25)) +
                             small % 2);
        else if constexpr (std::is_unsigned_v<T>)
          v = static_cast<T>(small + 100);
        else if constexpr (std::is_integral_v<T>)
          v = static_cast<T>(small);
      }
      inputs.push_back(make_column(values));
    });
  return inputs;
}

TEST(expression, agrees_with_numpy) {
  std::string const python = prorata::tests::numpy_interpreter();
  temporary_directory const dir;
  std::size_t const n = 3000;
  std::ofstream list(dir / "list");
  for (auto const* text : shared_expressions) list << text << '\n';
  list.close();
  std::ofstream(dir / "compute.py") << R"(
import sys, numpy as np
np.seterr(all='ignore')
names = {n: getattr(np, n) for n in 'sqrt floor ceil trunc sign isnan isfinite isinf where pi'.split()}
names.update(abs=np.abs, round=np.rint, min=np.minimum, max=np.maximum, clamp=lambda v, a, b: np.minimum(np.maximum(v, a), b))
d = sys.argv[1]
for code in sys.argv[2:]:
    names['x'], names['y'] = (np.fromfile('%s/%s%d' % (d, code, k), code) for k in (0, 1))
    for i, text in enumerate(open(d + '/list')):
        np.save('%s/%s_%d.npy' % (d, code, i), eval(text, {}, names))
)";
  dtype const types[] = {dtype::i64, dtype::u64, dtype::f32, dtype::f64};
  std::string arguments;
  for (auto const type : types) {
    auto const inputs = sample(type, n);
    arguments += std::string(" ") + io::describe(type).code;
    for (int k = 0; k < 2; ++k)
      std::ofstream(dir / (io::describe(type).code + std::to_string(k)))
          .write(reinterpret_cast<char const*>(inputs[static_cast<std::size_t>(k)].bytes.data()),
                 static_cast<std::streamsize>(inputs[static_cast<std::size_t>(k)].bytes.size()));
  }
  ASSERT_EQ(
      std::system(
          (python + " " + (dir / "compute.py").string() + " " + dir.path().string() + arguments).c_str()),
      0);
  int checked = 0;
  for (auto const type : types)
    for (std::size_t i = 0; i < std::size(shared_expressions); ++i) {
      std::string const text = shared_expressions[i];
      auto const inputs = sample(type, n);
      tree const t = parse(text, types_of(inputs));
      io::input_file const file = io::job_files().read(
          (dir / (std::string(io::describe(type).code) + "_" + std::to_string(i) + ".npy")).string());
      io::array_file const theirs = io::read_npy(file);
      // NumPy's rint, floor, … of integers are float64 in old versions; its negative of unsigned is the same
      // bits.
      bool const old_rounding = type < dtype::f32 && (text.starts_with("floor") || text.starts_with("ceil") ||
                                                      text.starts_with("trunc") || text.starts_with("round"));
      if (!old_rounding) {
        EXPECT_STREQ(io::name_of(theirs.type), io::name_of(t.result_dtype()))
            << text << ' ' << io::name_of(type);
      }
      std::vector<std::byte> expected(static_cast<std::size_t>(theirs.data_bytes));
      file.read(theirs.data_offset, expected);
      auto const got = run(t, inputs, static_cast<index_t>(n), theirs.type);
      std::size_t const size = static_cast<std::size_t>(io::size_of(theirs.type));
      for (std::size_t k = 0; k < n; ++k) {
        bool equal = std::memcmp(&got[k * size], &expected[k * size], size) == 0;
        if (!equal && io::is_floating(theirs.type)) {  // NaN bits are ours; NumPy's minimum takes either zero
          double a, b;
          if (size == 4) {
            float fa, fb;
            std::memcpy(&fa, &got[k * 4], 4), std::memcpy(&fb, &expected[k * 4], 4);
            a = fa, b = fb;
          } else {
            std::memcpy(&a, &got[k * 8], 8), std::memcpy(&b, &expected[k * 8], 8);
          }
          bool const zero_of_minimum =
              a == 0 && b == 0 && (text.starts_with("m") || text.starts_with("clamp"));
          equal = (std::isnan(a) && std::isnan(b)) || zero_of_minimum;
        }
        ASSERT_TRUE(equal) << text << ' ' << io::name_of(type) << " element " << k;
      }
      ++checked;
    }
  EXPECT_EQ(checked, 4 * static_cast<int>(std::size(shared_expressions)));
}

TEST(cuda_source, holds_nothing_the_user_typed) {
  std::string const source =
      emit_cuda(parse("where(x0 > 1234567.5, hypot(x0, y), 0.1)", {{dtype::f32}, {dtype::u8}}));
  std::string const body = source.substr(source.find("extern \"C\""));
  for (char const* typed : {"where", "x0", "1234567", "0.1", "y)"})
    EXPECT_EQ(body.find(typed), std::string::npos) << typed;
  EXPECT_NE(body.find("0x1.999999999999ap-4;"), std::string::npos) << body;
  EXPECT_EQ(source.find("#include"), std::string::npos);
}

/// The printed kernel is C++ but for a few words; with those defined, the host's compiler runs it.
TEST(cuda_source, agrees_with_the_loops_bit_for_bit) {
  temporary_directory const dir;
  struct job {
    std::string text;
    dtype type;
    bool swapped;
    std::optional<dtype> out;
  };
  std::vector<job> jobs;
  for (auto const* text : shared_expressions)
    for (auto const type : {dtype::f32, dtype::f64, dtype::i64, dtype::u64})
      jobs.push_back({text, type, false, {}});
  for (auto const& known : io::dtypes) {
    for (bool const swapped : {false, true}) jobs.push_back({"x*2 + y", known.type, swapped, {}});
    for (auto const type : {dtype::f32, dtype::f64, dtype::i64, dtype::u64})
      jobs.push_back({"x*3 - y", type, false, known.type});
    jobs.push_back({"x < y", dtype::f32, false, known.type});
  }
  for (char const* text :
       {"exp(x) + log(abs(y)) - sin(x)*cos(y)", "x and y or not x", "isnan(x) ? nan : inf",
        "min(x, y, -0.0, max(0, x))", "x**3 + x**0.5 + x**-1 + x**y", "fma(x, y, 1)",
        "cbrt(x) + exp2(y) + expm1(x) + log2(abs(x)) + log10(abs(y)) + log1p(abs(x)) + tan(x) + asin(x) + "
        "acos(x) + atan(x) + atan2(x, y) + sinh(x) + cosh(x) + tanh(x) + hypot(x, y)",
        "3", "-9223372036854775808", "true"})
    for (auto const type : {dtype::f32, dtype::f64, dtype::i64}) jobs.push_back({text, type, false, {}});

  std::ofstream source(dir / "kernels.cpp");
  source << "#include <math.h>\n#define __host__\n#define __device__\n#define __global__\n"
            "struct dimension { unsigned x; } static const gridDim{1}, blockDim{1}, blockIdx{0}, "
            "threadIdx{0};\n";
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    std::string kernel = emit_cuda(
        parse(jobs[i].text, {{jobs[i].type, jobs[i].swapped}, {jobs[i].type, jobs[i].swapped}}), jobs[i].out);
    if (i > 0) kernel.erase(0, kernel.find("extern \"C\""));
    kernel.replace(kernel.find(cuda_kernel_name), std::strlen(cuda_kernel_name),
                   std::string("kernel").append(std::to_string(i)));
    source << kernel;
  }
  source.close();
  std::string const command = std::string(PRORATA_TEST_CXX) +
                              " -std=c++20 -w -O1 -ffp-contract=off -shared -fPIC -o " +
                              (dir / "kernels.so").string() + " " + (dir / "kernels.cpp").string();
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  void* const library = ::dlopen((dir / "kernels.so").c_str(), RTLD_NOW);
  ASSERT_NE(library, nullptr) << ::dlerror();
  index_t const n = 2100;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    auto inputs = sample(jobs[i].type, static_cast<std::size_t>(n));
    for (auto& input : inputs) input.type.swapped = jobs[i].swapped;
    tree const t = parse(jobs[i].text, types_of(inputs));
    auto const expected = run(t, inputs, n, jobs[i].out);
    std::vector<std::byte> got(expected.size());
    using kernel = void (*)(long long, void const*, void const*, void*);
    auto const function =
        reinterpret_cast<kernel>(::dlsym(library, (std::string("kernel").append(std::to_string(i))).c_str()));
    ASSERT_NE(function, nullptr);
    function(n, inputs[0].bytes.data(), inputs[1].bytes.data(), got.data());
    EXPECT_TRUE(got == expected) << jobs[i].text << ' ' << io::name_of(jobs[i].type)
                                 << (jobs[i].swapped ? " swapped" : "") << " → "
                                 << io::name_of(jobs[i].out.value_or(t.result_dtype()));
  }
  ::dlclose(library);
}

}  // namespace
