// The painter thread of the progress bar.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <host/cli/progress.hpp>
#include <prorata/error.hpp>

namespace prorata::cli {

progress::progress(std::string const& mode, std::string label, index_t total_bytes)
    : label_(std::move(label)),
      total_(std::max<index_t>(total_bytes, 1)),
      start_(std::chrono::steady_clock::now()) {
  require(mode == "auto" || mode == "always" || mode == "never", "--progress is auto, always or never");
  if (mode == "never" || (mode == "auto" && isatty(STDERR_FILENO) == 0)) return;
  painter_ = std::thread([this] {
    while (!closing_.load()) {
      draw(false);
      for (int k = 0; k < 10 && !closing_.load(); ++k)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    draw(true);
  });
}

progress::~progress() {
  closing_.store(true);
  if (painter_.joinable()) painter_.join();
}

void progress::draw(bool last) {
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  double const done = static_cast<double>(done_.load());
  double const part = std::min(1.0, done / static_cast<double>(total_));
  constexpr int width = 32;
  std::string bar(static_cast<std::size_t>(part * width), '#');
  bar.resize(width, '.');
  std::fprintf(stderr, "\r%s [%s] %3.0f %%  %.2f GB/s%s", label_.c_str(), bar.c_str(), part * 100,
               seconds > 0 ? done / seconds / 1e9 : 0.0, last ? "\n" : "");
  std::fflush(stderr);
}

}  // namespace prorata::cli
