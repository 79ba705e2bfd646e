// SPDX-License-Identifier: GPL-2.0-or-later
//
// pgregion bitmap: which pages are allocated, in the form that the reader wants.
#include "cli/opening/source.h"
#include "cli/session/session.h"
#include "report/region_report.h"

namespace pgregion::cli
{

namespace
{

using report::BitmapForm;

class ShowBitmap final : public Command
{
public:
    void declare(OptionTable &table) override
    {
        table.argument("SOURCE", &sources_, "regions");
        table.option("--as", "FORM", &as_, "form: grid (default), ranges, list, hex (words) or binary (page 0 first)")
            .one_of({"grid", "ranges", "list", "hex", "binary"});
    }

    int run(Session &session) override
    {
        return session.for_each_source(sources_, [&](const std::string &source) { return show(session, source); });
    }

private:
    int show(Session &session, const std::string &argument) const
    {
        const OpenedSource source = session.open(argument, OpenMode::read_only);
        const Bitmap bitmap = Bitmap::read(source.region(RegionNeeds::bitmap));
        source.source().ensure_intact();
        const SourceInfo info = source.info();
        report::ResultWriter &results = session.results();
        results.begin(&info);
        if (sources_.size() > 1)
            results.text(printable(info.path) + ":\n");
        report::write_bitmap(results, bitmap, form(), session.palette());
        results.end();
        return kClean;
    }

    [[nodiscard]] BitmapForm form() const
    {
        if (as_ == "ranges")
            return BitmapForm::ranges;
        if (as_ == "list")
            return BitmapForm::list;
        if (as_ == "hex")
            return BitmapForm::hex;
        return as_ == "binary" ? BitmapForm::binary : BitmapForm::grid;
    }

    std::vector<std::string> sources_;
    std::string as_ = "grid";
};

}  // namespace

extern const CommandRow bitmap_row{"bitmap", "which pages are allocated", Section::region, Needs::source,
                                   make_command<ShowBitmap>};

}  // namespace pgregion::cli
