// SPDX-License-Identifier: GPL-2.0-or-later
//
// Fuzzer of what people paste: the text of --registers, register values, devices, PASIDs and numbers. Each is refused
// with an Error or taken; a text of registers says the same with the line ends of another system.
#include "cli/opening/device_names.h"
#include "cli/opening/numbers.h"
#include "cli/opening/register_text.h"

#include <pgregion/error.h>

#include <array>
#include <cstdlib>
#include <string>

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace
{

using namespace pgregion;
using namespace pgregion::cli;

template <class Read>
void survive(const Read &read)
{
    try {
        read();
    } catch (const Error &error) {
        if (error.code().empty() || error.hint().empty())
            std::abort();
    }
}

void read_registers(const std::string &text)
{
    const RegisterText read = read_register_text(text);
    std::size_t taken = 0;
    for (const std::size_t lines : read.taken)
        taken += lines;
    if (taken + read.passed_over != read.lines || (read.passed_over != 0) != read.first_passed_over.has_value())
        std::abort();
    for (const RegisterBank &bank : read.banks) {
        if (bank.value(0x20, 8).has_value() != (bank.known(0x20, 8) == 8))
            std::abort();
    }
    for (const NamedRegister &one : read.named)
        survive([&] { (void)register_value(one.place, one.value); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const std::string text(data, data + size);
    survive([&] { read_registers(text); });
    survive([&] { (void)parse_devices(std::array{text}); });
    survive([&] { (void)parse_pasid(text); });
    survive([&] { (void)require_physical(text, "PA"); });
    survive([&] { (void)require_iova_range(text); });
    survive([&] { (void)require_register(text.substr(0, text.find('='))); });
    return 0;
}
