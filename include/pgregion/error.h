// SPDX-License-Identifier: GPL-2.0-or-later
//
// Failures. What is wrong *in an image* is data (a finding, a problem); what keeps the tool from doing its
// work is an exception of this type, caught once in main.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace pgregion
{

/// How a failure ends the command; the values are the bits of the exit status (cli.md section 4).
enum class Failure {
    refused = 4,      ///< the answer is no: nothing was changed
    operational = 8,  ///< cannot open, read, write, lock; region full
    usage = 16,       ///< the command line is wrong
    cancelled = 32,
};

/// What a failure is about, where a caller does something else for it than for others; codes are for scripts alone.
enum class ErrorClass {
    other,
    output,            ///< what the command produces cannot be written
    undecided,         ///< the tables do not say what they are, and nobody else did
    unknown_version,   ///< a record of a version that is not known
    unusable_journal,  ///< not a journal, or one that cannot serve this source
};

/// A failure with what an operator needs at once: a stable code for scripts, where it happened, what and why,
/// and what to run next.
class Error : public std::runtime_error
{
public:
    /// `code` is a kebab-case word that never changes meaning ("region-full"); `message` says what is wrong and
    /// why it matters; `hint` names the next step and may be empty.
    Error(Failure failure, std::string code, const std::string &message, std::string hint = {})
        : std::runtime_error(message), failure_(failure), code_(std::move(code)), hint_(std::move(hint))
    {
    }

    [[nodiscard]] Failure failure() const { return failure_; }
    [[nodiscard]] const std::string &code() const { return code_; }
    [[nodiscard]] const std::string &hint() const { return hint_; }
    /// The source (path) it concerns; empty until a floor that knows it has filled it in.
    [[nodiscard]] const std::string &source() const { return source_; }

    [[nodiscard]] bool is(ErrorClass wanted) const { return class_ == wanted; }
    /// Says what it is about; returns *this.
    Error &as(ErrorClass about)
    {
        class_ = about;
        return *this;
    }

    /// Puts another next step in the place of the hint; returns *this.
    Error &advise(std::string hint)
    {
        hint_ = std::move(hint);
        return *this;
    }

    /// Names the source unless one is named already; returns *this so that a handler can rethrow.
    Error &at(const std::string &source)
    {
        if (source_.empty())
            source_ = source;
        return *this;
    }

private:
    Failure failure_;
    ErrorClass class_ = ErrorClass::other;
    std::string code_;
    std::string hint_;
    std::string source_;
};

}  // namespace pgregion
