// Reading the program's own table of symbols: kernels may be local to a file, and no other table has those.
#include "symbols.hpp"

#include <cxxabi.h>
#include <elf.h>
#include <link.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <unordered_map>
#include <vector>

namespace simulated {
namespace {

/// What the program's addresses were moved by when it was loaded.
std::uintptr_t load_address() {
  std::uintptr_t base = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* to) {
        *static_cast<std::uintptr_t*>(to) = info->dlpi_addr;  // the program itself comes first
        return 1;
      },
      &base);
  return base;
}

std::unordered_map<std::uintptr_t, std::string> read_symbols() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  std::vector<char> const bytes{std::istreambuf_iterator<char>(file), {}};
  std::unordered_map<std::uintptr_t, std::string> names;
  if (bytes.size() < sizeof(Elf64_Ehdr)) return names;
  auto const* const header = reinterpret_cast<Elf64_Ehdr const*>(bytes.data());
  auto const* const sections = reinterpret_cast<Elf64_Shdr const*>(bytes.data() + header->e_shoff);
  for (int k = 0; k < header->e_shnum; ++k) {
    if (sections[k].sh_type != SHT_SYMTAB) continue;
    auto const* const symbols = reinterpret_cast<Elf64_Sym const*>(bytes.data() + sections[k].sh_offset);
    char const* const text = bytes.data() + sections[sections[k].sh_link].sh_offset;
    for (std::size_t s = 0; s < sections[k].sh_size / sizeof *symbols; ++s)
      if (ELF64_ST_TYPE(symbols[s].st_info) == STT_FUNC)
        names[symbols[s].st_value] = text + symbols[s].st_name;
  }
  return names;
}

}  // namespace

std::string name_of(void const* function) {
  static auto const& names = *new auto(read_symbols());
  auto const found = names.find(reinterpret_cast<std::uintptr_t>(function) - load_address());
  if (found == names.end()) return "?";
  char* const text = abi::__cxa_demangle(found->second.c_str(), nullptr, nullptr, nullptr);
  std::string const name = text != nullptr ? text : found->second;
  std::free(text);
  return name;
}

}  // namespace simulated
