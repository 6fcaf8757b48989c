// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/comparing.h"
#include "inference/evidence/mentions.h"

namespace evidence {

namespace {

/// A visit tells what was so on its day.
bool isVisit(const EvidenceItem& item)
{
    return item.kind == Kind::Fact && item.topic == Topic::Encounter;
}

/// What the cited items make of one thing.
struct Told {
    bool anywhere = false;
    bool now = false;     // somewhere neither as past nor in an entry that is over
    bool visited = false; // as the reason of a visit
    bool real = false;    // somewhere as a fact
};

Told toldOf(const Thing& thing, const Items& cited)
{
    Told told;
    for (const ReadItem* item : cited) {
        const bool over = isOver(*item->item);
        const bool visit = isVisit(*item->item);
        for (const Place* place : placesOf(thing, *item)) {
            told.anywhere = true;
            told.real = told.real || !place->unreal;
            told.now = told.now || (!place->past && !over && !visit);
            told.visited = told.visited || (!place->past && visit);
        }
    }
    return told;
}

} // namespace

void compareTimes(Comparing& comparing)
{
    const Reading& claim = comparing.m_claim;
    for (const Thing& thing : thingsOf(claim)) {
        const Told told = toldOf(thing, comparing.m_cited);
        if (!told.anywhere)
            continue;
        if (!told.real && !thing.place->unreal)
            comparing.doubt(Reason::Unreal, thing.shown, true);
        const bool denied = thing.place->negated; // what is over is not so
        if (claim.now && !told.now && !denied && !thing.place->unreal)
            comparing.doubt(Reason::Past, thing.shown, !told.visited, !told.visited);
    }
}

} // namespace evidence
