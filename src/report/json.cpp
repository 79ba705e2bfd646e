// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/json.h"

#include <utility>

#include <nlohmann/json.hpp>

namespace pgregion::report
{

namespace
{

using Library = nlohmann::ordered_json;

std::string dump(const Library &json, int indent)
{
    return json.dump(indent, ' ', false, Library::error_handler_t::replace);
}

}  // namespace

struct Json::Held {
    Library json;

    /// What a value that is given away leaves to the one that takes it.
    static Library taken(Json &json) { return json.held_ ? std::move(json.held_->json) : Library(); }
};

Json::Json() = default;
Json::Json(std::nullptr_t) {}
Json::Json(const char *text) : held_(new Held{text}) {}
Json::Json(std::string_view text) : held_(new Held{text}) {}
Json::Json(std::string text) : held_(new Held{std::move(text)}) {}
Json::Json(const std::vector<std::string> &texts) : held_(new Held{texts}) {}

Json::Json(std::initializer_list<Member> members) : Json(object())
{
    for (const Member &member : members)
        set(member.key, std::move(member.value));
}

Json::Json(const Json &other) : held_(other.held_ ? new Held(*other.held_) : nullptr) {}
Json::Json(Json &&other) noexcept = default;
Json &Json::operator=(Json &&other) noexcept = default;
Json::~Json() = default;

Json &Json::operator=(const Json &other)
{
    *this = Json(other);
    return *this;
}

Json Json::object()
{
    Json json;
    json.held().json = Library::object();
    return json;
}

Json Json::array()
{
    Json json;
    json.held().json = Library::array();
    return json;
}

Json Json::array_of(Json element)
{
    Json json;
    json.push_back(std::move(element));
    return json;
}

void Json::set(std::string_view key, Json member) { held().json[std::string(key)] = Held::taken(member); }

void Json::update(const Json &object)
{
    if (object.held_)
        held().json.update(object.held_->json);
}

void Json::erase(std::string_view key)
{
    if (held_)
        held_->json.erase(std::string(key));
}

void Json::push_back(Json element) { held().json.push_back(Held::taken(element)); }

std::string Json::text() const { return held_ ? dump(held_->json, -1) : "null"; }

std::string Json::indented_text() const { return held_ ? dump(held_->json, 2) : "null"; }

Json Json::make_scalar(bool value)
{
    Json json;
    json.held().json = value;
    return json;
}

Json Json::make_scalar(std::uint64_t value)
{
    Json json;
    json.held().json = value;
    return json;
}

Json Json::make_scalar(std::int64_t value)
{
    Json json;
    json.held().json = value;
    return json;
}

Json::Held &Json::held()
{
    if (!held_)
        held_ = std::make_unique<Held>();
    return *held_;
}

}  // namespace pgregion::report
