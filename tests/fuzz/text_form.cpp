// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fuzzer of the text form: whatever is read must come back the same after it was written.
#include <pgregion/text_form.h>

#include <cstdlib>

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    using namespace pgregion;
    const std::string text(data, data + size);
    try {
        const std::vector<std::byte> region = parse_text_form(text);
        if (parse_text_form(write_text_form(region, PhysAddr(0x6000000), {})) != region)
            std::abort();
    } catch (const TextFormError &error) {
        if (error.line() == 0 || error.column() == 0)
            std::abort();
    }
    return 0;
}
