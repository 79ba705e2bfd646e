// SPDX-License-Identifier: GPL-2.0-or-later
//
// The arguments and options of a command as a table of rows: what they are called, what they take, where the value
// goes. The parser, the help, the completions and the tests of the manual read the rows; commands write them and see
// no library.
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pgregion::cli
{

/// Where the values of a row go. bool: true when it was given; int: how often it was given; a number, a text: its only
/// value; a list: one value each time it is given, or for an argument all words of that place.
using OptionTarget = std::variant<bool *, int *, std::uint64_t *, std::optional<std::uint64_t> *, std::string *,
                                  std::vector<std::string> *>;

/// Names of the groups, as help prints them. The first is a command's own.
inline constexpr std::string_view kOwnGroup = "Options";
inline constexpr std::string_view kGlobalGroup = "Global options";
inline constexpr std::string_view kSourceGroup = "Source";
inline constexpr std::string_view kDecodingGroup = "Decoding context";
inline constexpr std::string_view kUndoGroup = "Undo";

struct OptionRow {
    std::vector<std::string> names;  ///< "-o", "--output", short ones first; of an argument its one name, "SOURCE"
    std::string description;
    OptionTarget target;
    std::string_view group = kOwnGroup;
    std::string value_name;             ///< "FILE"; empty where nothing is taken
    std::vector<std::string> words;     ///< the only values that are taken; empty: any
    std::vector<std::string> excluded;  ///< long names of options that do not go with it
    std::uint64_t least = 0;            ///< of a number
    std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    bool is_argument = false;
    bool required = false;

    /// True when it may be given more than once, or an argument takes several words.
    [[nodiscard]] bool is_list() const { return std::holds_alternative<std::vector<std::string> *>(target); }
    /// True when a value stands behind it.
    [[nodiscard]] bool takes_value() const
    {
        return !std::holds_alternative<bool *>(target) && !std::holds_alternative<int *>(target);
    }
    /// The longest name: what messages call it.
    [[nodiscard]] const std::string &name() const { return names.back(); }

    OptionRow &one_of(std::vector<std::string> accepted)
    {
        words = std::move(accepted);
        return *this;
    }
    OptionRow &between(std::uint64_t first, std::uint64_t last)
    {
        least = first;
        most = last;
        return *this;
    }
    OptionRow &excludes(std::initializer_list<const char *> options)
    {
        excluded.assign(options.begin(), options.end());
        return *this;
    }
    OptionRow &must_be_given()
    {
        required = true;
        return *this;
    }
    /// An argument that may be left out.
    OptionRow &may_be_left_out()
    {
        required = false;
        return *this;
    }
};

/// Rows keep their place in memory. Targets must live as long as values are stored through them.
class OptionTable
{
public:
    /// One word, or for a list one or more; it must be given.
    OptionRow &argument(std::string name, OptionTarget target, std::string description);
    /// "-n,--plan": without a value. `target` is a bool or an int.
    OptionRow &flag(std::string_view names, OptionTarget target, std::string description);
    /// "-o,--output", with a value called `value_name`.
    OptionRow &option(std::string_view names, std::string value_name, OptionTarget target, std::string description);

    /// Rows that follow belong to this group.
    void begin_group(std::string_view group) { group_ = group; }

    [[nodiscard]] const std::deque<OptionRow> &rows() const { return rows_; }
    /// By any of its names; null when there is none.
    [[nodiscard]] const OptionRow *find(std::string_view name) const;

private:
    std::deque<OptionRow> rows_;
    std::string_view group_ = kOwnGroup;
};

/// Stores what was given for a row: `values` in order, or how often a flag was given. Throws usage "bad-value" for a
/// word that is not taken (the nearest are named) and "bad-number"; precondition: as many values as the row takes.
void store_values(const OptionRow &row, const std::vector<std::string> &values, std::size_t times);

}  // namespace pgregion::cli
