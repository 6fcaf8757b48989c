// SPDX-License-Identifier: Apache-2.0
#include "inference/kernels/tier.h"
#include "tests/inference/kernels/made_weights.h"

#include <QTest>
#include <array>
#include <cmath>

namespace {

/// Keys and values of one head, in the cache's layout and as plain numbers.
struct Head {
    std::size_t length; // d
    std::size_t stride;
    std::size_t positions;
    std::vector<float> keys;   // [positions][d]
    std::vector<float> values; // [positions][d]
    std::vector<float> keyStrips;
    std::vector<float> valueRows;
    std::vector<std::uint16_t> keyStripsHalf;
    std::vector<std::uint16_t> valueRowsHalf;
};

Head makeHead(std::size_t length, std::size_t positions)
{
    Head head{length,
              (length + 15) / 16 * 16,
              positions,
              made::floats(positions * length, 1),
              made::floats(positions * length, 2),
              {},
              {},
              {},
              {}};
    // Values that half precision holds exactly, so that both forms have one reference.
    for (std::vector<float>* all : {&head.keys, &head.values}) {
        for (float& value : *all)
            value = kernels::floatFromHalf(kernels::halfFromFloat(value));
    }
    const std::size_t whole = (positions + 15) / 16 * 16;
    // What lies behind the last position is not to be seen: a large number would show.
    head.keyStrips.assign(whole * length, 1e4F);
    head.valueRows.assign(whole * head.stride, 0.0F);
    for (std::size_t p = 0; p < positions; ++p) {
        for (std::size_t d = 0; d < length; ++d) {
            head.keyStrips[(p / 16 * length + d) * 16 + p % 16] = head.keys[p * length + d];
            head.valueRows[p * head.stride + d] = head.values[p * length + d];
        }
    }
    for (const float value : head.keyStrips)
        head.keyStripsHalf.push_back(kernels::halfFromFloat(value));
    for (const float value : head.valueRows)
        head.valueRowsHalf.push_back(kernels::halfFromFloat(value));
    return head;
}

/// softmax(q K^T) V over positions begin..visible, in double.
std::vector<double> reference(const Head& head, const float* query, std::size_t begin,
                              std::size_t visible)
{
    std::vector<double> weights;
    double most = -INFINITY;
    for (std::size_t p = begin; p < visible; ++p) {
        double score = 0;
        for (std::size_t d = 0; d < head.length; ++d)
            score += double{query[d]} * head.keys[p * head.length + d];
        weights.push_back(score);
        most = std::max(most, score);
    }
    double total = 0;
    for (double& weight : weights)
        total += weight = std::exp(weight - most);
    std::vector<double> out(head.length);
    for (std::size_t p = begin; p < visible; ++p) {
        for (std::size_t d = 0; d < head.length; ++d)
            out[d] += weights[p - begin] / total * head.values[p * head.length + d];
    }
    return out;
}

} // namespace

class TestAttention : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void matchesThePlainSum_data()
    {
        QTest::addColumn<int>("tier");
        QTest::addColumn<bool>("half");
        QTest::addColumn<int>("length");
        for (const kernels::Tier tier : kernels::availableTiers()) {
            for (const int length : {8, 16, 40, 128}) {
                for (const bool half : {false, true}) {
                    QTest::addRow("%s %d %s", kernels::nameOf(tier).data(), length,
                                  half ? "half" : "single")
                        << static_cast<int>(tier) << half << length;
                }
            }
        }
    }

    void matchesThePlainSum()
    {
        QFETCH(int, tier);
        QFETCH(bool, half);
        QFETCH(int, length);
        const Head head = makeHead(static_cast<std::size_t>(length), 203);
        for (std::size_t rows = 1; rows <= kernels::kAttentionRows; ++rows) {
            compare(head, static_cast<kernels::Tier>(tier), half, rows, 0);
            compare(head, static_cast<kernels::Tier>(tier), half, rows, 128);
        }
    }

private:
    static void compare(const Head& head, kernels::Tier tier, bool half, std::size_t rows,
                        std::size_t begin)
    {
        const auto queries = made::floats(rows * head.length, 9, 0.3F);
        std::array<const float*, kernels::kAttentionRows> pointers{};
        std::array<std::uint32_t, kernels::kAttentionRows> visible{};
        for (std::size_t r = 0; r < rows; ++r) {
            pointers[r] = queries.data() + r * head.length;
            // From one position on, across the edge of a block; the last row sees all of them.
            visible[r] =
                static_cast<std::uint32_t>(r + 1 == rows ? head.positions : begin + 1 + r * 9);
        }
        std::vector<float> out(rows * head.stride, NAN);
        std::array<float, kernels::kAttentionRows> maxima{};
        std::array<float, kernels::kAttentionRows> weights{};
        kernels::AttentionTask task;
        task.queries = pointers.data();
        task.visible = visible.data();
        task.rows = rows;
        task.keys = half ? static_cast<const void*>(head.keyStripsHalf.data())
                         : static_cast<const void*>(head.keyStrips.data());
        task.values = half ? static_cast<const void*>(head.valueRowsHalf.data())
                           : static_cast<const void*>(head.valueRows.data());
        task.headLength = head.length;
        task.valueStride = head.stride;
        task.begin = begin;
        task.end = head.positions;
        task.out = out.data();
        task.maxima = maxima.data();
        task.weights = weights.data();
        const kernels::KernelTable& kernels = kernels::kernelsOf(tier);
        (half ? kernels.attendHalf : kernels.attendSingle)(task);
        for (std::size_t r = 0; r < rows; ++r) {
            const auto want = reference(head, pointers[r], begin, visible[r]);
            for (std::size_t d = 0; d < head.length; ++d)
                QVERIFY(std::abs(out[r * head.stride + d] / weights[r] - want[d]) < 1e-5);
        }
    }
};

QTEST_GUILESS_MAIN(TestAttention)
#include "tst_attention.moc"
