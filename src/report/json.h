// SPDX-License-Identifier: GPL-2.0-or-later
//
// One JSON value, of nlohmann-json behind a wall: that library's header costs more to compile than any report, so
// json.cpp alone includes it. Members keep the order in which they were set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace pgregion::report
{

class Json
{
public:
    struct Member;

    /// Null.
    Json();
    // What a value is made from converts by itself: rows are written as lists of {"key", value}.
    // NOLINTBEGIN(google-explicit-constructor)
    Json(std::nullptr_t);
    /// True, false or a number; a pointer is none of these.
    template <class Value, class = std::enable_if_t<std::is_integral_v<Value>>>
    Json(Value value) : Json(make_scalar(static_cast<Widest<Value>>(value)))
    {
    }
    Json(const char *text);
    Json(std::string_view text);
    Json(std::string text);
    /// A list of texts.
    Json(const std::vector<std::string> &texts);
    /// An object: Json{{"first", 1}, {"last", 7}}.
    Json(std::initializer_list<Member> members);
    // NOLINTEND(google-explicit-constructor)
    Json(const Json &other);
    Json(Json &&other) noexcept;
    Json &operator=(const Json &other);
    Json &operator=(Json &&other) noexcept;
    ~Json();

    /// {}
    [[nodiscard]] static Json object();
    /// []
    [[nodiscard]] static Json array();
    /// [element]
    [[nodiscard]] static Json array_of(Json element);

    /// Sets one member of an object; null becomes an object.
    void set(std::string_view key, Json member);
    /// Sets every member of another object.
    void update(const Json &object);
    /// Takes a member out of an object; one that is not there is no mistake.
    void erase(std::string_view key);
    /// Adds a value to an array; null becomes an array.
    void push_back(Json element);

    /// The value as text in one line. Bytes that are not UTF-8 are replaced, never thrown at: paths may be any bytes.
    [[nodiscard]] std::string text() const;
    /// The same over several lines, each step indented by two columns.
    [[nodiscard]] std::string indented_text() const;

private:
    struct Held;
    template <class Value>
    using Widest = std::conditional_t<std::is_same_v<Value, bool>, bool,
                                      std::conditional_t<std::is_signed_v<Value>, std::int64_t, std::uint64_t>>;

    [[nodiscard]] static Json make_scalar(bool value);
    [[nodiscard]] static Json make_scalar(std::uint64_t value);
    [[nodiscard]] static Json make_scalar(std::int64_t value);
    [[nodiscard]] Held &held();

    std::unique_ptr<Held> held_;  ///< none: null
};

/// "key": value
struct Json::Member {
    std::string_view key;
    mutable Json value;  ///< moved out of the list that holds it: elements of an initializer_list are const
};

}  // namespace pgregion::report
