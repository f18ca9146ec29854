// Folds over files on ranks with GPUs.
#pragma once

#include <host/run/chunked_run.hpp>
#include <host/run/gpu/jobs.hpp>

namespace prorata::host {

/// A reduction of what a load of files gives, on the stream's threads, or on the rank's GPU where it has one.
template <class R, class Load>
class gpu_fold final : public fold_of<R, Load> {
 public:
  gpu_fold(R const& r, Load const& l, chunked_run const& run) : fold_of<R, Load>(r, l), run_(run) {}
  void reduce(stream& s, int rank, piece p, std::byte* out) const override {
    gpu_rank* const gpu = run_.gpu(rank);
    if (gpu == nullptr) return fold_of<R, Load>::reduce(s, rank, p, out);
    s.enqueue([this, gpu, &s, job = gpu_job_of<R>(this->load), p, out] {
      state_of<R> whole(this->reduction, p.n, p.begin);
      std::vector<std::byte> partial;
      gpu->fold(s, job, p, [&](piece slot, std::byte const* from) {
        partial.resize(static_cast<std::size_t>(R::bytes(slot)));
        on_gpu<R>::to_host(slot, from, partial.data());
        whole.join(partial.data(), slot);
      });
      whole.write(out);
    });
  }
  bool same(piece p, std::byte const* a, std::byte const* b) const override {
    return on_gpu<R>::same(p, a, b);
  }

 private:
  chunked_run const& run_;
};

}  // namespace prorata::host
