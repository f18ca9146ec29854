// Converting elements as files store them to what kernels read, and back, on the GPU.
#include <host/run/gpu/forms.hpp>
#include <host/run/gpu/kernels.hpp>
#include <kernels/transform.cuh>

namespace prorata::host {

void gather(cuda::stream& s, gpu_form form, gpu_value value, stored_elements const& a,
            stored_elements const& b, index_t count, void* out) {
  with_form(form, value, a, b, [&]<class X>(auto const& load, io::type_tag<X>) {
    cuda::transform_index(s, 0, count, load, static_cast<X*>(out));
  });
}

void store(cuda::stream& s, io::dtype wide, void const* from, io::dtype to, index_t count, void* out) {
  with_stored(wide, from, to, [&]<class X>(auto const& load, io::type_tag<X>) {
    cuda::transform_index(s, 0, count, load, static_cast<X*>(out));
  });
}

}  // namespace prorata::host
