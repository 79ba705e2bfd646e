// SPDX-License-Identifier: GPL-2.0-or-later
//
// AMD tables of a host with memory encryption, read without saying so: every address has the C-bit, and lies nowhere.
#include "cli/command_test.h"
#include "support/table_image.h"

#include <gmock/gmock.h>

namespace pgregion::test
{
namespace
{

using testing::HasSubstr;
using testing::Not;

/// Device 0 has tables of three levels at 0x2000, 0x3000 and 0x4000, and IOVA 0 leads to 0x5000; all with `c_bit`.
/// Records: AMD 48882, figure 7; entries: section 2.2.3.
std::vector<std::byte> memory_with(std::uint64_t c_bit)
{
    TableImage image(0, 8);
    image.put(1, 0, 0x6000000000002603 | c_bit);
    image.put(1, 1, 7);
    image.put(2, 0, 0x6000000000003401 | c_bit);
    image.put(3, 0, 0x6000000000004201 | c_bit);
    image.put(4, 0, 0x6000000000005001 | c_bit);
    const auto bytes = image.bytes();
    return {bytes.begin(), bytes.end()};
}

class CBitAdvice : public CommandTest
{
public:
    ProgramOutcome run(std::uint64_t c_bit, std::vector<std::string> call)
    {
        write_image(path("sev.raw"), memory_with(c_bit));
        call.insert(call.begin() + 1, {path("sev.raw"), "--register", "devtab=0x1000"});
        return run_pgregion(call);
    }
};

TEST_F(CBitAdvice, TheParameterIsNamedWhereThePageWithoutTheBitIsThere)
{
    for (const unsigned bit : {47U, 51U}) {
        const std::string advice = "--param c-bit=" + std::to_string(bit);
        EXPECT_THAT(run(std::uint64_t{1} << bit, {"devices"}).errors, HasSubstr(advice));
        const ProgramOutcome refused = run(std::uint64_t{1} << bit, {"mappings", "--device", "0"});
        EXPECT_EQ(refused.status, 8);
        EXPECT_THAT(refused.errors, HasSubstr("the source holds 0x2000, which differs in bit " + std::to_string(bit)));
        EXPECT_THAT(refused.errors, HasSubstr(advice));
    }
}

TEST_F(CBitAdvice, TheParameterThatIsNamedGivesTheAnswer)
{
    const ProgramOutcome outcome = run(std::uint64_t{1} << 51, {"mappings", "--device", "0", "--param", "c-bit=51"});
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_THAT(outcome.output, HasSubstr("0x0000000000005000"));
    EXPECT_THAT(outcome.errors, Not(HasSubstr("c-bit")));
}

TEST_F(CBitAdvice, AnotherMissingAddressIsNotBlamedOnEncryption)
{
    // Bit 40 is no C-bit, and 0x100000 is beyond the memory.
    for (const std::uint64_t wrong : {std::uint64_t{1} << 40, std::uint64_t{0x800000100000}}) {
        const ProgramOutcome outcome = run(wrong, {"mappings", "--device", "0"});
        EXPECT_EQ(outcome.status, 8);
        EXPECT_THAT(outcome.errors, HasSubstr("--with FILE@0xPA"));
        EXPECT_THAT(outcome.errors, Not(HasSubstr("c-bit")));
    }
}

}  // namespace
}  // namespace pgregion::test
