// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion restore: makes the 2 MiB that a text of `dump` stands for, byte for byte.
//
//   missing or empty file   made, whole or not at all
//   2 MiB that are there    changed in place, the bitmap last, and recorded in the undo journal
//
// What holds data is replaced only with --overwrite.
#include "cli/opening/numbers.h"
#include "cli/session/session.h"
#include "cli/writing/region_writer.h"
#include "cli/writing/source_journal.h"
#include "io/output.h"
#include "report/region_report.h"

#include <pgregion/error.h>
#include <pgregion/text_form.h>

namespace pgregion::cli
{

namespace
{

constexpr std::size_t kMostTextBytes = std::size_t{64} << 20;

std::vector<std::byte> read_text(const std::string &path)
{
    try {
        return parse_text_form(io::read_small_file(path, kMostTextBytes));
    } catch (Error &error) {
        error.at(path);
        throw;
    }
}

class Restore final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("TEXT", &text_, "text that dump wrote, or - for standard input");
        table.argument("IMAGE", &image_, "a new file, or 2 MiB that are there already");
        table.flag("--overwrite", &overwrite_, "replace what the target holds");
    }

    int run(Session &session) override
    {
        return session.for_each_source({image_}, [&](const std::string &image) { return make(session, image); });
    }

private:
    int make(Session &session, const std::string &argument) const
    {
        const SourceReading &reading = session.reading();
        const std::vector<std::byte> content = read_text(text_);
        if (OpenedSource::is_new(argument, reading)) {
            OpenedSource::check_new_region(argument, reading);
            retire_journal(session, argument);
            io::replace_file(parse_source(argument).path, content);
        } else {
            const OpenedSource target(argument, reading, OpenMode::read_write);
            refuse_data(target.region());
            write_region(session, target, "restore",
                         [&](std::span<const std::byte> now) { return plan_replace(now, content); });
        }
        const SourceInfo info = OpenedSource(argument, reading, OpenMode::read_only).info();
        report::ResultWriter &results = session.results();
        results.begin(&info);
        results.text(fmt::format("{}: {} bytes made of {}\n", printable(info.path), content.size(), printable(text_)));
        results.put_text("bytes", hex(content.size()));
        results.put_text("path", info.path);
        results.end();
        return kClean;
    }

    void refuse_data(std::span<const std::byte> target) const
    {
        if (overwrite_)
            return;
        if (const auto offset = first_data_byte(target))
            throw Error(Failure::refused, "target-not-empty",
                        fmt::format("the target holds data (the first byte that is not zero is at offset {}): it would "
                                    "be lost; nothing was changed",
                                    *offset),
                        "see what it is: pgregion info SOURCE; --overwrite replaces it");
    }

    std::string text_;
    std::string image_;
    bool overwrite_ = false;
};

}  // namespace

extern const CommandRow restore_row{
    "restore",     "makes the region that a text stands for", Section::edit, Needs::source, make_command<Restore>,
    Effect::writes};

}  // namespace pgregion::cli
