// SPDX-License-Identifier: GPL-2.0-or-later
//
// The proof that what a root leads to lies in preserved pages: whoever walks below the root shows it each page.
#pragma once

#include "handover/preserved_set.h"

#include <pgregion/walk.h>

#include <map>
#include <set>

namespace pgregion::handover
{

/// What all proofs of one hand-over share.
struct ProofContext {
    const MemorySource &memory;
    Handover &handover;
    PreservedSet &preserved;
    WalkBudget budget;
};

/// The proof of one root. Nothing is written to the root before finish().
class Proof
{
public:
    Proof(ProofContext &context, const HandoverRoot &root) : context_(context), root_(root) {}

    /// The pages of a table that was reached.
    void table(PhysAddr first, std::uint64_t bytes);
    /// A table that the source does not hold: it may be lost, and what is below it cannot be told.
    void missing(PhysAddr table);
    /// Something is malformed; that alone does not lose a table.
    void malformed() { ++malformed_; }
    /// There is more than the work allowed.
    void cut_short();
    void leaves(std::uint64_t count) { leaves_ += count; }
    void translation() { ++translations_; }

    /// Walks page tables.
    void walk(WalkRequest request);

    void finish(HandoverRoot &root);
    [[nodiscard]] ProofContext &context() { return context_; }

private:
    [[nodiscard]] Kept look(PhysAddr page) const;

    ProofContext &context_;
    const HandoverRoot &root_;
    std::optional<PhysAddr> first_lost_;
    std::uint64_t lost_ = 0;
    std::uint64_t tables_ = 0;
    std::uint64_t leaves_ = 0;
    std::uint64_t translations_ = 0;
    std::uint64_t malformed_ = 0;
    bool doubt_ = false;
};

/// By the id that a directory knows it by, the tables that the record of a device leads to.
using ExpectedTables = std::map<std::uint32_t, PhysAddr>;

/// What a directory says about the tables of domains, by where they begin.
using StagesByRoot = std::map<PhysAddr, Stage>;

/// Sets the mode of the directory that fits the devices best, and proves it. Stages of `expected` tables that it finds
/// go into `stages`.
void prove_directory(ProofContext &context, HandoverRoot &root, const ExpectedTables &expected, StagesByRoot &stages);

}  // namespace pgregion::handover
