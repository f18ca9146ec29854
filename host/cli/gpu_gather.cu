// Converting elements as files store them to what folds read, on the GPU.
#include <host/cli/gpu_forms.hpp>
#include <host/cli/gpu_kernels.hpp>
#include <kernels/transform.cuh>

namespace prorata::cli {

void gather(cuda::stream& s, gpu_form form, gpu_value value, stored_elements const& a,
            stored_elements const& b, index_t count, void* out) {
  with_form(form, value, a, b, [&]<class X>(auto const& load, io::type_tag<X>) {
    cuda::transform_index(s, 0, count, load, static_cast<X*>(out));
  });
}

}  // namespace prorata::cli
