// SPDX-License-Identifier: Apache-2.0
#include "inference/evidence/passages.h"

#include "inference/evidence/prose.h"
#include "inference/evidence/words.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

namespace evidence {

namespace {

/// Passages of this size are read by a model at a glance; longer sentences stay whole.
constexpr std::uint64_t kPassageBytes = 380;

struct Counted {
    Passage passage;
    std::vector<std::uint16_t> hits; // by term; empty: none
    std::size_t words = 0;
};

std::vector<Counted> countPassages(const records::Chart& chart, const TermMatcher& matcher,
                                   std::size_t terms)
{
    std::vector<Counted> found;
    for (std::size_t i = 0; i < chart.documents.size(); ++i) {
        const std::string_view text = chart.documents[i].text;
        const std::size_t first = found.size();
        for (const TextSpan& piece : piecesOf(text)) {
            const bool joins =
                found.size() > first && piece.end - found.back().passage.begin <= kPassageBytes;
            if (!joins)
                found.push_back({{.document = i, .begin = piece.begin, .end = piece.end}, {}, 0});
            Counted& current = found.back();
            current.passage.end = piece.end;
            const std::vector<Word> words =
                wordsOf(text.substr(piece.begin, piece.end - piece.begin));
            current.words += words.size();
            matcher.visit(words, [&](std::size_t term) {
                current.hits.resize(terms);
                ++current.hits[term];
            });
        }
    }
    return found;
}

double score(const Counted& passage, const std::vector<double>& rarity, double meanWords)
{
    constexpr double kSaturation = 1.2;
    constexpr double kLengthShare = 0.75;
    const double length =
        1 - kLengthShare +
        kLengthShare * static_cast<double>(passage.words) / std::max(1.0, meanWords);
    double sum = 0;
    for (std::size_t i = 0; i < passage.hits.size(); ++i) {
        const double hits = passage.hits[i];
        sum += rarity[i] * hits * (kSaturation + 1) / (hits + kSaturation * length);
    }
    return sum;
}

} // namespace

std::vector<Passage> searchDocuments(const records::Chart& chart, const std::vector<Term>& terms,
                                     std::size_t limit)
{
    std::vector<Counted> counted = countPassages(chart, TermMatcher(terms), terms.size());
    std::vector<double> rarity(terms.size(), 0);
    double words = 0;
    for (const Counted& passage : counted) {
        words += static_cast<double>(passage.words);
        for (std::size_t i = 0; i < passage.hits.size(); ++i)
            rarity[i] += passage.hits[i] > 0 ? 1 : 0;
    }
    const auto total = static_cast<double>(counted.size());
    for (double& share : rarity)
        share = std::log(1 + (total - share + 0.5) / (share + 0.5));
    std::vector<Passage> found;
    for (Counted& passage : counted) {
        if (passage.hits.empty())
            continue;
        passage.passage.score = score(passage, rarity, total > 0 ? words / total : 1);
        found.push_back(passage.passage);
    }
    std::ranges::stable_sort(found, std::ranges::greater(), &Passage::score);
    // Notes are carried forward: copies must not crowd out the rest.
    std::unordered_set<std::string_view> texts;
    std::erase_if(found, [&](const Passage& passage) {
        const std::string_view text = chart.documents[passage.document].text;
        return !texts.insert(text.substr(passage.begin, passage.end - passage.begin)).second;
    });
    if (found.size() > limit)
        found.resize(limit);
    return found;
}

double heldWeight(const records::Chart& chart, const Passage& passage,
                  const std::vector<Term>& terms)
{
    const std::string_view text = chart.documents[passage.document].text;
    std::vector<bool> held(terms.size(), false);
    TermMatcher(terms).visit(wordsOf(text.substr(passage.begin, passage.end - passage.begin)),
                             [&](std::size_t term) { held[term] = true; });
    double weight = 0;
    for (std::size_t i = 0; i < terms.size(); ++i)
        weight += held[i] ? terms[i].weight : 0;
    return weight;
}

Passage narrowed(const records::Chart& chart, const Passage& passage,
                 const std::vector<Term>& terms, std::size_t bytes)
{
    const std::string_view text = chart.documents[passage.document].text;
    std::vector<TextSpan> pieces =
        piecesOf(text.substr(passage.begin, passage.end - passage.begin));
    for (TextSpan& piece : pieces) {
        piece.begin += passage.begin;
        piece.end += passage.begin;
    }
    Passage best = passage;
    double bestWeight = -1;
    for (std::size_t first = 0; first < pieces.size(); ++first) {
        Passage window = passage;
        window.begin = pieces[first].begin;
        window.end = pieces[first].end;
        for (std::size_t next = first + 1;
             next < pieces.size() && pieces[next].end - window.begin <= bytes; ++next)
            window.end = pieces[next].end;
        const double weight = heldWeight(chart, window, terms);
        if (weight > bestWeight) {
            bestWeight = weight;
            best = window;
        }
    }
    return best;
}

} // namespace evidence
