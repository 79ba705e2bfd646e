// SPDX-License-Identifier: GPL-2.0-or-later
//
// Takes what a command produces, in whatever form was asked for, and frames it (cli.md section 5).
//
//   text        text() goes out at once; nothing else does
//   json        one document at the end; a source that fails leaves nothing of its own in `results`
//   json-lines  row() goes out at once as a line of its own; put() values come as one line per source
//   quiet       nothing
#pragma once

#include "report/json.h"

#include <pgregion/report.h>

#include <memory>
#include <span>
#include <vector>

namespace pgregion::report
{

class ResultWriter
{
public:
    /// `command` is empty where none is known; JSON has null then.
    ResultWriter(ByteSink &sink, OutputMode mode, std::string command, std::string version);
    ResultWriter(const ResultWriter &) = delete;
    ResultWriter &operator=(const ResultWriter &) = delete;
    ~ResultWriter();

    [[nodiscard]] OutputMode mode() const { return mode_; }
    [[nodiscard]] bool wants_text() const { return mode_ == OutputMode::text; }
    /// True when row() and put() lead anywhere.
    [[nodiscard]] bool wants_json() const { return mode_ == OutputMode::json || mode_ == OutputMode::json_lines; }
    /// True when nobody reads any more; long listings stop.
    [[nodiscard]] bool reader_gone() const { return sink_.reader_gone(); }

    /// Text for people; passed over in the other modes.
    void text(std::string_view text);

    /// Starts the result of one source. Results without a source (explain, formats) pass null.
    void begin(const SourceInfo *source);
    /// A list of the payload; it is there even when no row follows. `record` names a row under json-lines.
    void list(std::string_view key, std::string_view record);
    /// One row of a list that was announced by list().
    void row(std::string_view key, const Json &row);
    /// A value of the payload.
    void put(std::string_view key, const Json &value);
    void put_bool(std::string_view key, bool value);
    void put_number(std::string_view key, std::uint64_t value);
    void put_text(std::string_view key, std::string_view value);
    void put_null(std::string_view key);
    void put_texts(std::string_view key, std::span<const std::string> values);
    /// The result is complete.
    void end();

    /// A source (or the whole command) failed: what it has produced so far is dropped where that is possible.
    void fail(const Error &error);

    /// Says that the text is a document in which failures have their place: it is complete also when the command fails.
    void mark_document() { document_ = true; }
    /// True where the output is worth keeping although the command failed.
    [[nodiscard]] bool holds_failures() const { return wants_json() || document_; }

    /// Frames and sends what is left.
    void finish(int exit_status);

private:
    struct Payload;
    void write_line(std::string_view record, const Json &fields);

    ByteSink &sink_;
    OutputMode mode_;
    bool document_ = false;
    std::string command_;
    std::string version_;
    std::unique_ptr<Payload> current_;
    std::vector<std::string> results_;
    std::vector<std::string> errors_;
};

}  // namespace pgregion::report
