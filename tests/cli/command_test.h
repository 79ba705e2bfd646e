// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the tests of single commands share: the executable, and images in a directory of their own.
#pragma once

#include "support/region_image.h"
#include "support/run_program.h"
#include "unit/io_test_support.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace pgregion::test
{

inline void store_word(Image &image, std::size_t offset, std::uint64_t word)
{
    for (std::size_t i = 0; i < 8; ++i)
        image[offset + i] = static_cast<std::byte>(word >> (8 * i));
}

/// Entry `index` of the table on `page`.
inline void put_entry(Image &image, std::size_t page, std::size_t index, std::uint64_t raw)
{
    store_word(image, page * 4096 + index * 8, raw);
}

inline void write_image(const std::string &path, std::span<const std::byte> bytes)
{
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

inline Image read_image(const std::string &path)
{
    const std::string content = content_of(path);
    Image image(content.size());
    for (std::size_t i = 0; i < content.size(); ++i)
        image[i] = static_cast<std::byte>(content[i]);
    return image;
}

inline void PrintTo(const ProgramOutcome &outcome, std::ostream *out)
{
    *out << "exit " << outcome.status << ", output \"" << outcome.output << "\", errors \"" << outcome.errors << '"';
}

/// What stands on standard error beside the notes that tables are read by a guess.
inline std::string without_guess_notes(const std::string &errors)
{
    std::string rest;
    std::istringstream lines(errors);
    for (std::string line; std::getline(lines, line);) {
        if (line.find(", a guess from the tables (confidence ") == std::string::npos)
            rest += line + "\n";
    }
    return rest;
}

class CommandTest : public testing::Test
{
protected:
    [[nodiscard]] std::string path(const std::string &name) const { return directory_.path(name); }

    /// Writes an image and returns its path.
    [[nodiscard]] std::string region(const std::string &name, const Image &image) const
    {
        write_image(path(name), image);
        return path(name);
    }
    [[nodiscard]] std::string region(const std::string &name, const Pages &allocated) const
    {
        return region(name, image_with(allocated));
    }

    /// What a command prints that must succeed.
    [[nodiscard]] static std::string output_of(std::vector<std::string> arguments, std::string input = "")
    {
        const ProgramOutcome outcome = run_pgregion(std::move(arguments), std::move(input));
        EXPECT_EQ(outcome.status, 0) << outcome.errors;
        EXPECT_EQ(without_guess_notes(outcome.errors), "");
        return outcome.output;
    }

    [[nodiscard]] const TemporaryDirectory &directory() const { return directory_; }

private:
    TemporaryDirectory directory_;
};

/// The command ends with `status`, prints nothing on standard output and says all of `words` on standard error.
inline void expect_failure(const ProgramOutcome &outcome, int status, const std::vector<std::string> &words)
{
    EXPECT_EQ(outcome.status, status);
    EXPECT_EQ(outcome.output, "");
    for (const std::string &word : words)
        EXPECT_NE(outcome.errors.find(word), std::string::npos) << "no \"" << word << "\" in: " << outcome.errors;
}

}  // namespace pgregion::test
