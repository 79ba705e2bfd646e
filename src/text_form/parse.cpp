// SPDX-License-Identifier: GPL-2.0-or-later
#include "text_form/image.h"
#include "text_form/parse_block.h"
#include "text_form/parse_entry.h"

#include <fmt/core.h>

namespace pgregion
{

namespace
{

using namespace text_form;

class Parser
{
public:
    explicit Parser(std::string_view text) : reader_(text) {}

    std::vector<std::byte> parse()
    {
        parse_header();
        while (reader_.next(line_))
            parse_line();
        return std::move(image_).take();
    }

private:
    void parse_header()
    {
        const bool any = reader_.next(line_);
        const Token word = any ? line_.next() : reader_.end();
        if (word.text != kHeader)
            fail(word, fmt::format("{} {}", kHeader, kVersion), "every text starts with this line");
        const Token version = line_.next();
        if (number_of(version.text) != kVersion)
            fail(version, fmt::format("version {}", kVersion),
                 fmt::format("this pgregion reads version {} of the text form only", kVersion));
        line_.end();
    }

    /// Lines that start with a digit belong to the block above, all others are statements.
    void parse_line()
    {
        Line ahead = line_;
        const Token word = ahead.next();
        const bool digit = word.text.front() >= '0' && word.text.front() <= '9';
        if (digit && start_) {
            if (start_->block)
                parse_entry(line_, *start_->block, base_, image_);
            else
                parse_bytes(line_, start_->page, image_);
            return;
        }
        line_ = ahead;
        if (word.text == "page")
            parse_page();
        else if (word.text == "bitmap")
            parse_bitmap(word);
        else if (word.text == "paddr")
            parse_paddr(word);
        else
            fail(word, start_ ? "an entry, page, or bitmap" : "paddr, bitmap or page");
    }

    void parse_page()
    {
        start_ = parse_block_start(line_);
        pages_begun_ = true;
    }

    void parse_bitmap(const Token &word)
    {
        start_.reset();
        Token token = line_.next();
        if (none_ || (bitmap_begun_ && token.text == "none"))
            fail(none_ ? word : token, none_ ? "no further bitmap after `bitmap none`" : "page numbers");
        if (token.text == "none") {
            none_ = true;
            line_.end();
            return;
        }
        bitmap_begun_ = true;
        do {
            image_.allocate(span_of(token, "a page", kRegionPages - 1), token);
            token = line_.next();
        } while (!token.text.empty());
    }

    void parse_paddr(const Token &word)
    {
        if (base_ || pages_begun_)
            fail(word, "paddr once, and before the first page");
        const Token value = line_.next();
        const std::optional<std::uint64_t> address = number_of(value.text);
        if (!address || *address % kPageBytes != 0)
            fail(value, "an address that is a multiple of 4096");
        base_ = PhysAddr(*address);
        line_.end();
    }

    Reader reader_;
    Line line_;
    Image image_;
    std::optional<PhysAddr> base_;
    std::optional<BlockStart> start_;
    bool pages_begun_ = false;
    bool bitmap_begun_ = false;
    bool none_ = false;
};

}  // namespace

std::vector<std::byte> parse_text_form(std::string_view text) { return Parser(text).parse(); }

}  // namespace pgregion
